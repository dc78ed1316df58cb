internal import Numerics

/// How many reference completions of a prompt are enough for its candidates' quantile rewards to
/// be as precise as asked for, judged by the completions that are there.
///
/// The standard error of a quantile reward q̂ = k/n is √(q (1 − q) / n). The rule puts
/// q̃ = (k + 1)/(n + 2) in the place of q (Laplace's rule of succession): q̂ itself is 0 or 1 where
/// no, or every, reference is at most the reward, and would call 8 draws exact there. q̃ lies
/// between q̂ and ½, so an error that the rule accepts is accepted by the plug-in too.
public struct PrecisionRule: Sendable, Hashable {
    /// The largest standard error of a quantile reward, in (0, ½).
    public let targetStandardError: Double

    /// `nil` unless 0 < `targetStandardError` < ½: ½ is the error of one completion at most.
    public init?(targetStandardError: Double) {
        guard targetStandardError > 0, targetStandardError < 0.5 else { return nil }
        self.targetStandardError = targetStandardError
    }

    /// The completions that the least precise candidate needs: ⌈q̃ (1 − q̃) / target²⌉. `ranks`
    /// holds k = #{ref ≤ reward} of each candidate among `count` references. Without candidates,
    /// or references, the share is taken for ½, where the error is largest.
    public func needed(ranks: [Int], of count: Int) -> Int {
        let largest = ranks.map { variance(rank: $0, of: count) }.max() ?? 0.25
        let needed = largest / (targetStandardError * targetStandardError)
        // A product that should be whole may be a last digit above it.
        return Int(exactly: (needed * (1 - 1e-12)).rounded(.up)) ?? Int(Int32.max)
    }

    /// q̃ (1 − q̃).
    private func variance(rank: Int, of count: Int) -> Double {
        let share = Double(rank + 1) / Double(count + 2)
        return share * (1 - share)
    }

    /// The number of draws to go on to after a look at all of draws 0..<`draws`, of which `count`
    /// have a reward; `draws` itself when they are enough, or none has one.
    ///
    /// It is what `needed` lacks, at least a quarter more, so that looks are few, and at most
    /// twice as many, so that a small first sample cannot ask for far too many.
    public func next(after draws: Int, ranks: [Int], of count: Int, max: Int) -> Int {
        guard count > 0, draws < max else { return draws }
        let lacking = needed(ranks: ranks, of: count) - count
        guard lacking > 0 else { return draws }
        // Without candidates nothing is estimated: there is nothing to look at on the way.
        let most = ranks.isEmpty ? lacking : draws
        let step = Swift.min(Swift.max(lacking, (draws + 3) / 4), Swift.max(most, 1))
        return Swift.min(draws + step, max)
    }
}
