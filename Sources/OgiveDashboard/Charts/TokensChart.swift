package import OgiveCore

/// The log-probabilities of a completion's tokens: a bar for each, downwards from 0, stronger the
/// less probable the token was; and the numbers of the tokens in a row, coloured alike.
package struct TokensChart: Hashable, Sendable {
    /// Most bars: of more tokens the first ones, which is as much as there is room for.
    static let barsMax = 512
    /// Log-probabilities below which a colour begins, the weakest first.
    static let bounds = [-0.1, -0.5, -1, -2, -4, -8]

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
        if count > barCount { caption += Self.part(barCount, of: count) }
        return Figure(
            id: id, title: "Log-probabilities of the tokens.", caption: caption,
            height: plot.height, drawing: Markup([plot.frame, bars]), supplement: strip,
            table: table)
    }

    private static func part(_ shown: Int, of count: Int) -> String {
        " Shown: the first \(NumberLabel.count(shown)) of \(NumberLabel.count(count))."
    }

    private var barCount: Int { min(tokens.count, Self.barsMax) }

    private var least: Double {
        min(-1, tokens.prefix(barCount).map(\.logProbability).min() ?? -1)
    }

    private var plot: Plot {
        Plot(
            x: (0, Double(barCount)), y: (least, 0), xTitle: "token", yTitle: "nats",
            height: 180)
    }

    private var bars: Markup {
        let (plot, least) = (plot, least)
        return Markup(
            tokens.prefix(barCount).enumerated().map { index, token in
                let (left, right) = (plot.x(Double(index)), plot.x(Double(index + 1)))
                let share = min(1, max(0, token.logProbability / least))
                return plot.box(
                    left, plot.y(0), max(right - 0.3, left + 0.4),
                    max(plot.y(token.logProbability), plot.y(0) + 1), "b",
                    opacity: 0.25 + 0.74 * share)
            })
    }

    /// The class of a token's colour, from `t0`, which has none.
    static func style(_ logProbability: Double) -> String {
        "t\(bounds.count { logProbability < $0 })"
    }

    /// The tokens in a row. What a screen reader needs of it is the table.
    private var strip: Markup {
        var words =
            "The tokens by their numbers in the vocabulary, coloured by log-probability. Ogive "
            + "stores no texts of tokens, so the text above is not split into them: the "
            + "tokenizer of the policy turns these numbers into texts."
        if count > tokens.count { words += Self.part(tokens.count, of: count) }
        return Markup([
            Markup("p", [Attribute("class", "note")], words), key,
            Markup(
                "div",
                [
                    Attribute("class", "tokens"), Attribute("role", "img"),
                    Attribute("tabindex", "0"),
                    Attribute(
                        "aria-label",
                        "\(NumberLabel.count(tokens.count, "token")), coloured; the table below "
                            + "has their numbers"),
                ]
            ) {
                for (index, token) in tokens.enumerated() {
                    Markup(
                        "span",
                        [
                            Attribute("class", Self.style(token.logProbability)),
                            Attribute(
                                "title",
                                "token \(index): \(NumberLabel.decimal(token.logProbability, 4))"),
                        ], "\(token.id)")
                    " "
                }
            },
        ])
    }

    /// Which colour is which log-probability.
    private var key: Markup {
        Markup("p", [Attribute("class", "tokens key"), Attribute("aria-hidden", "true")]) {
            "nats: "
            Markup("span", [Attribute("class", "t0")], "0 to \(NumberLabel.value(Self.bounds[0]))")
            for (index, bound) in Self.bounds.enumerated() {
                " "
                Markup(
                    "span", [Attribute("class", "t\(index + 1)")],
                    "below \(NumberLabel.value(bound))")
            }
        }
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
