/// The distribution of the rewards of a prompt's reference completions: what turns a raw reward
/// into a quantile reward (QRPO, arXiv 2507.08068).
public struct EmpiricalDistribution: Sendable, Hashable {
    /// The rewards, ascending, at least one, all finite.
    public let rewards: [Double]

    /// Sorts `rewards`; `nil` when there is none, or one that is NaN or infinite: an error is
    /// never a score.
    public init?(_ rewards: some Sequence<Double>) {
        let sorted = rewards.sorted()
        // NaN would break the order of the sort, so each element is looked at.
        guard !sorted.isEmpty, sorted.allSatisfy(\.isFinite) else { return nil }
        self.rewards = sorted
    }

    /// n: the number of reference rewards.
    public var count: Int { rewards.count }

    /// R_q(r) = Pr[ref ≤ r] as estimated by the table, in [0, 1]; NaN when `reward` is not finite.
    ///
    /// `ties` says how references equal to `reward` count; the paper's estimator is `right`.
    public func quantileReward(of reward: Double, ties: TieRule = .right) -> Double {
        guard reward.isFinite else { return .nan }
        let total = Double(count)
        switch ties {
        case .right: return Double(rank(of: reward)) / total
        case .left: return Double(countBelow(reward)) / total
        case .mid: return Double(countBelow(reward) + rank(of: reward)) / (2 * total)
        }
    }

    /// The smallest reward r of the table with R_q(r) ≥ p; the smallest one for p = 0. `nil` when
    /// p is outside of [0, 1].
    public func quantile(_ p: Double) -> Double? {
        guard p >= 0, p <= 1 else { return nil }
        let total = Double(count)
        var rank = max(1, min(count, Int((p * total).rounded(.up))))
        // The product is rounded: the rank must be the least whose share reaches p.
        if rank > 1, Double(rank - 1) / total >= p {
            rank -= 1
        } else if rank < count, Double(rank) / total < p {
            rank += 1
        }
        return rewards[rank - 1]
    }

    /// Whether all rewards are equal: such a table cannot tell completions apart.
    public var isDegenerate: Bool { rewards.first == rewards.last }

    /// The mean of the rewards.
    public var mean: Double {
        // A running mean does not overflow where a sum of large rewards would.
        var mean = 0.0
        for (index, reward) in rewards.enumerated() {
            let share = 1 / Double(index + 1)
            mean += reward * share - mean * share
        }
        return mean
    }

    /// The standard deviation of the rewards, with n − 1 in the denominator; `nil` for n = 1.
    public var standardDeviation: Double? {
        guard count > 1 else { return nil }
        let mean = mean
        let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(count - 1)).squareRoot()
    }

    /// #{ref ≤ reward}, by binary search.
    func rank(of reward: Double) -> Int {
        partition { $0 <= reward }
    }

    /// #{ref < reward}, by binary search.
    private func countBelow(_ reward: Double) -> Int {
        partition { $0 < reward }
    }

    /// The number of leading rewards for which `holds`, when it holds for a prefix.
    private func partition(_ holds: (Double) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(rewards[middle]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
