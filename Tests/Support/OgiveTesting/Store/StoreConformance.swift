package import OgiveCore

/// What every `Store` must keep, run on the one in memory and on the real one.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct StoreConformance: Sendable {
    /// The store under test, which nobody leads.
    package var store: any Store
    /// Its one open run: 3 prompts × 3 draws without candidates, nothing landed, nothing bound.
    package var run: RunDescription

    /// Joins both.
    package init(store: any Store, run: RunDescription) {
        self.store = store
        self.run = run
    }

    /// Runs all checks, in an order in which each builds on the former.
    package func problems() async throws(StoreError) -> [String] {
        var checks = Checks()
        let term = try await store.lead(as: "first")
        checks.expect(try await store.openRuns().map(\.id) == [run.id], "the run is not open")
        try await binding(term, &checks)
        try await paging(&checks)
        let all = try await page(PageLimit(prompts: 100, items: 100), after: nil)
        if let prompt = all.prompts.first?.prompt.id { try await landing(term, prompt, &checks) }
        if all.prompts.count > 1 {
            try await resolving(term, all.prompts[1].prompt.id, &checks)
        }
        try await finishing(term, &checks)
        try await fencing(term, &checks)
        return checks.problems
    }

    private func binding(_ term: Term, _ checks: inout Checks) async throws(StoreError) {
        let mine = FingerprintBinding(
            run: run.id, policy: Fingerprint(["model": "p"]), scorer: Fingerprint(["model": "s"]))
        let other = FingerprintBinding(
            run: run.id, policy: Fingerprint(["model": "x"]), scorer: Fingerprint(["model": "y"]))
        checks.expect(
            try await store.bind(mine, term: term) == mine, "a first binding is not taken")
        checks.expect(
            try await store.bind(other, term: term) == mine, "a binding changed")
        checks.expect(
            try await store.openRuns().first?.policyFingerprint == mine.policy,
            "the run does not tell what is bound")
    }

    private func paging(_ checks: inout Checks) async throws(StoreError) {
        let first = try await page(PageLimit(prompts: 2, items: 100), after: nil)
        checks.expect(first.prompts.count == 2, "a page does not end at its prompts")
        let rest = try await page(PageLimit(prompts: 2, items: 100), after: first.next)
        let ids = (first.prompts + rest.prompts).map(\.prompt.id)
        checks.expect(ids.count == 3 && ids == ids.sorted(), "pages name prompts \(ids)")
        let small = try await page(PageLimit(prompts: 100, items: 1), after: nil)
        checks.expect(
            small.prompts.map(\.items.count) == [3] && small.next == small.prompts.last?.prompt.id,
            "a page does not end after the prompt that reaches its items")
        checks.expect(
            small.prompts.first?.items.map(\.name) == [.draw(0), .draw(1), .draw(2)],
            "items are not ascending")
    }

    private func landing(
        _ term: Term, _ prompt: PromptID, _ checks: inout Checks
    ) async throws(StoreError) {
        let first = batch(prompt, [Self.draw(0, "a", 1), Self.draw(1, "b", nil)])
        checks.expect(
            try await store.land(first, term: term)
                == LandingReceipt(completions: 2, rewards: 1, failures: 0, duplicates: 0),
            "a first landing is miscounted")
        _ = try await store.land(first, term: term)
        checks.expect(
            try await pending(prompt) == [
                WorkItem(name: .draw(1), text: "b"), WorkItem(name: .draw(2)),
            ],
            "a completion without reward is not asked for with its text")
        _ = try await store.land(batch(prompt, [Self.draw(1, "other", 9)]), term: term)
        checks.expect(
            try await pending(prompt).first == WorkItem(name: .draw(1), text: "b"),
            "a second text of a draw is not dropped with its reward")
        _ = try await store.land(batch(prompt, [Self.draw(1, nil, 2)]), term: term)
        checks.expect(
            try await pending(prompt) == [WorkItem(name: .draw(2))],
            "a reward alone does not resolve a completion that is there")
        var failed = ItemResult(name: .draw(2))
        failed.failure = Failure(
            stage: .sampling, code: .promptTooLong, message: "too long", attempts: 1)
        let receipt = try await store.land(batch(prompt, [failed]), term: term)
        checks.expect(receipt.failures == 1, "a failure is not counted")
        checks.expect(try await pending(prompt).isEmpty, "a failure does not resolve its item")
    }

    /// The first committed outcome of an item resolves it, a failure as much as a reward.
    private func resolving(
        _ term: Term, _ prompt: PromptID, _ checks: inout Checks
    ) async throws(StoreError) {
        let nothing = LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 1)
        var unscored = Self.draw(0, "x", nil)
        unscored.failure = Failure(
            stage: .scoring, code: .malformed, message: "no number", attempts: 1)
        let first = batch(prompt, [unscored, Self.draw(0, "x", 5)])
        checks.expect(
            try await store.land(first, term: term)
                == LandingReceipt(completions: 1, rewards: 0, failures: 1, duplicates: 1),
            "in a batch, a reward replaces the failure before it")
        checks.expect(
            try await store.land(batch(prompt, [Self.draw(0, "x", 5)]), term: term) == nothing,
            "a later reward replaces a failure of the scoring")
        checks.expect(
            try await store.land(batch(prompt, [Self.draw(0, nil, 5)]), term: term) == nothing,
            "a later scoring replaces a failure of the scoring")
        var unsampled = ItemResult(name: .draw(1))
        unsampled.failure = Failure(
            stage: .sampling, code: .timeout, message: "too slow", attempts: 1)
        _ = try await store.land(batch(prompt, [unsampled]), term: term)
        checks.expect(
            try await store.land(batch(prompt, [Self.draw(1, "y", 5)]), term: term) == nothing,
            "a later completion replaces a failure of the sampling")
        _ = try await store.land(batch(prompt, [Self.draw(2, "z", 1)]), term: term)
        var failed = Self.draw(2, "z", nil)
        failed.failure = unscored.failure
        checks.expect(
            try await store.land(batch(prompt, [failed]), term: term) == nothing,
            "a later failure replaces a reward")
        checks.expect(try await pending(prompt).isEmpty, "what is resolved is pending")
    }

    private func finishing(_ term: Term, _ checks: inout Checks) async throws(StoreError) {
        checks.expect(
            try await store.finish(run.id, term: term) == .open,
            "a run with pending items is finished")
        for pending in try await page(PageLimit(prompts: 100, items: 100), after: nil).prompts {
            let items = pending.items.map { Self.draw($0.name.index, "c", 3) }
            let group = LandingGroup(
                run: run.id, prompt: pending.prompt.id, worker: Self.worker, items: items)
            _ = try await store.land(
                LandingBatch(id: BatchID(2), groups: [group]), term: term)
        }
        checks.expect(
            try await page(PageLimit(prompts: 100, items: 100), after: nil).prompts.isEmpty,
            "landed items are pending")
        checks.expect(
            try await store.finish(run.id, term: term) == .finished,
            "a run without pending items goes on")
        checks.expect(
            try await store.finish(run.id, term: term) == .finished,
            "a finished run ends otherwise when it is asked again")
        checks.expect(
            try await store.finish(RunID(1 << 40), term: term) == .cancelled,
            "a run that was dropped does not count as cancelled")
        checks.expect(try await store.openRuns().isEmpty, "a finished run is open")
    }

    private func fencing(_ term: Term, _ checks: inout Checks) async throws(StoreError) {
        await store.resign(term)
        let next = try await store.lead(as: "second")
        checks.expect(next > term, "the term does not rise")
        let batch = LandingBatch(id: BatchID(3), groups: [])
        let record = WorkerRecord(id: Self.worker, name: "w", state: .active, note: nil)
        let binding = FingerprintBinding(
            run: run.id, policy: Fingerprint([:]), scorer: Fingerprint([:]))
        await checks.expectStale("land") { () async throws(StoreError) in
            _ = try await store.land(batch, term: term)
        }
        await checks.expectStale("finish") { () async throws(StoreError) in
            _ = try await store.finish(run.id, term: term)
        }
        await checks.expectStale("bind") { () async throws(StoreError) in
            _ = try await store.bind(binding, term: term)
        }
        await checks.expectStale("record") { () async throws(StoreError) in
            try await store.record([record], term: term)
        }
        try await store.record([record], term: next)
    }

    private static let worker = WorkerID(high: 1 << 63, low: 77)

    private func page(
        _ limit: PageLimit, after cursor: PromptID?
    ) async throws(StoreError) -> PendingPage {
        try await store.pendingPage(of: run, after: cursor, limit: limit)
    }

    private func pending(_ prompt: PromptID) async throws(StoreError) -> [WorkItem] {
        try await page(PageLimit(prompts: 100, items: 100), after: nil).prompts
            .first { $0.prompt.id == prompt }?.items ?? []
    }

    private func batch(_ prompt: PromptID, _ items: [ItemResult]) -> LandingBatch {
        let group = LandingGroup(run: run.id, prompt: prompt, worker: Self.worker, items: items)
        return LandingBatch(id: BatchID(1), groups: [group])
    }

    private static func draw(_ index: Int32, _ text: String?, _ reward: Double?) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.seed = UInt64(index)
        result.completion = text.map {
            Completion(text: $0, tokenCount: 1, finishReason: .stop, logProbability: nil)
        }
        result.reward = reward
        return result
    }
}

/// Collects what does not hold.
private struct Checks {
    var problems: [String] = []

    mutating func expect(_ holds: Bool, _ problem: String) {
        if !holds { problems.append(problem) }
    }

    mutating func expectStale(
        _ name: String, _ call: () async throws(StoreError) -> Void
    ) async {
        do throws(StoreError) {
            try await call()
            problems.append("\(name) works for a former term")
        } catch {
            expect(error.code == .staleTerm, "\(name) for a former term throws \(error.code)")
        }
    }
}
