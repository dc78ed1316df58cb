import OgiveCore
import Testing

@testable import OgiveDashboard

/// Charts as drawings: where the marks are, and the table behind each.
@Suite(.timeLimit(.minutes(10))) struct ChartTests {
    private static func example(
        _ rewards: [Double], candidates: [(label: String, reward: Double)] = [],
        truncated: Set<Int> = []
    ) -> ExamplePrompt {
        ExamplePrompt(
            share: 0.5, key: "p", id: PromptID(1), content: CutText("?"), target: rewards.count,
            rewards: rewards.sorted(),
            draws: rewards.sorted().enumerated().map { index, reward in
                ExamplePrompt.Draw(
                    index: Int32(index), reward: reward, isTruncated: truncated.contains(index))
            },
            candidates: candidates.enumerated().map { index, candidate in
                ExamplePrompt.Candidate(
                    index: Int32(index), label: CutText(candidate.label), reward: candidate.reward,
                    text: CutText("text"))
            })
    }

    private static func curve(_ example: ExamplePrompt) throws -> String {
        let html = try #require(CurveChart(id: "c", example)).figure.markup.html
        expectWhole(html)
        expectHarmless(html)
        return html
    }

    /// The path of the elements of a style.
    private static func path(_ style: String, _ html: String) -> [String] {
        html.elements("path").filter { $0.contains("class=\"\(style)\"") }
            .flatMap { $0.values(of: "d") }
    }

    @Test func `The curve has a step for each reward, in its place`() throws {
        let html = try Self.curve(Self.example([0, 1, 2, 3]))
        // The field is 37.2…426 × 26…240; rewards are −0.12…3.12.
        #expect(
            Self.path("curve-a", html)
                == ["M37.2 240H51.6V186.5H171.6V133H291.6V79.5H411.6V26H426"])
        #expect(Self.path("rug", html).count == 4)
        #expect(Self.path("band", html).count == 1)
        #expect(html.elements("circle").isEmpty)
        // √(ln 40 / 8) = 0.679
        #expect(html.contains("±0.68"))
    }

    @Test func `Equal rewards are one step`() throws {
        let chart = try #require(CurveChart(id: "c", Self.example([1, 1, 1, 2, 5, 5])))
        #expect(chart.steps.map(\.reward) == [1, 2, 5])
        #expect(chart.steps.map(\.share) == [0.5, 4.0 / 6, 1])
        // Also where there are many: each of two values is a step.
        let many = Self.example((0..<5001).map { $0 < 1777 ? 0 : 1 })
        #expect(CurveChart(id: "c", many)?.steps.map(\.share) == [1777.0 / 5001, 1])
        let one = try Self.curve(Self.example([7, 7, 7]))
        #expect(Self.path("curve-a", one).first?.count(of: "V") == 1)
    }

    @Test func `A large table has a bounded number of steps, and ends at 1`() throws {
        let rewards = (0..<100_003).map(Double.init)
        let chart = try #require(CurveChart(id: "c", Self.example(rewards)))
        #expect((400...(CurveChart.stepsMax + 1)).contains(chart.steps.count))
        #expect(chart.steps.last?.share == 1 && chart.steps.last?.reward == 100_002)
        #expect(zip(chart.steps, chart.steps.dropFirst()).allSatisfy { $0.share < $1.share })
    }

    @Test func `Candidates stand on the curve, with interval and label`() throws {
        let html = try Self.curve(
            Self.example([0, 1, 2, 3], candidates: [("chosen", 1.5), ("<b>\u{202e}", 9)]))
        let circles = html.elements("circle")
        #expect(circles.count == 2)
        // Two of four rewards are at most 1.5; all are at most 9.
        #expect(circles.map { $0.values(of: "cy") } == [["133"], ["26"]])
        #expect(Self.path("interval", html).count == 2 && Self.path("drop", html).count == 2)
        #expect(html.contains("chosen") && html.contains(" 0.50</text>"))
        #expect(html.contains("&lt;b&gt;<code class=\"escape\">\\u{202e}</code> 1.00</text>"))
        // In the table: the interval of Jeffreys for 2 of 4, and each draw.
        #expect(html.contains("0.123 to 0.877"))
        #expect(html.count(of: "<tr>") == 1 + 2 + 4)
    }

    @Test func `Truncated draws are marked`() throws {
        let html = try Self.curve(Self.example([0, 1, 2], truncated: [1]))
        #expect(html.count(of: ">×</text>") == 1)
        #expect(Self.path("rug", html).count == 2)
        #expect(html.contains("draw 1, truncated") && html.contains("Truncated draws are marked"))
    }

    @Test(arguments: [
        [0.0], [5, 5], [-1e140, 1e140], [1e-300, 2e-300], [1e15, 1e15 + 1], [-0.0, 0.0],
        [1e140, 1e140],
    ])
    func `Any rewards make a whole drawing`(rewards: [Double]) throws {
        let html = try Self.curve(Self.example(rewards, candidates: [("a", rewards[0])]))
        #expect(!html.contains("nan") && !html.contains("inf"))
    }

    @Test func `Without rewards there is no curve`() {
        #expect(CurveChart(id: "c", Self.example([])) == nil)
        #expect(CurveChart(id: "c", Self.example([.nan])) == nil)
    }

    @Test func `Labels keep their distance`() {
        let places = LabelColumn.places([50, 10, 52, 51], gap: 14, top: 0, bottom: 100)
        let sorted = places.sorted()
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 >= 14 })
        #expect(places[1] == 10 && places[0] == 50 && places[3] == 64 && places[2] == 78)
        #expect(LabelColumn.places([99, 98], gap: 14, top: 0, bottom: 100) == [100, 86])
        #expect(LabelColumn.places([], gap: 14, top: 0, bottom: 100).isEmpty)
    }

    @Test func `Marks of an axis are round, and within it`() {
        let cases: [(Double, Double, [String])] = [
            (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (-4.1, 4.3, ["−4", "−2", "0", "2", "4"]),
            (4, 512, ["100", "200", "300", "400", "500"]),
            (
                0, 123_456,
                [
                    "0", "20\u{202f}000", "40\u{202f}000", "60\u{202f}000",
                    "80\u{202f}000", "100\u{202f}000", "120\u{202f}000",
                ]
            ),
            (0, 850, ["0", "200", "400", "600", "800"]),
        ]
        for (low, high, labels) in cases {
            #expect(Scale(low, high, from: 0, to: 1).ticks(5).map(\.label) == labels)
        }
        for (low, high) in [(-1e140, 1e140), (1e-300, 2e-300), (1e15, 1e15 + 2), (3, 3)] {
            let scale = Scale(low, high, from: 0, to: 1)
            #expect(scale.ticks(5).count <= 11)
            let slack = (scale.high - scale.low) * 1e-6
            let ends = (scale.low - slack)...(scale.high + slack)
            #expect(scale.ticks(5).allSatisfy { ends.contains($0.value) })
        }
    }
}

