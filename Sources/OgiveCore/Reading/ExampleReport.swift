/// Draws and candidates that were given up for one reason.
package struct FailureReport: Hashable, Sendable {
    /// One of them.
    package struct Example: Hashable, Sendable {
        /// The prompt's key.
        package var promptKey: String
        /// `draw`, `candidate` or `candidate_logprob`.
        package var kind: String
        /// Index within its kind.
        package var index: Int32
        /// What is wrong, cut.
        package var message: CutText

        /// Joins the parts.
        package init(promptKey: String, kind: String, index: Int32, message: CutText) {
            self.promptKey = promptKey
            self.kind = kind
            self.index = index
            self.message = message
        }
    }

    /// Kind of failure, for example `timeout`.
    package var code: String
    /// `sampling`, `scoring` or `logprob`.
    package var stage: String
    /// How many.
    package var count: Int
    /// Prompts that they belong to.
    package var prompts: Int
    /// The first ones.
    package var examples: [Example]
    /// How many kinds there are behind this one that are not named: more than 0 for the last one
    /// only, where there are too many.
    package var further = 0

    /// Joins the parts.
    package init(code: String, stage: String, count: Int, prompts: Int, examples: [Example]) {
        self.code = code
        self.stage = stage
        self.count = count
        self.prompts = prompts
        self.examples = examples
    }
}

/// What was given up, as far as a page counts it.
package struct FailureSample: Hashable, Sendable {
    /// Most failures that are counted.
    package static let most = 10_000

    /// By code and stage.
    package var groups: [FailureReport]

    /// Whether these are all failures of the run.
    package var isWhole: Bool { counted < Self.most }

    /// How many were counted.
    package let counted: Int

    /// Of these groups, in which `counted` failures are, and in those that they leave out.
    package init(groups: [FailureReport], counted: Int) {
        self.groups = groups
        self.counted = counted
    }
}

/// A text from outside, of which a part is there.
package struct CutText: Hashable, Sendable {
    /// Its beginning.
    package var beginning: String
    /// How many characters (Unicode scalars) the whole has.
    package var characters: Int

    /// Joins both.
    package init(_ beginning: String, characters: Int) {
        self.beginning = beginning
        self.characters = characters
    }

    /// A text of which all is there.
    package init(_ text: String) {
        self.init(text, characters: text.unicodeScalars.count)
    }
}

/// Candidates with one label.
package struct CandidateReport: Hashable, Sendable {
    /// The label, cut.
    package var label: CutText
    /// How many there are.
    package var count: Int
    /// How many have a reward.
    package var rewards: Int
    /// The mean of the rewards; `nil` without any.
    package var meanReward: Double?
    /// The mean of the quantile rewards; `nil` without any.
    package var meanQuantileReward: Double?
    /// Quartiles of the quantile rewards: 0.25, 0.5 and 0.75.
    package var quartiles: [Double]

    /// Joins the parts.
    package init(
        label: CutText, count: Int, rewards: Int, meanReward: Double?,
        meanQuantileReward: Double?, quartiles: [Double]
    ) {
        self.label = label
        self.count = count
        self.rewards = rewards
        self.meanReward = meanReward
        self.meanQuantileReward = meanQuantileReward
        self.quartiles = quartiles
    }
}

/// A prompt with its distribution of rewards.
package struct ExamplePrompt: Hashable, Sendable {
    /// A reference draw.
    package struct Draw: Hashable, Sendable {
        /// Index of the draw.
        package var index: Int32
        /// Raw reward.
        package var reward: Double
        /// Length in tokens; `nil` where the server did not report it.
        package var tokens: Int32?
        /// Whether `max_tokens` cut it off.
        package var isTruncated: Bool
        /// The seed that was sent for it; `nil` where the server takes none.
        package var seed: Int64?
        /// The completion; `nil` where the example shows others.
        package var text: CutText?

        /// Joins the parts.
        package init(
            index: Int32, reward: Double, tokens: Int32? = nil, isTruncated: Bool = false,
            seed: Int64? = nil, text: CutText? = nil
        ) {
            self.index = index
            self.reward = reward
            self.tokens = tokens
            self.isTruncated = isTruncated
            self.seed = seed
            self.text = text
        }
    }

    /// A completion that came with the prompt.
    package struct Candidate: Hashable, Sendable {
        /// Index of the candidate.
        package var index: Int32
        /// Its label.
        package var label: CutText
        /// Raw reward.
        package var reward: Double
        /// The completion.
        package var text: CutText

        /// Joins the parts.
        package init(index: Int32, label: CutText, reward: Double, text: CutText) {
            self.index = index
            self.label = label
            self.reward = reward
            self.text = text
        }
    }

    /// The share of tables with at most this mean reward that it was chosen for, in [0, 1].
    package var share: Double
    /// Its name within the set.
    package var key: String
    /// Its number.
    package var id: PromptID
    /// What is put to the policy.
    package var content: CutText
    /// Draws that the run asks for, of this prompt.
    package var target: Int
    /// All rewards of the table, ascending.
    package var rewards: [Double]
    /// The draws by ascending reward; at most `ReportBounds.draws`.
    package var draws: [Draw]
    /// The candidates with a reward; at most `ReportBounds.draws`.
    package var candidates: [Candidate]

    /// Joins the parts.
    package init(
        share: Double, key: String, id: PromptID, content: CutText, target: Int,
        rewards: [Double], draws: [Draw], candidates: [Candidate]
    ) {
        self.share = share
        self.key = key
        self.id = id
        self.content = content
        self.target = target
        self.rewards = rewards
        self.draws = draws
        self.candidates = candidates
    }
}
