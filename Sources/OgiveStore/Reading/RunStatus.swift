internal import FoundationEssentials
package import OgiveCore
internal import Postgres

/// How far a run is, from the counters that landing keeps.
package struct RunStatus: Hashable, Sendable {
    /// Its name.
    package let run: String
    /// `open`, `finished`, `budget` when it stopped because its budget is spent, or `cancelled`
    /// when a person ended it.
    package let state: String
    /// The name of the prompt set.
    package let promptSet: String
    /// Prompts of the set.
    package let prompts: Int
    /// Draws asked for, for each prompt; of an adaptive run the most.
    package let draws: Int
    /// Draws that an adaptive run asks for of each prompt at first; `nil` for other runs.
    package let minDraws: Int?
    /// Draws asked for, of all prompts.
    package let targetDraws: Int
    /// Draws with a completion.
    package let sampled: Int
    /// Draws with a completion and a reward.
    package let landed: Int
    /// Draws given up.
    package let failures: Int
    /// Draws still to be done.
    package let pending: Int
    /// Candidates to be scored.
    package let targetCandidates: Int
    /// Candidates with a reward.
    package let landedCandidates: Int
    /// Candidates given up.
    package let candidateFailures: Int
    /// Candidates whose log-probability is to be determined.
    package let targetLogProbabilities: Int
    /// Candidates with a log-probability.
    package let landedLogProbabilities: Int
    /// Candidates whose log-probability was given up.
    package let logProbabilityFailures: Int
    /// Tokens of all completions, where known.
    package let tokens: Int
    /// Completions cut off by `max_tokens`.
    package let truncated: Int
    /// Mean raw reward; `nil` while there is none.
    package let meanReward: Double?
    /// Share of the fleet relative to other runs.
    package let weight: Double
    /// Model id of the reference policy.
    package let policy: String
    /// Model id or name of the scorer.
    package let scorer: String
    /// Whether completions or rewards come from a declared distribution.
    package let isSynthetic: Bool
    /// Whether the completions came in a file, so that nothing proves who sampled them.
    package let isAdopted: Bool
    /// What it has spent.
    package let spending: RunSpending
    /// What the slots of its workers waited for while it was open.
    package let slotTime: SlotTime
    /// Bytes on disk of its sampling's completions, which other runs may share.
    package let completionBytes: Int
    /// Bytes on disk of its scoring's rewards, which other runs may share.
    package let rewardBytes: Int

    /// Whether nothing more is done unless a person asks for it.
    package var isClosed: Bool { state != "open" }
    /// Whether a person ended it.
    package var isCancelled: Bool { state == "cancelled" }
    /// Whether it stopped because its budget is spent.
    package var isOutOfBudget: Bool { state == "budget" }
    /// Whether missing completions are sampled; else only those that are stored are scored.
    package let samples: Bool

    init(_ row: PostgresRow) throws(PostgresError) {
        run = try row.decode("run")
        state = try row.decode("state")
        promptSet = try row.decode("prompt_set")
        prompts = try row.decode("prompts")
        draws = try row.decode("draws")
        minDraws = try row.decode("min_draws", as: Int?.self)
        targetDraws = try row.decode("target_draws")
        sampled = try row.decode("sampled")
        landed = try row.decode("landed")
        failures = try row.decode("failures")
        pending = try row.decode("pending")
        targetCandidates = try row.decode("target_candidates")
        landedCandidates = try row.decode("landed_candidates")
        candidateFailures = try row.decode("candidate_failures")
        targetLogProbabilities = try row.decode("target_log_probabilities")
        landedLogProbabilities = try row.decode("landed_log_probabilities")
        logProbabilityFailures = try row.decode("log_probability_failures")
        tokens = try row.decode("tokens")
        truncated = try row.decode("truncated")
        meanReward = try row.decode("mean_reward", as: Double?.self)
        weight = try row.decode("weight")
        policy = try row.decode("policy")
        scorer = try row.decode("scorer")
        isSynthetic = try row.decode("synthetic")
        isAdopted = try row.decode("adopted")
        spending = try RunSpending(row)
        slotTime = SlotTime(stored: try row.decode("slot_milliseconds"))
        completionBytes = try row.decode("completion_bytes")
        rewardBytes = try row.decode("reward_bytes")
        samples = try row.decode("samples")
    }
}

