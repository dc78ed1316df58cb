internal import OgiveCore

/// Scores of the same texts, asked for in several ways.
struct ScoreEvidence {
    let name: String
    let isModel: Bool
    let together: [Double]
    let again: [Double]
    let alone: [Double]

    /// So few scores within an interval may be there by chance.
    private static let rangeMin = 8
    /// Rewards that differ by less are the same: batches are added up in another order.
    private static let absolute = 0.005
    /// The same as a share of the spread.
    private static let relative = 0.01

    var findings: [Finding] {
        [variety, determinism, batches] + (range.map { [$0] } ?? [])
    }

    private var spread: Double {
        (together.max() ?? 0) - (together.min() ?? 0)
    }
    private var tolerance: Double { max(Self.absolute, spread * Self.relative) }

    private func largest(_ other: [Double]) -> Double {
        zip(together, other).map { abs($0 - $1) }.max() ?? 0
    }

    private var variety: Finding {
        let least = PolicyProbe.short(together.min() ?? 0)
        let most = PolicyProbe.short(together.max() ?? 0)
        if spread > 0 {
            return Finding(
                .ok, .scorerVaries, at: name,
                "\(together.count) texts have rewards from \(least) to \(most)")
        }
        return Finding(
            isModel ? .warning : .note, .scorerVaries, at: name,
            "\(together.count) different texts all have the reward \(least)",
            advice: isModel
                ? "look at the scorer with a good and a bad answer: a constant reward makes every "
                    + "table degenerate" : nil)
    }

    private var determinism: Finding {
        let difference = largest(again)
        if difference <= tolerance {
            return Finding(
                .ok, .scorerDeterministic, at: name,
                "\(together.count) texts have the same rewards again"
                    + (difference > 0 ? " (within \(PolicyProbe.short(difference)))" : ""))
        }
        return Finding(
            .warning, .scorerDeterministic, at: name,
            "the same text has rewards that differ by up to \(PolicyProbe.short(difference)), of "
                + "a spread of \(PolicyProbe.short(spread))",
            advice: "a noisy reward widens every distribution: make the scorer deterministic "
                + "(temperature 0 of a judge, no dropout, float32)")
    }

    private var batches: Finding {
        let noise = largest(again)
        let difference = largest(alone)
        if difference <= max(tolerance, 2 * noise) {
            return Finding(
                .ok, .scorerBatches, at: name,
                "\(together.count) texts have the same rewards together and one by one"
                    + (difference > 0 ? " (within \(PolicyProbe.short(difference)))" : ""))
        }
        return Finding(
            .error, .scorerBatches, at: name,
            "a text has another reward among others than alone, by up to "
                + "\(PolicyProbe.short(difference)): what is beside it counts (padding without a "
                + "mask, or scores in another order than the texts)",
            advice: "set `scorer.batch_size: 1`, and fix the scorer")
    }

    private var range: Finding? {
        guard isModel, together.count >= Self.rangeMin, spread > 0 else { return nil }
        let all = together + alone
        let interval =
            all.allSatisfy { (0...1).contains($0) }
            ? "[0, 1]" : all.allSatisfy { (-1...1).contains($0) } ? "[−1, 1]" : nil
        guard let interval else {
            return Finding(
                .ok, .scorerRaw, at: name, "rewards leave [0, 1] and [−1, 1]: they are raw")
        }
        return Finding(
            .warning, .scorerRaw, at: name,
            "all of \(together.count) rewards are in \(interval): they may be squashed, by a "
                + "sigmoid or a tanh, where large rewards come to lie together",
            advice: "let the scorer give its raw number; nothing, if this is its own range")
    }
}
