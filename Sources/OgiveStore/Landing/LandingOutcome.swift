internal import OgiveCore

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
    init(_ item: borrowing ItemResult) {
        if item.name.kind == .candidateLogProbability {
            tell(item)
            return
        }
        switch item.reward {
        case .some(let value) where Score(value, parts: item.parts).isPossible:
            reward = value
        case .some(let value):
            failure =
                item.failure
                ?? Failure(
                    stage: .scoring, code: .notFinite,
                    message: "The reward is \(value), of the parts \(item.parts.prefix(16)): a "
                        + "reward, and each part, is a number up to ±\(Score.magnitudeMax).",
                    attempts: 1)
        case .none:
            failure = item.failure
        }
    }

    private mutating func tell(_ item: borrowing ItemResult) {
        let values = item.logProbability?.tokenValues ?? []
        if let value = item.logProbability, value.isValid, values.allSatisfy(\.isFinite) {
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
