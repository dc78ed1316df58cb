internal import OgiveCore

/// Two reference versions: how far the rewards of prompts moved from the first to the second.
struct VersionsPage: Sendable {
    /// Most prompts that are listed, the farthest first.
    static let shownMax = 20
    /// Below it a p-value is counted; as many are expected by chance.
    static let level = 0.05

    var first: RunOverview
    var second: RunOverview
    /// The label of the second version; `nil` without one.
    var revision: String?
    var comparison: VersionComparison

    private var prompts: [VersionComparison.Prompt] { comparison.prompts }

    var page: DashboardPage {
        DashboardPage(
            title: "\(first.source.run) to \(second.source.run)",
            trail: DashboardPage.trail(first) + [
                (Markup("Comparisons"), DashboardLink.comparisons(first.id))
            ],
            body: Markup([
                Markup("h1") {
                    OutsideText.short(first.source.run)
                    " to "
                    OutsideText.short(second.source.run)
                }, lede,
                prompts.isEmpty
                    ? Markup("p", [], "No prompt that was looked at has rewards in both runs yet.")
                    : Markup([facts, charts, shifts, farthest]),
                command,
            ]))
    }

    private var lede: Markup {
        Markup("p", [Attribute("class", "lede")]) {
            "Two reference versions with the same prompts and the scorer "
            Markup("strong") { OutsideText.short(first.source.scorer) }
            ": completions of "
            Markup("strong") { OutsideText.short(first.source.policy) }
            " and of "
            Markup("strong") { OutsideText.short(second.source.policy) }
            if let revision {
                ", revision "
                OutsideText.short(revision)
            }
            "."
        }
    }

    private var facts: Markup {
        let distances = prompts.map(\.distance)
        let shift = SampleReport.moments(prompts.map { $0.otherMean - $0.mean })
        var facts = [
            DashboardPage.fact(
                "prompts", Markup(NumberLabel.count(prompts.count)),
                comparison.isWhole
                    ? "with rewards in both" : "at even distances, with rewards in both"),
            DashboardPage.fact(
                "distance, mean",
                Markup(NumberLabel.decimal(SampleReport.moments(distances).mean, 3)),
                "Kolmogorov and Smirnov"),
            DashboardPage.fact(
                "largest", Markup(NumberLabel.decimal(distances.max() ?? 0, 3))),
            DashboardPage.fact(
                "shift of means", Markup(Self.signed(shift.mean)),
                shift.deviation.map {
                    let error = $0 / Double(prompts.count).squareRoot()
                    return "± \(NumberLabel.value(error, digits: 2)) (standard error)"
                }),
        ]
        if let moved = comparison.moved {
            facts.append(
                DashboardPage.fact(
                    "moved", Markup(NumberLabel.count(moved)),
                    "of \(NumberLabel.count(prompts.count, "prompt")); at most 5 % of these by "
                        + "chance"))
        } else if prompts.allSatisfy({ $0.pValue != nil }) {
            let small = prompts.count { ($0.pValue ?? 1) <= Self.level }
            facts.append(
                DashboardPage.fact(
                    "p-value ≤ 0.05", Markup(NumberLabel.share(small, of: prompts.count)),
                    "of prompts; about 5 % by chance alone"))
        }
        return DashboardPage.facts(facts)
    }

    private static func signed(_ value: Double) -> String {
        (value > 0 ? "+" : "") + NumberLabel.value(value, digits: 3)
    }

    private var charts: Markup {
        Markup("div", [Attribute("class", "charts")]) {
            if let data = SampleReport.density(
                prompts.map { ($0.mean, $0.otherMean, false) })
            {
                DensityChart(
                    id: "means",
                    DensityChart.Words(
                        title: "Mean rewards of both versions.",
                        caption: "Prompts by their mean reward in either version.",
                        x: "first version", y: "second version", thing: "prompt"), data
                ).figure.markup
            }
            histogram(
                "shifts", "Shift of mean rewards.", "shift of the mean reward",
                prompts.map { $0.otherMean - $0.mean })
            histogram(
                "distances", "Distances of the tables.", "distance", prompts.map(\.distance))
        }
    }

    private func histogram(
        _ id: String, _ title: String, _ value: String, _ values: [Double]
    ) -> Markup {
        let sorted = values.sorted()
        guard let data = SampleReport.histogram(sorted) else { return .empty }
        return HistogramChart(
            id: id, data, median: SampleReport.quantile(sorted, 0.5),
            words: .init(title: title, thing: "prompt", value: value)
        ).figure.markup
    }

    private var shifts: Markup {
        var table = DataTable(.number("quantile"), .number("mean shift over prompts"))
        for (place, level) in VersionComparison.levels.enumerated() {
            let moved = prompts.compactMap { prompt in
                prompt.quantileShifts.indices.contains(place)
                    ? prompt.quantileShifts[place] : nil
            }
            table.add(
                "\(NumberLabel.value(level * 100, digits: 2)) %",
                Self.signed(SampleReport.moments(moved).mean))
        }
        return DashboardPage.section("Quantiles") {
            table.markup("How far the quantiles of prompts' rewards moved, second less first")
        }
    }

    private var farthest: Markup {
        var table = DataTable(
            .text("prompt"), .number("distance"), .number("p-value"), .number("mean shift"),
            .number("rewards"), .text("curves"))
        for prompt in prompts.prefix(Self.shownMax) {
            table.add([
                OutsideText.line(prompt.key), Markup(NumberLabel.decimal(prompt.distance, 3)),
                Markup(prompt.pValue.map { NumberLabel.value($0, digits: 2) } ?? "–"),
                Markup(Self.signed(prompt.otherMean - prompt.mean)),
                Markup(
                    "\(NumberLabel.count(prompt.count)), \(NumberLabel.count(prompt.otherCount))"),
                Markup([
                    DashboardPage.link("first", DashboardLink.prompt(prompt.id, first.id)),
                    Markup(", "),
                    DashboardPage.link("second", DashboardLink.prompt(prompt.id, second.id)),
                ]),
            ])
        }
        return DashboardPage.section("Prompts that moved farthest") {
            table.markup("Of the prompts that were looked at, the farthest first")
        }
    }

    private var command: Markup {
        let names = [first, second].map { ShellWord.quoted($0.source.run) }
        return Markup([
            Markup("p", [], "All prompts, and which of them moved:"),
            Markup("pre") { OutsideText.line("ogive compare \(names.joined(separator: " "))") },
        ])
    }
}
