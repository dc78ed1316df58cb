package import OgiveCore

extension MemoryDatabase {
    /// The secret of the workers' leases, the same in every test.
    package static let leaseKey: LeaseKey = {
        guard let key = LeaseKey(bytes: Array(1...UInt8(LeaseKey.byteCount))) else {
            preconditionFailure("a key has so many bytes")
        }
        return key
    }()

    /// Raises the term, of these runs alone or, with `nil`, of all.
    package mutating func lead(_ runs: Set<RunID>? = nil) -> Term {
        term = Term(term.rawValue + 1)
        for run in runs ?? [] { terms[run] = term }
        return term
    }

    /// The runs that are not finished, in order of id.
    package func openRuns() -> [RunDescription] {
        runs.values.filter { $0.state == .open }.map { run in
            var description = run.description
            description.spent = run.spent
            return description
        }.sorted { $0.id < $1.id }
    }

    /// Pending items of a run, from prompts after `cursor`. Where it may, it leaves out as many
    /// prompts as it can, pending ones among them.
    package func pendingPage(
        of run: RunDescription, after cursor: PromptID?, limit: PageLimit
    ) -> PendingPage {
        var page = PendingPage(prompts: [], next: nil)
        var count = 0
        var cursor = cursor
        if limit.skipsDone, cursor == nil {
            cursor =
                prompts[run.spec.scoring.sampling.promptSet]?.last {
                    pendingItems(of: $0, run).isEmpty
                }?.prompt.id
        }
        let isFirst =
            run.spec.candidatesFirst && !limit.onlyBegun
            && missing(of: run.id).contains { !$0.isDraw }
        for stored in prompts[run.spec.scoring.sampling.promptSet] ?? [] {
            if let cursor, stored.prompt.id <= cursor { continue }
            if page.prompts.count >= limit.prompts || count >= limit.items {
                page.next = page.prompts.last?.prompt.id
                return page
            }
            var items = pendingItems(of: stored, run)
            if isFirst { items.removeAll { $0.name.kind == .draw } }
            guard !items.isEmpty, !limit.onlyBegun || isBegun(stored.prompt.id, run) else {
                continue
            }
            count += items.count
            page.prompts.append(PendingPrompt(prompt: stored.prompt, items: items))
        }
        return page
    }

    /// Whether some of a prompt's draws have an outcome and others have none, unless the first ones
    /// have, as many as were asked for. One with a target of its own had all that was asked for
    /// before.
    private func isBegun(_ prompt: PromptID, _ run: RunDescription) -> Bool {
        guard runs[run.id]?.targets[prompt] == nil else { return false }
        let resolved = (0..<run.spec.firstDraws).filter {
            isResolved(ItemKey(prompt, .draw(Int32($0))), of: run)
        }
        guard let last = resolved.last, resolved.count < run.spec.firstDraws else { return false }
        let askedFor = runs.values.filter { $0.description.scoring == run.scoring }.flatMap {
            $0.formerDraws + [$0.description.spec.firstDraws]
        }
        return last >= resolved.count || !askedFor.contains(resolved.count)
    }

    private func pendingItems(of stored: StoredPrompt, _ run: RunDescription) -> [WorkItem] {
        let id = stored.prompt.id
        let draws = (0..<target(of: id, run)).map { index in
            let name = ItemName.draw(Int32(index))
            return WorkItem(
                name: name, text: completions[run.sampling]?[ItemKey(id, name)]?.text)
        }
        let candidates = [ItemName.Kind.candidate, .candidateLogProbability].flatMap { kind in
            stored.candidates.enumerated().map { index, text in
                WorkItem(name: ItemName(kind, Int32(index)), text: text)
            }
        }
        return (draws + candidates).filter {
            run.spec.asksFor($0.name.kind) && !isResolved(ItemKey(id, $0.name), of: run)
                && (!$0.needsSampling || run.spec.samples || isOff(.storedTexts))
        }
    }

