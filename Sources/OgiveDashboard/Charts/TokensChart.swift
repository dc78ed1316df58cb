package import OgiveCore

/// The log-probabilities of a completion's tokens: a bar for each, downwards from 0, stronger the
/// less probable the token was.
package struct TokensChart: Hashable, Sendable {
    let id: String
    let tokens: [CompletionDetail.Token]
    let count: Int

    /// A chart of the first tokens of `count`; `nil` without any.
    package init?(id: String, _ tokens: [CompletionDetail.Token], count: Int) {
        guard !tokens.isEmpty else { return nil }
        self.id = id
        self.tokens = tokens
        self.count = max(count, tokens.count)
    }

    /// The figure.
    package var figure: Figure {
        var caption =
            "A bar for each token, from 0 down to its log-probability: the longer and the stronger "
            + "the colour, the less the policy expected it."
        if count > tokens.count {
            caption += " Shown: the first \(tokens.count) of \(NumberLabel.count(count))."
        }
        return Figure(
            id: id, title: "Log-probabilities of the tokens.", caption: caption,
            height: plot.height, drawing: Markup([plot.frame, bars]), table: table)
    }

    private var least: Double { min(-1, tokens.map(\.logProbability).min() ?? -1) }

    private var plot: Plot {
        Plot(
            x: (0, Double(tokens.count)), y: (least, 0), xTitle: "token", yTitle: "nats",
            height: 180)
    }

    private var bars: Markup {
        let (plot, least) = (plot, least)
        return Markup(
            tokens.enumerated().map { index, token in
                let (left, right) = (plot.x(Double(index)), plot.x(Double(index + 1)))
                let share = min(1, max(0, token.logProbability / least))
                return plot.box(
                    left, plot.y(0), max(right - 0.3, left + 0.4),
                    max(plot.y(token.logProbability), plot.y(0) + 1), "b",
                    opacity: 0.25 + 0.74 * share)
            })
    }

    private var table: DataTable {
        var table = DataTable(
            .number("place"), .number("token"), .number("log-probability"))
        for (index, token) in tokens.enumerated() {
            table.add(
                "\(index)", "\(token.id)", NumberLabel.decimal(token.logProbability, 4))
        }
        return table
    }
}
