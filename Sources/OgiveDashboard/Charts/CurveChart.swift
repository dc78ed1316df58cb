internal import OgiveCore
internal import QuantileRewards

/// The curve of a prompt: the share of reference draws with at most a reward, as steps, with the
/// band that holds the whole true distribution and the candidates standing on it.
struct CurveChart: Hashable, Sendable {
    /// Most steps that are drawn: of more, every so many, and the last.
    static let stepsMax = 500
    /// Most candidates with a label.
    static let labelsMax = 8
    /// Confidence of bands and intervals.
    static let level = 0.95

    /// Most steps that the Tab key reaches in the drawing: of more, the table has the links.
    static let tabStopsMax = 64

    let id: String
    let example: ExamplePrompt
    /// Where the completions of draws are, for a page that can open them.
    let links: CompletionLinks?
    private let distribution: EmpiricalDistribution

    /// `nil` for a prompt without rewards, or with one that is not finite.
    init?(id: String, _ example: ExamplePrompt, links: CompletionLinks? = nil) {
        guard let distribution = EmpiricalDistribution(example.rewards) else { return nil }
        self.id = id
        self.example = example
        self.links = links
        self.distribution = distribution
    }

    /// The figure.
    var figure: Figure {
        Figure(
            id: id, title: "Quantile reward.", caption: caption, height: plot.height,
            drawing: Markup([plot.frame, band, curve, rug, candidates, linkedSteps]),
            table: table, isInteractive: links != nil)
    }

    private var caption: String {
        let half = NumberLabel.decimal(distribution.bandHalfWidth(level: Self.level), 2)
        var text =
            "The share of \(NumberLabel.count(distribution.count, "draw")) with at most a reward. "
            + "With 95 % confidence the whole true curve lies in the band (DKW, ±\(half))."
        if example.draws.contains(where: \.isTruncated) { text += " Truncated draws are marked ×." }
        if !example.candidates.isEmpty {
            text += " Candidates stand on the curve, with 95 % intervals (Jeffreys)."
        }
        return text
    }

    private var plot: Plot {
        let rewards =
            [example.rewards.first, example.rewards.last].compactMap { $0 }
            + example.candidates.map(\.reward)
        let (low, high) = (rewards.min() ?? 0, rewards.max() ?? 1)
        let room = (high / 2 - low / 2) * 0.08
        return Plot(
            x: (low - room, high + room), y: (0, 1), xTitle: "reward", yTitle: "quantile reward",
            height: 280,
            yTicks: [(0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1, "1")])
    }

    /// The steps: rewards ascending, each with the share of draws at most that; equal rewards are
    /// one step.
    var steps: [(reward: Double, share: Double)] {
        let rewards = distribution.rewards
        var steps: [(reward: Double, share: Double)] = []
        for (index, reward) in rewards.enumerated()
        where index + 1 == rewards.count || rewards[index + 1] != reward {
            steps.append((reward, Double(index + 1) / Double(rewards.count)))
        }
        guard steps.count > Self.stepsMax else { return steps }
        let stride = steps.count / Self.stepsMax + 1
        // The last one reaches 1.
        let last = steps.count - 1
        return steps.indices.filter { $0 % stride == 0 || $0 == last }.map { steps[$0] }
    }

    /// The path of the curve moved by `shift`, from the left to the right edge of the field.
    private func path(_ shift: Double, _ plot: Plot) -> String {
        func y(_ share: Double) -> Double { plot.y(min(1, max(0, share + shift))) }
        var path = Coordinate.point(plot.x.from, y(0))
        for step in steps {
            path += "H\(Coordinate.text(plot.x(step.reward)))V\(Coordinate.text(y(step.share)))"
        }
        return path + "H\(Coordinate.text(plot.x.to))"
    }

    private var band: Markup {
        let plot = plot
        let half = distribution.bandHalfWidth(level: Self.level)
        func lower(_ share: Double) -> String { Coordinate.text(plot.y(max(0, share - half))) }
        // There along the upper end, and back along the lower one.
        var path = "M\(path(half, plot))V\(lower(1))"
        let steps = steps
        for index in steps.indices.reversed() {
            let before = index > 0 ? steps[index - 1].share : 0
            path += "H\(Coordinate.text(plot.x(steps[index].reward)))V\(lower(before))"
        }
        path += "H\(Coordinate.text(plot.x.from))Z"
        return Markup("path", [Attribute("class", "band"), Attribute("d", path)])
    }

    private var curve: Markup {
        Markup("path", [Attribute("class", "curve-a"), Attribute("d", "M\(path(0, plot))")])
    }

