/// How far a run is, with the numbers that its other pages are found by.
package struct RunOverview: Hashable, Sendable {
    /// Its number.
    package var id: RunID
    /// The number of its prompt set.
    package var promptSetID: Int64
    /// The number of its scoring.
    package var scoringID: ScoringID
    /// What it is, in words.
    package var source: Source
    /// How many of everything there are.
    package var counts: ReportCounts
    /// Mean raw reward; `nil` while there is none.
    package var meanReward: Double?
    /// What it has cost, in the unit of the prices; `nil` without prices.
    package var cost: Double?

    /// What a run is, in words.
    package struct Source: Hashable, Sendable {
        /// Its name.
        package var run: String
        /// `open`, `finished`, `budget` or `cancelled`.
        package var state: String
        /// The name of the prompt set.
        package var promptSet: String
        /// Model id of the reference policy.
        package var policy: String
        /// Model id or name of the scorer.
        package var scorer: String
        /// Whether completions or rewards come from a declared distribution.
        package var isSynthetic: Bool
        /// When it was last submitted, in UTC.
        package var submittedAt: String
        /// When nothing was pending any more, in UTC; `nil` unless it finished.
        package var finishedAt: String?

        /// Joins the parts.
        package init(
            run: String, state: String, promptSet: String, policy: String, scorer: String,
            isSynthetic: Bool, submittedAt: String, finishedAt: String?
        ) {
            self.run = run
            self.state = state
            self.promptSet = promptSet
            self.policy = policy
            self.scorer = scorer
            self.isSynthetic = isSynthetic
            self.submittedAt = submittedAt
            self.finishedAt = finishedAt
        }
    }

    /// Whether something of it is still done.
    package var isOpen: Bool { source.state == "open" }
    /// Draws that have landed or were given up.
    package var done: Int { counts.landed + counts.failures }

    /// Joins the parts.
    package init(
        id: RunID, promptSetID: Int64, scoringID: ScoringID, source: Source, counts: ReportCounts,
        meanReward: Double? = nil, cost: Double? = nil
    ) {
        self.id = id
        self.promptSetID = promptSetID
        self.scoringID = scoringID
        self.source = source
        self.counts = counts
        self.meanReward = meanReward
        self.cost = cost
    }
}

/// Counters of a run at one moment.
package struct RunMoment: Hashable, Sendable {
    /// Seconds since 1970.
    package var at: Double
    /// Draws that had landed for the run.
    package var draws: Int
    /// Draws that were given up.
    package var failures: Int
    /// Tokens that policy and scorer had read and written.
    package var tokens: Int

    /// Joins the parts.
    package init(at: Double, draws: Int, failures: Int, tokens: Int) {
        self.at = at
        self.draws = draws
        self.failures = failures
        self.tokens = tokens
    }
}

/// Some tables of a run, taken evenly from all of them: what its charts are drawn from.
package struct RunSample: Hashable, Sendable {
    /// The rewards of a prompt.
    package struct Table: Hashable, Sendable {
        /// Whether all rewards are equal.
        package var isDegenerate: Bool
        /// The rewards, ascending; not empty.
        package var rewards: [Double]

        /// Joins both.
        package init(isDegenerate: Bool, rewards: [Double]) {
            self.isDegenerate = isDegenerate
            self.rewards = rewards
        }
    }

    /// A completion with a reward.
    package struct Length: Hashable, Sendable {
        /// In tokens, or in characters where tokens are not known.
        package var length: Int
        /// Raw reward.
        package var reward: Double
        /// Whether `max_tokens` cut it off.
        package var isTruncated: Bool

        /// Joins the parts.
        package init(length: Int, reward: Double, isTruncated: Bool) {
            self.length = length
            self.reward = reward
            self.isTruncated = isTruncated
        }
    }

    /// Whether these are all tables of the run.
    package var isWhole: Bool
    /// The tables, in order of prompt.
    package var tables: [Table]
    /// Completions of some of these prompts.
    package var lengths: [Length]
    /// Whether lengths are in tokens.
    package var isInTokens: Bool
    /// When it was read, in UTC.
    package var readAt: String

    /// Joins the parts.
    package init(
        isWhole: Bool, tables: [Table], lengths: [Length], isInTokens: Bool, readAt: String = ""
    ) {
        self.isWhole = isWhole
        self.tables = tables
        self.lengths = lengths
        self.isInTokens = isInTokens
        self.readAt = readAt
    }
}
