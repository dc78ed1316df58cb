internal import OgiveCore

/// One result of a batch, with what became of its item. Shared, because the plan puts it into
/// lists and tables: a copy of a value of this size costs more than its row.
final class LandingResult: Sendable {
    /// The item, across prompts.
    struct Key: Hashable, Sendable {
        let prompt: Int64
        let name: ItemName

        func _rawHashValue(seed: Int) -> Int {
            let name = UInt64(name.kind.rawValue) << 32 | UInt64(UInt32(bitPattern: name.index))
            return QuickHash.of(UInt64(bitPattern: prompt), name, seed: seed)
        }
    }

    let key: Key
    let outcome: LandingOutcome
    /// Its place among all results of the batch.
    let arrival: Int
    /// What tells the text that was sampled from most others of the prompt; `nil` when it brings
    /// none.
    let textSample: TextSample?
    private let group: LandingGroup
    private let index: Int

    /// The result at an index of a group, the `arrival`-th of its batch.
    init(_ group: LandingGroup, _ index: Int, arrival: Int) {
        key = Key(prompt: group.prompt.rawValue, name: group.items[index].name)
        outcome = LandingOutcome(group.items.span, index)
        let text = key.name.kind == .draw ? group.items[index].completion?.content : nil
        textSample = text.map { TextSample($0, of: group.prompt.rawValue) }
        self.group = group
        self.index = index
        self.arrival = arrival
    }

    /// Whether it brings a text that was sampled.
    var hasText: Bool { textSample != nil }
    /// Bytes of that text.
    var textBytes: Int? { textSample?.bytes }
    /// Who brought it.
    var worker: WorkerID { group.worker }
    /// Tokens of its text, where they are known. These fields are read where they are: a copy of
    /// the item costs more than all of them.
    var tokenCount: Int? { group.items[index].completion?.tokenCount }
    /// Whether the limit cut its text off.
    var isTruncated: Bool { group.items[index].completion?.finishReason == .length }
    /// Tokens of the prompt, at one draw of each request.
    var promptTokenCount: Int? { group.items[index].completion?.promptTokenCount }
    /// Tokens that the policy spent on a candidate's log-probability.
    var policyTokens: TokenCount? { group.items[index].policyTokens }
    /// Tokens that the scorer spent.
    var scorerTokens: TokenCount? { group.items[index].scorerTokens }
    /// Rewards of the parts of a weighted sum.
    var parts: [Double] { group.items[index].parts }
    /// The result as it came, which stays in its group.
    var item: ItemResult { _read { yield group.items[index] } }

    /// The hash of its text; `nil` when it brings none.
    var textDigest: SHA256Digest? {
        guard hasText, let text = item.completion?.content else { return nil }
        return SHA256Digest(hashing: text)
    }

    /// The text that was sampled. A candidate brings its text: a completion of it would be
    /// nonsense.
    var completion: Completion? { key.name.kind == .draw ? item.completion : nil }
}

extension LandingResult.Key: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.prompt, left.name) < (right.prompt, right.name)
    }
}

/// What became of an item: a finite reward or log-probability, or a failure, or neither yet.
struct LandingOutcome: Sendable {
    /// The reward; nil when there is a failure.
    private(set) var reward: Double?
    /// What the policy said of a candidate; nil for all other items.
    private(set) var logProbability: LogProbability?
    /// Why the reward or the log-probability is missing.
    private(set) var failure: Failure?

    /// Whether there is one.
    var isSome: Bool { reward != nil || logProbability != nil || failure != nil }

    /// An error is never a number: what is not finite becomes a failure.
    init(_ items: Span<ItemResult>, _ index: Int) {
        if items[index].name.kind == .candidateLogProbability {
            readLogProbability(of: items[index])
            return
        }
        let parts = items[index].parts
        switch items[index].reward {
        case .some(let value) where Score(value, parts: parts).isPossible:
            reward = value
        case .some(let value):
            failure =
                items[index].failure
                ?? Failure(
                    stage: .scoring, code: .notFinite,
                    message: "The reward is \(value), of the parts \(parts.prefix(16)): a "
                        + "reward, and each part, is a number up to ±\(Score.magnitudeMax).",
                    attempts: 1)
        case .none:
            failure = items[index].failure
        }
    }

    private mutating func readLogProbability(of item: borrowing ItemResult) {
        if let value = item.logProbability, value.isValid {
            logProbability = value
        } else {
            failure =
                item.failure
                ?? item.logProbability.map {
                    Failure(
                        stage: .logProbability, code: .notFinite,
                        message: "The log-probability is \($0.sum) of \($0.tokenCount) tokens, "
                            + "or that of a token is not finite.",
                        attempts: 1)
                }
        }
    }
}

/// A reward, with the rewards of the parts that it is made of.
struct LandingScore: Sendable, Equatable {
    var reward: Double
    var parts: [Double]
}

/// A new reward of a draw or candidate.
struct LandingReward: Sendable {
    /// The result that brought it.
    let result: LandingResult
    /// What brought the text in this batch; nil when the database has it.
    let text: LandingResult?
    /// The reward: of several items with one text, that of the first one.
    var score: LandingScore

    /// Takes the reward that a result brought, with its parts.
    init(result: LandingResult, text: LandingResult?, _ reward: Double) {
        self.result = result
        self.text = text
        score = LandingScore(reward: reward, parts: result.parts)
    }

    var key: LandingResult.Key { result.key }

    /// Whether another plan lands the same here.
    func agrees(with other: LandingReward) -> Bool {
        result === other.result && score == other.score
    }
}