    /// Commits a batch.
    package mutating func land(
        _ batch: LandingBatch, term: Term
    ) throws(StoreError) -> LandingReceipt {
        try check(term, of: batch.groups.map(\.run))
        var receipt = LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 0)
        for group in batch.groups {
            guard let run = runs[group.run]?.description else { continue }
            for item in group.items {
                let key = ItemKey(group.prompt, item.name)
                if item.name.kind == .candidateLogProbability {
                    landLogProbability(item, key, run, &receipt)
                } else {
                    land(item, key, run, &receipt)
                }
            }
            if isOff(.resolvedPrefix) { raiseTargets(of: group.run) }
            if run.spec.budget != nil { receipt.spent[group.run] = spent(by: group.run) }
        }
        return receipt
    }

    private mutating func landLogProbability(
        _ item: ItemResult, _ key: ItemKey, _ run: RunDescription, _ receipt: inout LandingReceipt
    ) {
        let table = candidateTables[run.sampling]
        let (value, failure) = (table?.logProbabilities[key], table?.failures[key])
        guard value == nil || isOff(.once), failure == nil || isOff(.firstOutcome) else {
            receipt.duplicates += 1
            if let value, let second = item.logProbability, second != value {
                conflicts.append(key)
            }
            return
        }
        if let value = item.logProbability {
            candidateTables[run.sampling, default: ScoringTable()].logProbabilities[key] = value
            candidateTables[run.sampling]?.failures[key] = nil
            receipt.logProbabilities += 1
        } else if let failure = item.failure {
            candidateTables[run.sampling, default: ScoringTable()].failures[key] = failure
            receipt.failures += 1
        }
        if let spent = runs[run.id]?.spent.policy {
            runs[run.id]?.spent.policy = spent + (item.policyTokens ?? TokenCount())
        }
    }

    /// The first outcome of an item resolves it, a failure as much as a reward; of what comes for
    /// a resolved item nothing is kept, its text neither.
    private mutating func land(
        _ item: ItemResult, _ key: ItemKey, _ run: RunDescription, _ receipt: inout LandingReceipt
    ) {
        let reward = tables[run.scoring]?.rewards[key]
        let failure = tables[run.scoring]?.failures[key]
        guard reward == nil || isOff(.once), failure == nil || isOff(.firstOutcome) else {
            receipt.duplicates += 1
            if let reward, let second = item.reward, second != reward { conflicts.append(key) }
            return
        }
        let stored = completions[run.sampling]?[key]
        if let completion = item.completion {
            if let stored, stored.text != completion.text, !isOff(.once) {
                // A reward belongs to a text: that of a dropped one is dropped too.
                conflicts.append(key)
                receipt.duplicates += 1
                return
            }
            if stored == nil || isOff(.once) {
                completions[run.sampling, default: [:]][key] = completion
                receipt.completions += 1
                runs[run.id]?.spent.policy.input += completion.promptTokenCount ?? 0
                runs[run.id]?.spent.policy.output += completion.tokenCount ?? 0
            }
        }
        let hasText = key.name.kind == .candidate || stored != nil || item.completion != nil
        if let reward = item.reward, hasText {
            tables[run.scoring, default: ScoringTable()].rewards[key] = reward
            tables[run.scoring]?.failures[key] = nil
            receipt.rewards += 1
            if let run = runs[run.id] {
                runs[run.description.id]?.spent.scorer =
                    run.spent.scorer + (item.scorerTokens ?? TokenCount())
            }
        } else if let failure = item.failure, failure.stage == .scoring || stored == nil {
            tables[run.scoring, default: ScoringTable()].failures[key] = failure
            receipt.failures += 1
        } else if item.completion == nil || stored != nil {
            receipt.duplicates += 1
        }
    }

    /// Takes the failures of a run back, as a person asks for: their items are pending again.
    package mutating func retryFailures(of run: RunID) {
        guard let description = runs[run]?.description else { return }
        tables[description.scoring]?.failures = [:]
        if description.spec.logProbabilitiesOfCandidates {
            candidateTables[description.sampling]?.failures = [:]
        }
        runs[run]?.state = .open
    }

    /// Binds fingerprints where none are bound; answers with what is bound.
    package mutating func bind(
        _ binding: FingerprintBinding, term: Term
    ) throws(StoreError) -> FingerprintBinding {
        try check(term, of: [binding.run])
        guard let asked = runs[binding.run]?.description else {
            throw StoreError(.conflict, "There is no run \(binding.run.rawValue).")
        }
        let sharers = runs.values.map(\.description)
        let policy =
            sharers.first { $0.sampling == asked.sampling && $0.policyFingerprint != nil }?
            .policyFingerprint ?? binding.policy
        let scorer =
            sharers.first { $0.scoring == asked.scoring && $0.scorerFingerprint != nil }?
            .scorerFingerprint ?? binding.scorer
        for (id, run) in runs {
            if run.description.sampling == asked.sampling {
                runs[id]?.description.policyFingerprint = policy
            }
            if run.description.scoring == asked.scoring {
                runs[id]?.description.scorerFingerprint = scorer
            }
        }
        return FingerprintBinding(run: binding.run, policy: policy, scorer: scorer)
    }

    /// Closes a run when nothing of it is pending, or its budget is spent and what it has begun is
    /// whole.
    package mutating func finish(_ run: RunID, term: Term) throws(StoreError) -> RunState {
        try check(term, of: [run])
        guard let state = runs[run]?.state else { return .cancelled }
        if state != .open { return state }
        let ending =
            !resolveTargets(of: run) ? RunState.finished : mayStop(run) ? .outOfBudget : .open
        runs[run]?.state = ending
        return ending
    }

    private func mayStop(_ id: RunID) -> Bool {
        guard let run = runs[id], run.description.spec.isExhausted(by: run.spent) else {
            return false
        }
        var limit = PageLimit(prompts: 1, items: 1)
        limit.onlyBegun = true
        return isOff(.wholePrompts)
            || pendingPage(of: run.description, after: nil, limit: limit).prompts.isEmpty
    }

    /// Records workers.
    package mutating func record(_ records: [WorkerRecord], term: Term) throws(StoreError) {
        try check(term)
        for record in records { workers[record.id] = record }
    }

    /// Throws `.staleTerm` unless the coordinator with this term leads.
    func check(_ term: Term) throws(StoreError) {
        let leads = terms.isEmpty ? term == self.term : terms.values.contains(term)
        guard leads || isOff(.databaseTerm) else { throw Self.stale }
    }

    /// Throws `.staleTerm` unless it leads all of these runs; without one, unless it leads.
    private func check(_ term: Term, of runs: [RunID]) throws(StoreError) {
        if runs.isEmpty { return try check(term) }
        guard runs.allSatisfy({ terms[$0] ?? self.term == term }) || isOff(.databaseTerm) else {
            throw Self.stale
        }
    }

    private static let stale = StoreError(
        .staleTerm, "Another coordinator leads with a later term.")
}

extension MemoryDatabase.ItemKey {
    fileprivate var isDraw: Bool { name.kind == .draw }
}
