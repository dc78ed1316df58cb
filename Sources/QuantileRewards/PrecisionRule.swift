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

/// Spreads a fixed number of completions over prompts so that the sum of the variances of their
/// candidates' quantile rewards, Σ_x V_x / n_x, is smallest: n_x ∝ √V_x (Neyman 1934), here with
/// bounds on each n_x.
public enum NeymanAllocation {
    /// √Σ_j q̃_j (1 − q̃_j): a prompt's weight, with q̃ = (k + 1)/(count + 2) for the rank k of each
    /// candidate among `count` references; ½, that of one candidate at worst, without candidates.
    /// 0 without references: nothing can be sampled there.
    public static func weight(ranks: [Int], of count: Int) -> Double {
        guard count > 0 else { return 0 }
        if ranks.isEmpty { return 0.5 }
        return ranks.reduce(0) { sum, rank in
            let share = Double(rank + 1) / Double(count + 2)
            return sum + share * (1 - share)
        }.squareRoot()
    }

    /// A number in `min`...`max` for each prompt, proportional to its weight between the bounds.
    /// They add up to `total`, or to the nearest number that the bounds allow. What rounding down
    /// leaves goes to the largest remainders, among equals to the first. Weights are finite and at
    /// least 0.
    public static func counts(weights: [Double], total: Int, min: Int, max: Int) -> [Int] {
        precondition(min >= 0 && min <= max)
        let largest = weights.max() ?? 0
        // Weights of 0 get something only where all others have `max`.
        let weights = weights.map { largest > 0 ? Swift.max($0 / largest, 1e-12) : 1 }
        let total = Swift.min(Swift.max(total, weights.count * min), weights.count * max)
        func shares(_ scale: Double) -> [Double] {
            weights.map { Swift.min(Swift.max(scale * $0, Double(min)), Double(max)) }
        }
        var (low, high) = (0.0, Double(max) / (weights.min() ?? 1) + 1)
        // Halves the interval down to neighbouring numbers; the lower end never gives too many.
        while true {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { break }
            if shares(middle).reduce(0, +) <= Double(total) { low = middle } else { high = middle }
        }
        return round(shares(low), to: total, max: max)
    }

    private static func round(_ shares: [Double], to total: Int, max: Int) -> [Int] {
        // A share that should be whole may be a last digit below it.
        var counts = shares.map { Int(($0 + 1e-9).rounded(.down)) }
        var left = total - counts.reduce(0, +)
        let order = shares.indices.sorted { first, second in
            let remainders = (
                shares[first] - Double(counts[first]), shares[second] - Double(counts[second])
            )
            return remainders.0 == remainders.1
                ? first < second : remainders.0 > remainders.1
        }
        while left > 0 {
            let before = left
            for index in order where left > 0 && counts[index] < max {
                counts[index] += 1
                left -= 1
            }
            if left == before { break }
        }
        return counts
    }
}
