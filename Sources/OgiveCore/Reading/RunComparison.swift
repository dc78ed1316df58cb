/// Another run that a run can be compared with.
package struct RelatedRun: Hashable, Sendable {
    /// What both have in common.
    package enum Relation: Hashable, Sendable {
        /// The completions: two scorings of one sampling.
        case scoring
        /// Prompts and scorer: two reference versions.
        case version
    }

    /// Its number.
    package var id: RunID
    /// Its name.
    package var name: String
    /// What both have in common.
    package var relation: Relation
    /// Model id of its policy.
    package var policy: String
    /// The label that tells versions of the policy apart; `nil` without one.
    package var revision: String?
    /// Model id or name of its scorer.
    package var scorer: String

    /// Most of them that are read, the latest ones.
    package static let most = 100

    /// Joins the parts.
    package init(
        id: RunID, name: String, relation: Relation, policy: String, revision: String?,
        scorer: String
    ) {
        self.id = id
        self.name = name
        self.relation = relation
        self.policy = policy
        self.revision = revision
        self.scorer = scorer
    }
}

/// How the rewards of some prompts moved from one reference version to another.
package struct VersionComparison: Hashable, Sendable {
    /// A prompt with rewards in both.
    package struct Prompt: Hashable, Sendable {
        /// Its number.
        package var id: PromptID
        /// Its key, cut.
        package var key: CutText
        /// Its rewards in the first run.
        package var count: Int
        /// Its rewards in the second run.
        package var otherCount: Int
        /// The distance of Kolmogorov and Smirnov.
        package var distance: Double
        /// Its p-value; `nil` where it was not computed.
        package var pValue: Double?
        /// Its mean reward in the first run.
        package var mean: Double
        /// Its mean reward in the second run.
        package var otherMean: Double
        /// How far each of `levels` moved.
        package var quantileShifts: [Double]

        /// Joins the parts.
        package init(
            id: PromptID, key: CutText, count: Int, otherCount: Int, distance: Double,
            pValue: Double?, mean: Double, otherMean: Double, quantileShifts: [Double]
        ) {
            self.id = id
            self.key = key
            self.count = count
            self.otherCount = otherCount
            self.distance = distance
            self.pValue = pValue
            self.mean = mean
            self.otherMean = otherMean
            self.quantileShifts = quantileShifts
        }
    }

    /// The shares whose quantiles are compared.
    package static let levels = [0.1, 0.25, 0.5, 0.75, 0.9]

    /// Whether these are all prompts of the runs.
    package var isWhole: Bool
    /// The prompts.
    package var prompts: [Prompt]
    /// How many of them moved, when at most one in twenty of these is there by chance; `nil` where
    /// not all prompts were looked at.
    package var moved: Int?

    /// Joins the parts.
    package init(isWhole: Bool, prompts: [Prompt], moved: Int?) {
        self.isWhole = isWhole
        self.prompts = prompts
        self.moved = moved
    }
}

/// A named version of a run, as a list shows it.
package struct SnapshotOverview: Hashable, Sendable {
    /// Its number.
    package var id: Int64
    /// Its name.
    package var name: String
    /// When it was made, in UTC.
    package var madeAt: String
    /// Whether nothing of the run was pending then.
    package var isComplete: Bool
    /// Completions that it holds.
    package var draws: Int
    /// Those of them with a reward.
    package var rewards: Int
    /// Draws that had failed.
    package var failures: Int
    /// Candidates with a reward.
    package var candidates: Int
    /// Checksum of all that it holds, in hexadecimal.
    package var sha256: String

    /// Most of them that are read, the latest ones.
    package static let most = 100

    /// Joins the parts.
    package init(
        id: Int64, name: String, madeAt: String, isComplete: Bool, draws: Int, rewards: Int,
        failures: Int, candidates: Int, sha256: String
    ) {
        self.id = id
        self.name = name
        self.madeAt = madeAt
        self.isComplete = isComplete
        self.draws = draws
        self.rewards = rewards
        self.failures = failures
        self.candidates = candidates
        self.sha256 = sha256
    }
}

/// Some prompts in two snapshots of a run, or in one and as the run is now.
package struct SnapshotComparison: Hashable, Sendable {
    /// A prompt.
    package struct Prompt: Hashable, Sendable {
        /// Its number.
        package var id: PromptID
        /// Its key, cut.
        package var key: CutText
        /// Its rewards in the first one.
        package var count: Int
        /// Its rewards in the second one.
        package var otherCount: Int
        /// Whether draws, rewards and rewards of candidates are the same in both.
        package var isSame: Bool
        /// The distance of Kolmogorov and Smirnov; `nil` without rewards in both.
        package var distance: Double?
        /// Its mean reward in the first one; `nil` without rewards.
        package var mean: Double?
        /// Its mean reward in the second one; `nil` without rewards.
        package var otherMean: Double?

        /// Joins the parts.
        package init(
            id: PromptID, key: CutText, count: Int, otherCount: Int, isSame: Bool,
            distance: Double?, mean: Double?, otherMean: Double?
        ) {
            self.id = id
            self.key = key
            self.count = count
            self.otherCount = otherCount
            self.isSame = isSame
            self.distance = distance
            self.mean = mean
            self.otherMean = otherMean
        }
    }

    /// Whether these are all prompts of the run.
    package var isWhole: Bool
    /// The prompts.
    package var prompts: [Prompt]

    /// Joins both.
    package init(isWhole: Bool, prompts: [Prompt]) {
        self.isWhole = isWhole
        self.prompts = prompts
    }
}
