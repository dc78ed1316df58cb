package import OgiveCore

/// What every `Store` must keep of candidates and their log-probabilities, run on the one in memory
/// and on the real one.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct CandidateConformance: Sendable {
    /// The store under test, which nobody leads.
    package var store: any Store
    /// An open run of 2 prompts × 1 draw with 2 candidates each, which asks for rewards and
    /// log-probabilities of candidates, before draws; nothing landed.
    package var run: RunDescription
    /// Another one on the same sampling, with a scoring of its own, which asks for the same.
    package var other: RunDescription

    /// Joins the parts.
    package init(store: any Store, run: RunDescription, other: RunDescription) {
        self.store = store
        self.run = run
        self.other = other
    }

    private static let names: [ItemName] = [
        .candidate(0), .candidate(1), .candidateLogProbability(0), .candidateLogProbability(1),
    ]

    /// Runs all checks, in an order in which each builds on the former.
    package func problems() async throws(StoreError) -> [String] {
        var problems: [String] = []
        let term = try await store.lead(as: "first")
        let first = try await page(of: run)
        if first.map({ $0.items.map(\.name) }) != [Self.names, Self.names] {
            problems.append("candidates are not first: \(first.map { $0.items.map(\.name) })")
        }
        if first.contains(where: { $0.items.contains { $0.text == nil } }) {
            problems.append("a candidate comes without its text")
        }
        guard first.count == 2 else { return problems }
        problems += try await resolving(term, first[0].prompt.id)
        let rest = try await page(of: run)
        if rest.map(\.prompt.id) != [first[1].prompt.id] {
            problems.append("with a candidate left, there are other items than candidates")
        }
        _ = try await land(Self.names.map(Self.result), first[1].prompt.id, term)
        let draws = try await page(of: run)
        if draws.map({ $0.items.map(\.name) }) != [[.draw(0)], [.draw(0)]] {
            problems.append("after the candidates the draws do not come")
        }
        let theirs = try await page(of: other)
        if theirs.contains(where: { $0.items.map(\.name) != [.candidate(0), .candidate(1)] }) {
            problems.append("what the sampling knows is asked for by another run")
        }
        if try await store.finish(run.id, term: term) != .open {
            problems.append("finished without draws")
        }
        return problems
    }

    /// The first outcome of a log-probability resolves it, a failure as much as a number.
    private func resolving(
        _ term: Term, _ prompt: PromptID
    ) async throws(StoreError) -> [String] {
        var problems: [String] = []
        var failed = ItemResult(name: .candidateLogProbability(0))
        failed.failure = Failure(
            stage: .logProbability, code: .promptTooLong, message: "too long", attempts: 1)
        let batch = Self.names.map { $0 == failed.name ? failed : Self.result($0) }
        var receipt = LandingReceipt(completions: 0, rewards: 2, failures: 1, duplicates: 0)
        receipt.logProbabilities = 1
        if try await land(batch, prompt, term) != receipt {
            problems.append("a first landing is miscounted")
        }
        for second in [batch, Self.names.map(Self.result)] {
            let again = try await land(second, prompt, term)
            let nothing = LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 4)
            if again != nothing { problems.append("a second landing changes something: \(again)") }
        }
        return problems
    }

    private static func result(_ name: ItemName) -> ItemResult {
        var result = ItemResult(name: name)
        if name.kind == .candidate {
            result.reward = 1
        } else {
            result.logProbability = LogProbability(
                sum: -1.5, tokenCount: 2, tokenIDs: [7, 2], tokenValues: [-1, -0.5])
        }
        return result
    }

    private func page(of run: RunDescription) async throws(StoreError) -> [PendingPrompt] {
        try await store.pendingPage(
            of: run, after: nil, limit: PageLimit(prompts: 100, items: 100)
        ).prompts
    }

    private func land(
        _ items: [ItemResult], _ prompt: PromptID, _ term: Term
    ) async throws(StoreError) -> LandingReceipt {
        let worker = WorkerID(high: 1 << 63, low: 78)
        let group = LandingGroup(run: run.id, prompt: prompt, worker: worker, items: items)
        return try await store.land(
            LandingBatch(id: BatchID(1), groups: [group]), term: term)
    }
}
