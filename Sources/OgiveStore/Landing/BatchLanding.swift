package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Lands a batch in one transaction, beside others. A batch that meets another one at the same
    /// draw is landed again, alone: then it sees all that the others wrote.
    package func land(_ batch: LandingBatch, term: Term)
        async throws(StoreError) -> LandingReceipt
    {
        let landing = BatchLanding(batch, now: clock.now())
        var isAlone = false
        return try await database.transaction(
            "land results", repeatsAfter: LandingConflict.isOne
        ) { connection in
            // Whatever stopped the first attempt, the second one meets nobody.
            defer { isAlone = true }
            try await connection.require(term, TermQueries.lockForCheck)
            return try await landing.land(connection, alone: isAlone)
        }
    }
}

/// Lands a batch: first texts and whole tables, which other landings need not know of; then, one
/// landing after the other, what depends on what the others wrote, and the counters.
struct BatchLanding: Sendable {
    private let results: [RunID: [LandingResult]]
    private let items: Int
    private let now: Int64

    init(_ batch: LandingBatch, now: Int64) {
        results = batch.results
        self.now = now
        items = batch.groups.reduce(0) { $0 + $1.items.count }
    }

    /// Lands it in the transaction of `connection`, `alone` or beside other landings. Throws a
    /// conflict when it met another one, which cannot be when it is alone.
    func land(
        _ connection: PostgresConnection, alone: Bool
    ) async throws -> LandingReceipt {
        try await connection.queryPrepared(
            alone ? LandingQueries.waitForOthers : LandingQueries.allowOthers)
        var sum = LandingCounts()
        let runs = try await runs(connection)
        if alone {
            for run in runs {
                let ahead = try await run.landAhead(connection)
                sum.add(try await run.landOutcomes(ahead, connection))
            }
        } else {
            var ahead: [LandedAhead] = []
            for run in runs { ahead.append(try await run.landAhead(connection)) }
            for sampling in Set(runs.map(\.sampling)).sorted() {
                try await connection.queryPrepared(
                    LandingQueries.lockSampling, [.int64(sampling)])
            }
            for (run, ahead) in zip(runs, ahead) {
                sum.add(try await run.landOutcomes(ahead, connection))
            }
        }
        return sum.receipt(items: items)
    }

    private func runs(_ connection: PostgresConnection) async throws -> [RunLanding] {
        var runs: [RunLanding] = []
        for (run, results) in results.sorted(by: { $0.key < $1.key }) {
            let rows = try await connection.queryPrepared(
                LandingQueries.run, [.int64(run.rawValue)])
            // One that was dropped has nothing to land in.
            if let row = rows.first {
                runs.append(try RunLanding(row, results: results, now: now))
            }
        }
        return runs
    }
}

extension LandingBatch {
    /// The results of each run, by ascending key; several of one item in order of arrival.
    var results: [RunID: [LandingResult]] {
        var results: [RunID: [LandingResult]] = [:]
        var arrival = 0
        for group in groups {
            results[group.run, default: []].append(
                contentsOf: group.items.indices.lazy.map {
                    LandingResult(group, $0, arrival: arrival + $0)
                })
            arrival += group.items.count
        }
        return results.mapValues { $0.sorted { ($0.key, $0.arrival) < ($1.key, $1.arrival) } }
    }
}

/// What landing changed, for the receipt and the counters of progress.
struct LandingCounts: Sendable {
    var completions: Int64 = 0
    var tokens: Int64 = 0
    var truncated: Int64 = 0
    /// New completions that came with neither reward nor failure.
    var textsOnly: Int64 = 0
    var rewards: Int64 = 0
    var candidateRewards: Int64 = 0
    var drawFailures: Int64 = 0
    var candidateFailures: Int64 = 0
    var logProbabilities: Int64 = 0
    var logProbabilityFailures: Int64 = 0
    /// What the policy spent on what is new, and the scorer.
    var policyTokens = TokenCount()
    var scorerTokens = TokenCount()
    /// What runs with a budget have spent in all.
    var spent: [RunID: Spending] = [:]

    /// Of nothing.
    init() {}

    /// Counts what a plan lands.
    init(_ plan: LandingPlan) {
        completions = Int64(plan.completions.count)
        textsOnly = Int64(plan.textsOnly)
        rewards = Int64(plan.rewards.count)
        candidateRewards = Int64(plan.candidateRewards.count)
        candidateFailures = Int64(plan.failures.count { $0.key.name.kind == .candidate })
        drawFailures = Int64(plan.failures.count) - candidateFailures
        for result in plan.completions { addCompletion(of: result) }
        policyTokens.output = Int(tokens)
        for result in plan.logProbabilities {
            logProbabilities += result.outcome.failure == nil ? 1 : 0
            logProbabilityFailures += result.outcome.failure == nil ? 0 : 1
            policyTokens.input += (result.policyTokens?.input).stored
            policyTokens.output += (result.policyTokens?.output).stored
        }
        for rewards in [plan.rewards, plan.candidateRewards] {
            for reward in rewards { addScoring(of: reward.result) }
        }
    }

    /// Counts a draw's text.
    private mutating func addCompletion(of result: LandingResult) {
        tokens += Int64(result.tokenCount.stored)
        truncated += result.isTruncated ? 1 : 0
        policyTokens.input += (result.promptTokenCount ?? result.policyTokens?.input).stored
    }

    private mutating func addScoring(of result: LandingResult) {
        scorerTokens.input += (result.scorerTokens?.input).stored
        scorerTokens.output += (result.scorerTokens?.output).stored
    }

    /// Adds what another run's part changed.
    mutating func add(_ other: LandingCounts) {
        completions += other.completions
        tokens = tokens.saturating(adding: other.tokens)
        truncated += other.truncated
        textsOnly += other.textsOnly
        rewards += other.rewards
        candidateRewards += other.candidateRewards
        drawFailures += other.drawFailures
        candidateFailures += other.candidateFailures
        logProbabilities += other.logProbabilities
        logProbabilityFailures += other.logProbabilityFailures
        policyTokens = policyTokens + other.policyTokens
        scorerTokens = scorerTokens + other.scorerTokens
        spent.merge(other.spent) { $0.merged($1) }
    }

    /// The receipt of a batch of `items` results.
    func receipt(items: Int) -> LandingReceipt {
        let failures = drawFailures + candidateFailures + logProbabilityFailures
        let news = rewards + candidateRewards + logProbabilities + failures + textsOnly
        var receipt = LandingReceipt(
            completions: Int(completions), rewards: Int(rewards + candidateRewards),
            failures: Int(failures), duplicates: max(0, items - Int(news)))
        receipt.logProbabilities = Int(logProbabilities)
        receipt.spent = spent
        return receipt
    }
}

extension Int? {
    /// A number of tokens as the database takes it: one that makes no sense is not known.
    fileprivate var stored: Int {
        guard let self, self >= 0, self <= Int(Int32.max) else { return 0 }
        return self
    }
}

/// Another landing resolved a draw while this one's text was on its way.
struct LandingConflict: Error {
    /// Whether an error means that two landings met: at a draw's text, which both wrote, or at a
    /// draw that one of them resolved.
    static func isOne(_ error: any Error) -> Bool {
        error is LandingConflict || (error as? PostgresError)?.sqlState == "23505"
    }
}
