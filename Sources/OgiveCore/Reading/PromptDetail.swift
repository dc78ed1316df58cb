/// A prompt of a run with its distribution and what lies beside it.
package struct PromptDetail: Hashable, Sendable {
    /// Something of it that was given up.
    package struct Failure: Hashable, Sendable {
        /// `draw`, `candidate` or `candidate_logprob`.
        package var kind: String
        /// Index within its kind.
        package var index: Int32
        /// `sampling`, `scoring` or `logprob`.
        package var stage: String
        /// Kind of failure.
        package var code: String
        /// What is wrong, cut.
        package var message: CutText

        /// Joins the parts.
        package init(kind: String, index: Int32, stage: String, code: String, message: CutText) {
            self.kind = kind
            self.index = index
            self.stage = stage
            self.code = code
            self.message = message
        }
    }

    /// Its number.
    package var id: PromptID
    /// Its key.
    package var key: String
    /// What is put to the policy, cut.
    package var content: CutText
    /// Its distribution with draws and candidates; `nil` before there is a reward.
    package var distribution: ExamplePrompt?
    /// Completions without a reward, the first ones.
    package var unscored: [Int32]
    /// What was given up, the first ones.
    package var failures: [Failure]
    /// The prompt before it in its set.
    package var previous: PromptID?
    /// The prompt after it.
    package var next: PromptID?

    /// Joins the parts.
    package init(
        id: PromptID, key: String, content: CutText, distribution: ExamplePrompt?,
        unscored: [Int32] = [], failures: [Failure] = [], previous: PromptID? = nil,
        next: PromptID? = nil
    ) {
        self.id = id
        self.key = key
        self.content = content
        self.distribution = distribution
        self.unscored = unscored
        self.failures = failures
        self.previous = previous
        self.next = next
    }
}

/// A reference completion with all that is stored of it.
package struct CompletionDetail: Hashable, Sendable {
    /// A sampled token.
    package struct Token: Hashable, Sendable {
        /// Its number in the vocabulary.
        package var id: Int32
        /// Its log-probability, in nats.
        package var logProbability: Double

        /// Joins both.
        package init(id: Int32, logProbability: Double) {
            self.id = id
            self.logProbability = logProbability
        }
    }

    /// Most tokens that are read.
    package static let tokensMax = 2048

    /// Index of the draw.
    package var draw: Int32
    /// The completion, cut.
    package var text: CutText
    /// Raw reward; `nil` while there is none.
    package var reward: Double?
    /// Share of the prompt's rewards that are at most this one.
    package var quantileReward: Double?
    /// log π_ref(y|x) at temperature 1, in nats; `nil` where it is not known.
    package var logProbability: Double?
    /// Length in tokens; `nil` where the server did not report it.
    package var tokenCount: Int32?
    /// `stop`, `length` or `other`.
    package var finishReason: String
    /// The seed that was sent for it; `nil` where the server takes none.
    package var seed: Int64?
    /// Time of the request that made it, in milliseconds.
    package var milliseconds: Double?
    /// The worker incarnation that made it.
    package var worker: String
    /// When it was committed, in UTC.
    package var landedAt: String
    /// Its tokens, the first ones; empty unless they are stored.
    package var tokens: [Token]

    /// Joins the parts.
    package init(
        draw: Int32, text: CutText, reward: Double? = nil, quantileReward: Double? = nil,
        logProbability: Double? = nil, tokenCount: Int32? = nil, finishReason: String = "stop",
        seed: Int64? = nil, milliseconds: Double? = nil, worker: String = "",
        landedAt: String = "", tokens: [Token] = []
    ) {
        self.draw = draw
        self.text = text
        self.reward = reward
        self.quantileReward = quantileReward
        self.logProbability = logProbability
        self.tokenCount = tokenCount
        self.finishReason = finishReason
        self.seed = seed
        self.milliseconds = milliseconds
        self.worker = worker
        self.landedAt = landedAt
        self.tokens = tokens
    }
}

/// The text of a stored completion, which never changes and may be long: how long it is, not the
/// text itself.
package struct LongText: Hashable, Sendable {
    /// The run through which it is read.
    package var run: RunID
    /// The prompt.
    package var prompt: PromptID
    /// Index of the draw.
    package var draw: Int32
    /// Its length in characters (Unicode scalars), up to the most that were asked for.
    package var characters: Int
    /// The length of these characters in UTF-8.
    package var bytes: Int

    /// Joins the parts.
    package init(run: RunID, prompt: PromptID, draw: Int32, characters: Int, bytes: Int) {
        self.run = run
        self.prompt = prompt
        self.draw = draw
        self.characters = characters
        self.bytes = bytes
    }
}
