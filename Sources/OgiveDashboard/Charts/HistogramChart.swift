package import OgiveCore

/// How many rewards lie where: a bar for each bin, or a stem for each value when the values are
/// few.
package struct HistogramChart: Hashable, Sendable {
    /// The words of a chart.
    package struct Words: Hashable, Sendable {
        /// What it shows.
        package var title: String
        /// What is counted, in the singular.
        package var thing: String
        /// What they are counted by.
        package var value: String

        /// Joins the words.
        package init(title: String, thing: String, value: String) {
            self.title = title
            self.thing = thing
            self.value = value
        }

        /// Rewards of draws.
        package static let rewards = Words(
            title: "Rewards of all draws.", thing: "draw", value: "reward")
    }

    /// Names it within its page.
    let id: String
    /// What it says.
    let words: Words
    /// The counts.
    let data: HistogramData
    /// The median, which is marked.
    let median: Double?

    /// A chart of rewards of draws, or of what `words` says.
    package init(
        id: String, _ data: HistogramData, median: Double?, words: Words = .rewards
    ) {
        self.id = id
        self.words = words
        self.data = data
        self.median = median
    }

    /// The figure.
    package var figure: Figure {
        Figure(
            id: id, title: words.title, caption: caption, height: plot.height,
            drawing: Markup([plot.frame, marks, medianMark]), table: table)
    }

    private var caption: String {
        var text =
            data.isDiscrete
            ? "A stem for each \(words.value) that a \(words.thing) has."
            : "Counts of \(words.thing)s in each of "
                + "\(NumberLabel.count(data.range.bins)) equal ranges of \(words.value)."
        if data.below + data.above > 0 {
            text +=
                " Not drawn: \(words.thing)s further out, "
                + "\(NumberLabel.count(data.below)) below and "
                + "\(NumberLabel.count(data.above)) above."
        }
        return text
    }

    private var plot: Plot {
        Plot(
            x: (data.range.low, data.range.high),
            y: (0, Double(data.bins.map(\.count).max() ?? 1)), xTitle: words.value,
            yTitle: "\(words.thing)s")
    }

    private var marks: Markup {
        let plot = plot
        return Markup(
            data.bins.map { bin in
                let top = plot.y(Double(bin.count))
                if data.isDiscrete {
                    let x = plot.x(bin.least)
                    return plot.box(x - 2, top, x + 2, plot.y.from, "a")
                }
                let (left, right) = (
                    plot.x(data.range.edge(bin.index)), plot.x(data.range.edge(bin.index + 1))
                )
                // A hair between bars.
                return plot.box(left + 0.5, top, max(right - 0.5, left + 1), plot.y.from, "a")
            })
    }

    private var medianMark: Markup {
        guard let median, !data.isDiscrete, data.range.low...data.range.high ~= median else {
            return .empty
        }
        let x = plot.x(median)
        // Above the field, where no bar is, and behind the title of the axis.
        let isRight = x > Plot.width * 0.7
        return Markup([
            plot.line(x, plot.y.from, x, plot.y.to - 12, "mark"),
            plot.label(
                "median \(NumberLabel.value(median, digits: 3))", isRight ? x - 4 : max(x + 4, 70),
                plot.y.to - 5, anchor: isRight ? "end" : "start", style: "label strong"),
        ])
    }

    private var table: DataTable {
        var table = DataTable(.number("from"), .number("to"), .number("\(words.thing)s"))
        if data.below > 0 {
            table.add("", "< \(NumberLabel.value(data.range.low))", NumberLabel.count(data.below))
        }
        for bin in data.bins {
            table.add(
                NumberLabel.value(bin.least), NumberLabel.value(bin.most),
                NumberLabel.count(bin.count))
        }
        if data.above > 0 {
            table.add("> \(NumberLabel.value(data.range.high))", "", NumberLabel.count(data.above))
        }
        return table
    }
}
