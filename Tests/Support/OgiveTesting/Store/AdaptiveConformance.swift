package import OgiveCore

/// What every `Store` must keep of adaptive runs, run on the one in memory and on the real one.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct AdaptiveConformance: Sendable {
    /// The store under test, which nobody leads.
    package var store: any Store
    /// Its one open adaptive run over prompts that have two candidates or none; nothing landed.
    package var run: RunDescription
    /// Whether results land one by one, the last first; else prompt by prompt.
    package var isReversed = false

    /// Joins the parts.
    package init(store: any Store, run: RunDescription, isReversed: Bool = false) {
        self.store = store
        self.run = run
        self.isReversed = isReversed
    }

    /// The reward of a draw of the prompt at a place in the set; `nil` where its scoring fails.
    package static func reward(ofDraw index: Int32, at place: Int) -> Double? {
        var random = SeededRandom(seed: UInt64(place) << 32 | UInt64(index))
        if place == 2 || random.chance(0.1) { return nil }
        // Some prompts have two rewards only, so that there are ties.
        return place % 2 == 0 ? Double(random.next() % 1000) : Double(random.next() % 2) * 600
    }

    /// The reward of a candidate: one in the middle and one near the end.
    package static func reward(ofCandidate index: Int32, at place: Int) -> Double {
        index == 0 ? Double(50 * place) : 900
    }

    /// Draws of each prompt that the rewards ask for, of prompts with so many candidates.
    package static func targets(_ candidates: [Int], _ spec: RunSpec) -> [Int] {
        guard let adaptive = spec.adaptive else { return candidates.map { _ in spec.draws } }
        var targets = candidates.map { _ in adaptive.min }
        while true {
            var decision = TargetDecision(adaptive, max: spec.draws)
            for (place, count) in candidates.enumerated() {
                let seen = (0..<(adaptive.looksAtFirst ? adaptive.min : targets[place]))
                    .compactMap { reward(ofDraw: Int32($0), at: place) }
                let ranks = (0..<count).map { index in
                    seen.count { $0 <= reward(ofCandidate: Int32(index), at: place) }
                }
                decision.see(
                    PromptObservation(
                        prompt: PromptID(Int64(place)), draws: targets[place], count: seen.count,
                        ranks: ranks))
            }
            let raises = decision.raises()
            if raises.isEmpty { return targets }
            for raise in raises { targets[Int(raise.prompt.rawValue)] = raise.draws }
        }
    }

    /// Serves the run to its end; `prompts` holds the number of candidates of each.
    package func problems(prompts: [Int]) async throws(StoreError) -> [String] {
        var problems: [String] = []
        let term = try await store.lead(as: "adaptive")
        let expected = Self.targets(prompts, run.spec)
        let first = try await pending().map { $0.items.count { $0.name.kind == .draw } }
        if first != prompts.map({ _ in run.spec.firstDraws }) {
            problems.append("at first \(first) draws are pending")
        }
        let ids = try await pending().map(\.prompt.id)
        var landed = ids.map { _ in 0 }
        for round in 0... {
            let page = try await pending()
            for prompt in page {
                guard let place = ids.firstIndex(of: prompt.prompt.id) else { continue }
                landed[place] += prompt.items.count { $0.name.kind == .draw }
                if landed[place] > expected[place] {
                    problems.append("prompt \(place) gets \(landed[place]) draws")
                }
            }
            try await land(page, ids, term, &problems)
            if try await store.finish(run.id, term: term) != .open { break }
            if round > 20 {
                problems.append("there is no end")
                break
            }
        }
        if landed != expected { problems.append("\(landed) draws were asked for, not \(expected)") }
        return problems
    }

    private func land(
        _ page: [PendingPrompt], _ ids: [PromptID], _ term: Term, _ problems: inout [String]
    ) async throws(StoreError) {
        var groups = page.map { prompt in
            LandingGroup(
                run: run.id, prompt: prompt.prompt.id, worker: WorkerID(high: 1 << 63, low: 5),
                items: prompt.items.map {
                    item($0.name, at: ids.firstIndex(of: prompt.prompt.id) ?? 0)
                })
        }
        if isReversed {
            groups = groups.reversed().flatMap { group in
                group.items.reversed().map { item in
                    var single = group
                    single.items = [item]
                    return single
                }
            }
        }
        for (number, group) in groups.enumerated() {
            // Half of it says nothing yet.
            if number == 1, try await store.finish(run.id, term: term) != .open {
                problems.append("the run is finished while something is pending")
            }
            let batch = LandingBatch(id: BatchID(UInt64(number + 1)), groups: [group])
            _ = try await store.land(batch, term: term)
        }
    }

    private func item(_ name: ItemName, at place: Int) -> ItemResult {
        var result = ItemResult(name: name)
        if name.kind == .candidate {
            result.reward = Self.reward(ofCandidate: name.index, at: place)
            return result
        }
        result.seed = UInt64(name.index)
        result.completion = Completion(
            text: "draw \(name.index)", tokenCount: 1, finishReason: .stop, logProbability: nil)
        result.reward = Self.reward(ofDraw: name.index, at: place)
        if result.reward == nil {
            result.failure = Failure(
                stage: .scoring, code: .malformed, message: "no number", attempts: 1)
        }
        return result
    }

    private func pending() async throws(StoreError) -> [PendingPrompt] {
        try await store.pendingPage(
            of: run, after: nil, limit: PageLimit(prompts: 1000, items: 1_000_000)
        ).prompts
    }
}
