internal import OgiveCore

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
        score = LandingScore(reward: reward, parts: result.item.parts)
    }

    var key: LandingResult.Key { result.key }

    /// Whether another plan lands the same here.
    func agrees(with other: LandingReward) -> Bool {
        result === other.result && score == other.score
    }
}
