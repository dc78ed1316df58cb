package import OgiveCore

/// What every `Store` must keep of a run that samples nothing, run on the one in memory and on the
/// real one.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct RescoringConformance: Sendable {
    /// The store under test, which nobody leads.
    package var store: any Store
    /// An open run: 3 prompts × 3 draws without candidates, nothing landed, nothing bound.
    package var run: RunDescription
    /// A second open run: another scoring of its sampling, which samples nothing.
    package var rescoring: RunDescription

    /// Joins the parts.
    package init(store: any Store, run: RunDescription, rescoring: RunDescription) {
        self.store = store
        self.run = run
        self.rescoring = rescoring
    }

    /// Runs all checks, in an order in which each builds on the former.
    package func problems() async throws(StoreError) -> [String] {
        var problems: [String] = []
        func expect(_ holds: Bool, _ problem: String) {
            if !holds { problems.append(problem) }
        }
        let term = try await store.lead(as: "first")
        let open = try await store.openRuns()
        expect(open.map(\.spec.samples) == [true, false], "who samples is not reported")
        let prompts = try await pending(run).map(\.prompt.id)
        guard prompts.count == 3 else { return ["there are \(prompts.count) prompts, not 3"] }
        expect(try await pending(rescoring).isEmpty, "what is not sampled is pending")

        try await binding(term, expect)
        try await landStored(prompts, term)
        let first = [WorkItem(name: .draw(0), text: "a"), WorkItem(name: .draw(1), text: "b")]
        let second = [WorkItem(name: .draw(2), text: "c")]
        var left = try await pending(rescoring)
        expect(
            left.map(\.prompt.id) == Array(prompts.prefix(2))
                && left.map(\.items) == [first, second],
            "pending is \(left.map(\.items)), not what is stored")
        expect(try await store.finish(rescoring.id, term: term) == .open, "it is finished early")

        _ = try await store.land(
            batch(rescoring, prompts[0], [Self.item(0, nil, 7), Self.failed(1, .scoring)]),
            term: term)
        left = try await pending(rescoring)
        expect(left.map(\.items) == [second], "what is scored, or failed, is pending")
        _ = try await store.land(
            batch(rescoring, prompts[1], [Self.item(2, nil, 8)]), term: term)
        expect(try await pending(rescoring).isEmpty, "what is scored is pending")

        let mine = try await pending(run).map { $0.items.map(\.name.index) }
        expect(mine == [[1], [0, 1], [0, 1, 2]], "the run's own items are \(mine)")
        expect(
            try await store.finish(rescoring.id, term: term) == .finished,
            "it waits for what is not stored")
        expect(try await store.finish(run.id, term: term) == .open, "the run is finished with it")
        expect(try await store.openRuns().map(\.id) == [run.id], "a finished run is open")
        return problems
    }

    /// A run that samples nothing binds its scorer, and leaves the policy to those who sample.
    private func binding(
        _ term: Term, _ expect: (Bool, String) -> Void
    ) async throws(StoreError) {
        let scorer = Fingerprint(["model": "other"])
        _ = try await store.bind(
            FingerprintBinding(run: rescoring.id, policy: nil, scorer: scorer), term: term)
        let unbound = try await store.openRuns()
        expect(unbound.allSatisfy { $0.policyFingerprint == nil }, "a policy was bound by nobody")
        expect(
            unbound.map(\.scorerFingerprint) == [nil, scorer], "a scorer was bound for others too")
        expect(unbound.map(\.isBound) == [false, true], "what needs no policy waits for one")
        let policy = Fingerprint(["model": "policy"])
        _ = try await store.bind(
            FingerprintBinding(
                run: run.id, policy: policy, scorer: Fingerprint(["model": "own"])), term: term)
        _ = try await store.bind(
            FingerprintBinding(run: rescoring.id, policy: nil, scorer: scorer), term: term)
        let bound = try await store.openRuns()
        expect(bound.allSatisfy { $0.policyFingerprint == policy }, "the policy's binding changed")
    }

    /// The first prompt gets a scored, an unscored and a failed draw; the second one whose scoring
    /// failed; the third nothing.
    private func landStored(_ prompts: [PromptID], _ term: Term) async throws(StoreError) {
        var unscored = Self.failed(2, .scoring)
        unscored.completion = Self.completion("c")
        unscored.seed = 2
        let groups = [
            batch(
                run, prompts[0],
                [Self.item(0, "a", 1), Self.item(1, "b", nil), Self.failed(2, .sampling)]),
            batch(run, prompts[1], [unscored]),
        ].flatMap(\.groups)
        _ = try await store.land(LandingBatch(id: BatchID(1), groups: groups), term: term)
    }

    private func pending(_ run: RunDescription) async throws(StoreError) -> [PendingPrompt] {
        var all: [PendingPrompt] = []
        var cursor: PromptID?
        repeat {
            let page = try await store.pendingPage(
                of: run, after: cursor, limit: PageLimit(prompts: 1, items: 100))
            all += page.prompts
            cursor = page.next
        } while cursor != nil
        return all
    }

    private func batch(
        _ run: RunDescription, _ prompt: PromptID, _ items: [ItemResult]
    ) -> LandingBatch {
        let group = LandingGroup(
            run: run.id, prompt: prompt, worker: WorkerID(high: 1 << 63, low: 77), items: items)
        return LandingBatch(id: BatchID(2), groups: [group])
    }

    private static func completion(_ text: String) -> Completion {
        Completion(text: text, tokenCount: 1, finishReason: .stop, logProbability: nil)
    }

    private static func item(_ index: Int32, _ text: String?, _ reward: Double?) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.completion = text.map(completion)
        result.seed = text == nil ? nil : UInt64(index)
        result.reward = reward
        return result
    }

    private static func failed(_ index: Int32, _ stage: Failure.Stage) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.failure = Failure(stage: stage, code: .timeout, message: "late", attempts: 1)
        return result
    }
}
