internal import OgiveCore

/// A server that is not deterministic: each attempt at a draw has its own content, from which the
/// attempt can be read again.
///
/// The same simulation can be run with the contents swapped: other texts, other lengths, rewards of
/// the other sign, failures instead of successes. Nothing else may change then.
struct AttemptModel: Sendable {
    /// Whether contents are swapped.
    let isSwapped: Bool
    /// Whether failures to sample are swapped with successes too: not where another run shares the
    /// sampling, which then has something else to do.
    let swapsSampling: Bool

    /// Room for the attempts in a reward, which names that of the text as well.
    private static let room = 1.0 * 1_048_576

    /// The result of one item.
    func result(of item: WorkItem, attempt: UInt64, seedBase: UInt64) -> ItemResult {
        var result = ItemResult(name: item.name)
        let draw = UInt64(item.name.index)
        if item.stage == .logProbability {
            guard ((attempt &+ 5 &* draw) % 4 == 0) == isSwapped else {
                return failed(result, .logProbability, attempt)
            }
            result.logProbability = LogProbability(
                sum: isSwapped ? -Double(attempt) - 0.5 : -Double(attempt),
                tokenCount: isSwapped ? 9_999 : 1)
            return result
        }
        if item.needsSampling {
            guard (attempt &+ draw) % 7 != 0 || (isSwapped && swapsSampling) else {
                return failed(result, .sampling, attempt)
            }
            if isSwapped, swapsSampling, (attempt &+ draw) % 5 == 0 {
                return failed(result, .sampling, attempt)
            }
            result.seed = seedBase + draw
            result.completion = Completion(
                text: text(attempt), tokenCount: isSwapped ? 500 : 1,
                finishReason: isSwapped ? .length : .stop, logProbability: nil)
        }
        guard ((attempt &+ 3 &* draw) % 4 == 0) == isSwapped else {
            return failed(result, .scoring, attempt)
        }
        let text = item.needsSampling ? attempt : Self.attempt(ofText: item.text ?? "")
        let reward = Double(text) * Self.room + Double(attempt)
        result.reward = isSwapped ? -reward : reward
        return result
    }

    private func text(_ attempt: UInt64) -> String {
        isSwapped ? "another and a longer text of \(attempt)" : "\(attempt)"
    }

    private func failed(
        _ result: ItemResult, _ stage: Failure.Stage, _ attempt: UInt64
    ) -> ItemResult {
        var result = result
        result.failure = Failure(
            stage: stage, code: .malformed, message: "no answer", attempts: Int(attempt))
        return result
    }

    /// The attempt that made a text; 0 for a candidate's.
    static func attempt(ofText text: String) -> UInt64 {
        UInt64(text) ?? text.split(separator: " ").last.flatMap { UInt64($0) } ?? 0
    }

    /// The attempt that made a log-probability.
    static func attempt(ofSum sum: Double) -> UInt64 { UInt64(sum.magnitude) }

    /// The attempts that made a reward and its text.
    static func attempts(ofReward reward: Double) -> (text: UInt64, reward: UInt64) {
        let text = (reward.magnitude / room).rounded(.down)
        return (UInt64(text), UInt64(reward.magnitude - text * room))
    }
}