    /// The steps of the curve as links to the completions that made them. Equal rewards stand above
    /// each other along their step.
    private var linkedSteps: Markup {
        guard let links else { return .empty }
        let plot = plot
        let isReached = example.draws.count <= Self.tabStopsMax
        var equal = 0
        return Markup(
            example.draws.enumerated().map { place, draw in
                let isSame = place > 0 && example.draws[place - 1].reward == draw.reward
                equal = isSame ? equal + 1 : 0
                let rank = rank(below: draw.reward) + equal + 1
                let (x, y) = (
                    plot.x(draw.reward), plot.y(Double(rank) / Double(distribution.count))
                )
                let quantile = distribution.quantileReward(of: draw.reward)
                let name =
                    "draw \(draw.index): reward \(NumberLabel.value(draw.reward)), quantile reward "
                    + NumberLabel.decimal(quantile, 3) + (draw.isTruncated ? ", truncated" : "")
                return Markup(
                    "a",
                    [
                        Attribute("class", draw.isTruncated ? "step truncated" : "step"),
                        Attribute("aria-label", name),
                    ] + links.attributes(draw.index)
                        + (isReached ? [] : [Attribute("tabindex", "-1")])
                ) {
                    Markup("title", [], name)
                    Markup(
                        "circle",
                        [
                            Attribute("class", "hit"), Attribute("cx", x), Attribute("cy", y),
                            Attribute("r", 9),
                        ])
                    Markup(
                        "circle",
                        [
                            Attribute("class", "dot"), Attribute("cx", x), Attribute("cy", y),
                            Attribute("r", 3.5),
                        ])
                }
            })
    }

    /// How many rewards are less than one.
    private func rank(below reward: Double) -> Int {
        let rewards = distribution.rewards
        var (low, high) = (0, rewards.count)
        while low < high {
            let middle = (low + high) / 2
            if rewards[middle] < reward { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A mark for each draw on the axis.
    private var rug: Markup {
        let plot = plot
        return Markup(
            example.draws.map { draw in
                let x = plot.x(draw.reward)
                guard draw.isTruncated else {
                    return plot.line(x, plot.y.from, x, plot.y.from - 6, "rug")
                }
                return plot.label("×", x, plot.y.from - 1, anchor: "middle", style: "label c")
            })
    }

    private var candidates: Markup {
        let plot = plot
        let points = example.candidates.map { candidate in
            (candidate, distribution.quantileReward(of: candidate.reward))
        }
        let labelled = points.prefix(Self.labelsMax)
        let places = LabelColumn.places(
            labelled.map { plot.y($0.1) - 6 }, gap: Plot.characterHeight + 2, top: plot.y.to + 4,
            bottom: plot.y.from - 8)
        return Markup([
            Markup(points.map { mark($0.0, $0.1, plot) }),
            Markup(
                zip(labelled, places).map { point, place in
                    let x = plot.x(point.0.reward)
                    let isRight = x > Plot.width * 0.6
                    return plot.label(
                        Markup([
                            OutsideText.line(Self.short(point.0.label)),
                            Markup(" \(NumberLabel.decimal(point.1, 2))"),
                        ]), x + (isRight ? -8 : 8), place, anchor: isRight ? "end" : "start",
                        style: "label b strong halo-text")
                }),
        ])
    }

    private func mark(
        _ candidate: ExamplePrompt.Candidate, _ share: Double, _ plot: Plot
    ) -> Markup {
        let (x, y) = (plot.x(candidate.reward), plot.y(share))
        let interval = distribution.interval(of: candidate.reward, level: Self.level)
        return Markup([
            plot.line(x, plot.y.from, x, y, "drop"),
            plot.line(
                x, plot.y(interval?.lower ?? share), x, plot.y(interval?.upper ?? share),
                "interval"),
            Markup(
                "circle",
                [
                    Attribute("class", "b"), Attribute("cx", x), Attribute("cy", y),
                    Attribute("r", 4.5),
                ]),
        ])
    }

    /// What there is room for beside a mark.
    private static func short(_ label: CutText) -> String {
        let beginning = label.beginning.unicodeScalars.prefix(16)
        let isCut = beginning.count < label.characters
        return String(String.UnicodeScalarView(beginning)) + (isCut ? "…" : "")
    }

    private var table: DataTable {
        var table = DataTable(
            .text("completion"), .number("reward"), .number("quantile reward"),
            .text("95 % interval"))
        for candidate in example.candidates {
            let interval = distribution.interval(of: candidate.reward, level: Self.level)
            table.add([
                OutsideText.line(candidate.label), Markup(NumberLabel.value(candidate.reward)),
                Markup(NumberLabel.decimal(distribution.quantileReward(of: candidate.reward), 3)),
                Markup(
                    interval.map {
                        "\(NumberLabel.decimal($0.lower, 3)) to \(NumberLabel.decimal($0.upper, 3))"
                    } ?? ""),
            ])
        }
        for draw in example.draws {
            let name = Markup("draw \(draw.index)" + (draw.isTruncated ? ", truncated" : ""))
            table.add([
                links.map { Markup("a", $0.attributes(draw.index)) { name } } ?? name,
                Markup(NumberLabel.value(draw.reward)),
                Markup(NumberLabel.decimal(distribution.quantileReward(of: draw.reward), 3)),
                Markup(""),
            ])
        }
        if distribution.count > example.draws.count {
            let missing = distribution.count - example.draws.count
            table.add(NumberLabel.count(missing, "more draw"), "", "", "")
        }
        return table
    }
}

/// Where the completions of a prompt's draws are.
struct CompletionLinks: Hashable, Sendable {
    /// The run.
    let run: RunID
    /// The prompt.
    let prompt: PromptID
    /// The draw whose completion is open.
    var opened: Int32?

    /// The attributes of a link to a completion.
    func attributes(_ draw: Int32) -> [Attribute] {
        [
            Attribute("href", DashboardLink.opened(draw, prompt, run)),
            Attribute("data-completion", DashboardLink.completion(draw, prompt, run)),
        ] + (draw == opened ? [Attribute("aria-current", "true")] : [])
    }
}
