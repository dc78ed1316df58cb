package import OgiveCore

/// What every `Store` must keep of a run whose budget is spent, run on the one in memory and on the
/// real one.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct BudgetConformance: Sendable {
    /// The store under test, which nobody leads.
    package var store: any Store
    /// Its one open run: 4 prompts × 3 draws without candidates, with a budget of one token;
    /// nothing landed, nothing bound.
    package var run: RunDescription

    /// Joins both.
    package init(store: any Store, run: RunDescription) {
        self.store = store
        self.run = run
    }

    /// Runs all checks, in an order in which each builds on the former.
    package func problems() async throws(StoreError) -> [String] {
        var problems: [String] = []
        func expect(_ holds: Bool, _ problem: String) {
            if !holds { problems.append(problem) }
        }
        let term = try await store.lead(as: "first")
        expect(try await begun().isEmpty, "a prompt was begun of which nothing is there")
        let prompts = try await all().map(\.prompt.id)
        guard prompts.count == 4 else { return ["there are \(prompts.count) prompts, not 4"] }

        // A text that waits for its reward may be of another run, so it begins nothing.
        try await land([Self.draw(1, nil)], prompts[1], term)
        expect(try await begun().isEmpty, "a text without an outcome begins a prompt")
        try await land([Self.draw(0, 1)], prompts[0], term)
        try await land([Self.failed(1)], prompts[2], term)
        expect(try await all().map(\.prompt.id) == prompts, "a spent budget hides what is pending")
        var left = try await begun()
        expect(
            left.map(\.prompt.id) == [prompts[0], prompts[2]],
            "begun prompts are \(left.map(\.prompt.id))")
        expect(
            left.map { $0.items.map(\.name.index) } == [[1, 2], [0, 2]],
            "of begun prompts \(left.map(\.items)) are asked for")
        expect(
            try await store.finish(run.id, term: term) == .open,
            "a run is stopped with a prompt that was begun")

        try await land([Self.draw(1, 2), Self.draw(2, 3)], prompts[0], term)
        left = try await begun()
        expect(left.map(\.prompt.id) == [prompts[2]], "a whole prompt is asked for")
        expect(
            try await store.finish(run.id, term: term) == .open,
            "a run is stopped with a prompt that a failure began")
        try await land([Self.draw(0, 1), Self.failed(2)], prompts[2], term)
        expect(try await begun().isEmpty, "a prompt with failures is never whole")
        expect(
            try await store.finish(run.id, term: term) == .outOfBudget,
            "a run with a spent budget waits for prompts that were not begun")
        expect(
            try await store.finish(run.id, term: term) == .outOfBudget,
            "a run that was stopped ends otherwise when it is asked again")
        expect(try await store.openRuns().isEmpty, "a stopped run is open")
        return problems
    }

    private func begun() async throws(StoreError) -> [PendingPrompt] {
        var limit = PageLimit(prompts: 1, items: 100)
        limit.onlyBegun = true
        return try await pages(limit)
    }

    private func all() async throws(StoreError) -> [PendingPrompt] {
        try await pages(PageLimit(prompts: 100, items: 100))
    }

    private func pages(_ limit: PageLimit) async throws(StoreError) -> [PendingPrompt] {
        var all: [PendingPrompt] = []
        var cursor: PromptID?
        repeat {
            let page = try await store.pendingPage(of: run, after: cursor, limit: limit)
            all += page.prompts
            cursor = page.next
        } while cursor != nil
        return all
    }

    private func land(
        _ items: [ItemResult], _ prompt: PromptID, _ term: Term
    ) async throws(StoreError) {
        let worker = WorkerID(high: 1 << 63, low: 79)
        let group = LandingGroup(run: run.id, prompt: prompt, worker: worker, items: items)
        _ = try await store.land(LandingBatch(id: BatchID(1), groups: [group]), term: term)
    }

    private static func draw(_ index: Int32, _ reward: Double?) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.completion = Completion(
            text: "text \(index)", tokenCount: 1, finishReason: .stop, logProbability: nil)
        result.seed = UInt64(index)
        result.reward = reward
        return result
    }

    private static func failed(_ index: Int32) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.failure = Failure(
            stage: .sampling, code: .timeout, message: "too slow", attempts: 1)
        return result
    }
}
