internal import OgiveCore

/// How far log-probabilities of draws are from those of the same texts when they are given back.
struct AgreementEvidence {
    /// Draws that could be compared.
    private(set) var count = 0
    /// The largest difference, in nats.
    private(set) var worst = 0.0
    /// Draws that ended with another token than the one that is put behind candidates.
    private(set) var otherEnds = 0
    /// Draws that could not be given back.
    private(set) var refused = 0
    /// Why the first of them could not.
    private(set) var refusal: ModelError?

    /// Nats by which two ways to one log-probability may differ.
    private static let agreementMax = 0.1

    /// Whether all that could be compared agree.
    var isClose: Bool { worst <= Self.agreementMax }

    /// Compares one. Another split of the same text into tokens is another number, not a fault;
    /// neither is another end token, so that is left out where the tokens are known.
    mutating func add(_ draw: Completion, _ given: LogProbability) {
        guard given.tokenCount == draw.tokenCount, let sum = draw.logProbability else { return }
        var difference = given.sum - sum
        if let ids = draw.tokenIDs, let values = draw.tokenLogProbabilities,
            let givenIDs = given.tokenIDs, let givenValues = given.tokenValues,
            ids.count == values.count, ids.count == givenIDs.count
        {
            guard ids.dropLast() == givenIDs.dropLast() else { return }
            if ids.last != givenIDs.last {
                otherEnds += 1
                difference =
                    givenValues.dropLast().reduce(0, +) - values.dropLast().reduce(0, +)
            }
        }
        count += 1
        worst = max(worst, abs(difference))
    }

    /// Notes a draw that the server does not take back.
    mutating func add(_ error: ModelError) {
        refused += 1
        refusal = refusal ?? error
    }
}