extension SlotTime {
    /// SQL of an array of milliseconds, one for each of `SlotWait.all`. `time` is SQL of such a
    /// number, or NULL, for `g.stage` and `w.waits_for`.
    static func query(_ time: String) -> String {
        """
        ARRAY(SELECT coalesce(\(time), 0)::bigint
            FROM unnest('{sample,score}'::text[]) WITH ORDINALITY g(stage, i)
            CROSS JOIN unnest('{policy,scorer,coordinator,nothing}'::text[]) WITH ORDINALITY
                w(waits_for, j)
            ORDER BY g.i, w.j)
        """
    }

    /// Reads such an array.
    init(stored milliseconds: [Int64]) {
        self.init()
        for (wait, time) in zip(SlotWait.all, milliseconds) { self[wait] = Int(time) }
    }
}

/// What is still to be done of an open run, as the view `ogive.pending_work` counts it for those
/// that start and end workers.
package struct PendingWork: Hashable, Sendable {
    /// Its name.
    package let run: String
    /// Draws, candidates and log-probabilities together.
    package let items: Int
}

/// What a run has spent, and what the whole of it will be.
package struct RunSpending: Hashable, Sendable {
    /// Tokens of policy and scorer, where the servers report them.
    package let tokens: Int
    /// Their cost; `nil` without prices.
    package let cost: Double?
    /// Tokens of the whole run, if what is pending takes as many as what has landed; `nil` while
    /// nothing has.
    package let estimatedTokens: Int?
    /// The same as a cost.
    package let estimatedCost: Double?
    /// Tokens that it may spend.
    package let budgetTokens: Int?
    /// What it may cost.
    package let budgetCost: Double?

    /// Whether there is a budget.
    package var hasBudget: Bool { budgetTokens != nil || budgetCost != nil }

    init(_ row: PostgresRow) throws(PostgresError) {
        tokens = try row.decode("spent_tokens")
        cost = try row.decode("cost", as: Double?.self)
        estimatedTokens = try row.decode("estimated_tokens", as: Int?.self)
        estimatedCost = try row.decode("estimated_cost", as: Double?.self)
        budgetTokens = try row.decode("budget_tokens", as: Int?.self)
        budgetCost = try row.decode("budget_cost", as: Double?.self)
    }
}

/// The coordinator that leads, or led last, and what it counts.
package struct CoordinatorStatus: Hashable, Sendable {
    /// Host and process id; `nil` when the last one resigned.
    package let name: String?
    /// Its fencing number.
    package let term: Int64
    /// Whether its term lasts.
    package let leads: Bool
    /// When it began to lead.
    package let since: String?
    /// When it last renewed its term.
    package let renewedAt: String?
    /// Totals by name, as of then.
    package let counts: [String: Int]
}

extension PostgresStore {
    /// The coordinator that leads, or led last.
    package func coordinator() async throws(StoreError) -> CoordinatorStatus {
        try await database.with("read the coordinator") { connection in
            let row = try await connection.query(ReadingQueries.coordinator).one()
            let counts: String = try row.decode("counts")
            return CoordinatorStatus(
                name: try row.decode("coordinator", as: String?.self),
                term: try row.decode("term"), leads: try row.decode("leads"),
                since: try row.decode("since", as: String?.self),
                renewedAt: try row.decode("renewed_at", as: String?.self),
                counts: try JSONDecoder().decode([String: Int].self, from: Data(counts.utf8)))
        }
    }
}