/// Charts of many prompts.
@Suite(.timeLimit(.minutes(10))) struct AggregateChartTests {
    @Test func `A histogram has a bar for each bin, as high as its count`() {
        let range = BinnedRange(low: 0, high: 4, bins: 4)
        let data = HistogramData(
            range: range,
            bins: [
                .init(index: 0, count: 1, least: 0.1, most: 0.2),
                .init(index: 2, count: 4, least: 2, most: 2.9),
            ], below: 3, above: 2)
        let html = HistogramChart(id: "h", data, median: 2).figure.markup.html
        expectWhole(html)
        let bars = html.elements("rect")
        #expect(bars.count == 2)
        // From 26 to 224: 198 is 4 draws.
        #expect(bars.flatMap { $0.values(of: "height") } == ["49.5", "198"])
        #expect(html.contains("further out, 3 below and 2 above"))
        #expect(html.contains("median 2<"))
        #expect(html.count(of: "<tr>") == 1 + 2 + 2)
    }

    @Test func `Few values are shown as such`() {
        let data = HistogramData(
            range: BinnedRange(low: 0, high: 1, bins: 40),
            bins: [
                .init(index: 0, count: 30, least: 0, most: 0),
                .init(index: 39, count: 10, least: 1, most: 1),
            ])
        #expect(data.isDiscrete)
        let html = HistogramChart(id: "h", data, median: 0).figure.markup.html
        #expect(html.elements("rect").flatMap { $0.values(of: "width") } == ["4", "4"])
        #expect(
            html.contains("A stem for each reward that a draw has") && !html.contains(">median"))
    }

    @Test func `Cells are darker the more pairs they have, and marked ones have a disc`() {
        let data = DensityData(
            x: BinnedRange(low: 0, high: 10, bins: 5), y: BinnedRange(low: 0, high: 1, bins: 2),
            cells: [
                .init(column: 0, row: 0, count: 1), .init(column: 4, row: 1, count: 4, marked: 1),
            ], outside: 7)
        let words = DensityChart.Words(
            title: "T", caption: "C.", x: "tokens", y: "reward", thing: "draw",
            marked: "truncated", line: "mean reward")
        let line = [
            LengthReport.Column(index: 0, count: 1, mean: 0.25),
            LengthReport.Column(index: 4, count: 4, mean: 0.75),
        ]
        let html = DensityChart(id: "d", words, data, line: line).figure.markup.html
        expectWhole(html)
        #expect(html.elements("rect").count == 2)
        // √¼ of the way from 0.1 to 1; the fullest cell has no opacity of its own.
        #expect(html.values(of: "fill-opacity") == ["0.55"])
        #expect(html.elements("circle").count == 1)
        #expect(html.contains("7 that lie further out") && html.contains("4 draws"))
        #expect(html.contains("― mean reward") && html.contains("● truncated"))
        #expect(html.count(of: "class=\"curve\"") == 1)
    }

    @Test func `Each quantile has a curve with its name`() {
        let shares = [0, 0.5, 1]
        let curves = [0.1, 0.5, 0.9].map { level in
            QuantilesOverPrompts(
                level: level,
                values: shares.map { ReportQuantile(share: $0, value: level + $0) })
        }
        let html = QuantilesChart(id: "q", curves).figure.markup.html
        expectWhole(html)
        #expect(html.count(of: "class=\"curve-a thin\"") == 2)
        #expect(html.count(of: "class=\"curve-a\"") == 1)
        for name in [">quantile 0.1<", ">median<", ">quantile 0.9<"] {
            #expect(html.contains(name))
        }
        #expect(html.count(of: "<tr>") == 1 + 9)
    }

    @Test func `A range leaves out what lies far out, and is never empty`() {
        let near = BinnedRange(least: 0, lower: 1, upper: 9, most: 10, bins: 10)
        #expect(near.low == 0 && near.high == 10)
        let far = BinnedRange(least: -1e9, lower: 0, upper: 10, most: 1e9, bins: 10)
        #expect(far.low == -5 && far.high == 15)
        let equal = BinnedRange(least: 3, lower: 3, upper: 3, most: 3, bins: 2)
        #expect(equal.low < 3 && equal.high > 3)
        let mostly = BinnedRange(least: 0, lower: 1, upper: 1, most: 1, bins: 2)
        #expect(mostly.low == 0 && mostly.high == 1)
        let huge = BinnedRange(least: 1e140, lower: 1e140, upper: 1e140, most: 1e140, bins: 2)
        #expect(huge.low < huge.high && huge.edge(2) == huge.high && huge.edge(0) == huge.low)
    }
}
