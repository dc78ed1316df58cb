package import OgiveCore

/// What every `Scorer` must keep, run on verifiers, synthetic, scripted and real ones.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct ScorerConformance: Sendable {
    /// The scorer under test, which scores `requests` without failing.
    package var scorer: any Scorer
    /// At least two requests with different rewards.
    package var requests: [ScoreRequest]
    /// How far two scorings of one completion may differ (floating-point order in batches).
    package var tolerance: Double

    /// Joins the parts.
    package init(scorer: any Scorer, requests: [ScoreRequest], tolerance: Double = 0) {
        self.scorer = scorer
        self.requests = requests
        self.tolerance = tolerance
    }

    /// Runs all checks.
    package func problems() async -> [String] {
        var problems: [String] = []
        if await scorer.score([]).count != 0 { problems.append("an empty batch has answers") }
        let all = await scorer.score(requests)
        guard all.count == requests.count else {
            return problems + ["\(all.count) answers for \(requests.count) requests"]
        }
        problems += all.compactMap(Self.failure)
        problems += await orderIsKept(all)
        let rewards = all.compactMap { try? $0.get().reward }
        if !rewards.allSatisfy(\.isFinite) { problems.append("a reward is not finite") }
        if Set(rewards).count < 2 { problems.append("all rewards are alike: \(rewards)") }
        return problems
    }

    /// A completion's reward follows from it alone: reversed, and one by one.
    private func orderIsKept(_ all: [Result<Score, ModelError>]) async -> [String] {
        let reversed = await scorer.score(requests.reversed())
        var problems: [String] = []
        for (place, request) in requests.enumerated() {
            let alone = await scorer.score([request])
            for other in [reversed.dropLast(place).last, alone.first] {
                guard let mine = try? all[place].get().reward,
                    let theirs = try? other?.get().reward
                else {
                    problems.append("completion \(place) is not always scored")
                    continue
                }
                if abs(mine - theirs) > tolerance {
                    problems.append("completion \(place) has the rewards \(mine) and \(theirs)")
                }
            }
        }
        return problems
    }

    private static func failure(_ result: Result<Score, ModelError>) -> String? {
        if case .failure(let error) = result { "a scoring failed: \(error)" } else { nil }
    }
}
