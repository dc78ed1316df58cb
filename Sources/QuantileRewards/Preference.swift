internal import Numerics

/// How probably one completion is preferred to another.
public enum Preference {
    /// σ((a − b) / scale): Bradley and Terry (1952). NaN unless both rewards are finite and the
    /// scale is positive.
    public static func probability(of a: Double, over b: Double, scale: Double = 1) -> Double {
        guard a.isFinite, b.isFinite, scale > 0 else { return .nan }
        let x = (a - b) / scale
        // Both forms are the same; each is exact where the other would overflow or cancel.
        return x >= 0 ? 1 / (1 + Double.exp(-x)) : Double.exp(x) / (1 + Double.exp(x))
    }

    /// The probability that the majority of `votes` independent votes, each for `a` with
    /// `probability(of:over:scale:)`, is for `a`; an even split counts half. For methods that learn
    /// from votes instead of rewards (zeroth-order policy gradients from preferences, arXiv
    /// 2409.17401). NaN also for less than one vote.
    public static func majority(
        of votes: Int, for a: Double, over b: Double, scale: Double = 1
    ) -> Double {
        guard votes > 0 else { return .nan }
        let p = probability(of: a, over: b, scale: scale)
        guard !p.isNaN else { return .nan }
        // Pr[B > M/2] = I_p(m, m) with m = (M + 1)/2 for odd M; an even number decides as the odd
        // one below it does.
        let half = Double((votes + 1) / 2)
        return BetaDistribution(a: half, b: half).cdf(p)
    }
}
