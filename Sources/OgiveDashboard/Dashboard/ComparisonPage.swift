internal import OgiveCore

/// Two scorings of the same completions.
struct ComparisonPage: Sendable {
    /// Most disagreements that are shown.
    static let shownMax = 6
    /// Most characters of a completion.
    static let charactersMax = 2000

    /// A completion that the two scorers judge very differently.
    struct Disagreement: Sendable {
        var pair: ScoringComparison.Pair
        var text: CutText
    }

    var first: RunOverview
    var second: RunOverview
    var comparison: ScoringComparison
    var disagreements: [Disagreement]

    /// The completions whose quantile rewards differ most, the first ones.
    static func largest(_ comparison: ScoringComparison) -> [ScoringComparison.Pair] {
        func difference(_ pair: ScoringComparison.Pair) -> Double {
            abs(pair.firstQuantile - pair.secondQuantile)
        }
        let sorted = comparison.pairs.sorted {
            (difference($1), $0.prompt, $0.draw) < (difference($0), $1.prompt, $1.draw)
        }
        return Array(sorted.prefix(shownMax))
    }

    var page: DashboardPage {
        DashboardPage(
            title: "\(first.source.run) and \(second.source.run)",
            trail: DashboardPage.trail(first) + [
                (Markup("Comparisons"), DashboardLink.comparisons(first.id))
            ],
            body: Markup([
                Markup("h1") {
                    OutsideText.short(first.source.run)
                    " and "
                    OutsideText.short(second.source.run)
                },
                Markup("p", [Attribute("class", "lede")]) {
                    "The same completions, scored with "
                    Markup("strong") { OutsideText.short(first.source.scorer) }
                    " and with "
                    Markup("strong") { OutsideText.short(second.source.scorer) }
                    "."
                },
                comparison.pairs.isEmpty
                    ? Markup("p", [], "No completion has a reward in both runs yet.") : content,
            ]))
    }

    private var content: Markup {
        let pairs = comparison.pairs
        return Markup([
            DashboardPage.facts([
                DashboardPage.fact("completions", Markup(NumberLabel.count(pairs.count))),
                DashboardPage.fact(
                    "rank correlation of rewards",
                    Markup(Self.text(RankCorrelation.of(pairs.map { ($0.first, $0.second) }))),
                    "Spearman"),
                DashboardPage.fact(
                    "of quantile rewards",
                    Markup(
                        Self.text(
                            RankCorrelation.of(
                                pairs.map { ($0.firstQuantile, $0.secondQuantile) }))),
                    "Spearman, within prompts"),
            ]),
            charts, texts,
        ])
    }

    private static func text(_ value: Double?) -> String {
        value.map { NumberLabel.decimal($0, 3) } ?? "–"
    }

    private func chart(
        _ id: String, _ what: String, _ pairs: [(x: Double, y: Double, isMarked: Bool)]
    ) -> Markup {
        guard let data = SampleReport.density(pairs) else { return .empty }
        return DensityChart(
            id: id,
            DensityChart.Words(
                title: "\(what) of the two scorers.",
                caption: "Completions by their \(what.lowercased()) from either scorer.",
                x: "first scorer", y: "second scorer", thing: "completion"), data
        ).figure.markup
    }

    private var charts: Markup {
        Markup("div", [Attribute("class", "charts")]) {
            chart("rewards", "Rewards", comparison.pairs.map { ($0.first, $0.second, false) })
            chart(
                "quantiles", "Quantile rewards",
                comparison.pairs.map { ($0.firstQuantile, $0.secondQuantile, false) })
        }
    }

    private var texts: Markup {
        DashboardPage.section("Largest disagreements") {
            for disagreement in disagreements {
                let pair = disagreement.pair
                Markup("h3") {
                    DashboardPage.link(
                        "Prompt #\(pair.prompt.rawValue), draw \(pair.draw)",
                        DashboardLink.opened(pair.draw, pair.prompt, first.id))
                    ": quantile reward \(NumberLabel.decimal(pair.firstQuantile, 3)) and "
                    NumberLabel.decimal(pair.secondQuantile, 3)
                    ", reward \(NumberLabel.value(pair.first)) and "
                    NumberLabel.value(pair.second)
                }
                OutsideText.block(disagreement.text)
            }
        }
    }
}

/// Spearman's correlation: that of ranks, with the mean rank for equal values.
enum RankCorrelation {
    /// `nil` where one of both sides has a single value only.
    static func of(_ pairs: [(Double, Double)]) -> Double? {
        let (x, y) = (ranks(pairs.map(\.0)), ranks(pairs.map(\.1)))
        let middle = Double(pairs.count - 1) / 2
        var (product, left, right) = (0.0, 0.0, 0.0)
        for (x, y) in zip(x, y) {
            product += (x - middle) * (y - middle)
            left += (x - middle) * (x - middle)
            right += (y - middle) * (y - middle)
        }
        guard left > 0, right > 0 else { return nil }
        return product / (left * right).squareRoot()
    }

    private static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var begin = 0
        while begin < order.count {
            var end = begin
            while end + 1 < order.count, values[order[end + 1]] == values[order[begin]] { end += 1 }
            for place in begin...end { ranks[order[place]] = Double(begin + end) / 2 }
            begin = end + 1
        }
        return ranks
    }
}
