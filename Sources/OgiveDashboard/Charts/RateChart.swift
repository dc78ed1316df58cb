package import OgiveCore

/// How fast a run went over time: draws in a second between two moments at which its counters were
/// read.
package struct RateChart: Hashable, Sendable {
    /// A span between two moments.
    struct Span: Hashable, Sendable {
        /// Seconds before the last moment at which it begins and ends.
        var from: Double
        var to: Double
        /// Draws and tokens in a second.
        var draws: Double
        var tokens: Double
    }

    let id: String
    let spans: [Span]

    /// A chart of counters, ascending in time; `nil` with fewer than two moments.
    package init?(id: String, _ moments: [RunMoment]) {
        guard let last = moments.last, moments.count > 1 else { return nil }
        self.id = id
        spans = zip(moments, moments.dropFirst()).compactMap { first, second in
            let seconds = second.at - first.at
            guard seconds > 0 else { return nil }
            return Span(
                from: last.at - first.at, to: last.at - second.at,
                draws: max(0, Double(second.draws - first.draws)) / seconds,
                tokens: max(0, Double(second.tokens - first.tokens)) / seconds)
        }
        if spans.isEmpty { return nil }
    }

    /// The figure.
    package var figure: Figure {
        Figure(
            id: id, title: "Rate over time.",
            caption: "Draws that landed in a second, from counters that the coordinator records "
                + "each minute while it leads.",
            height: plot.height, drawing: Markup([plot.frame, line]), table: table)
    }

    private var unit: (seconds: Double, name: String) {
        let span = spans.first?.from ?? 0
        if span > 3 * 86_400 { return (86_400, "days") }
        return span > 3 * 3600 ? (3600, "hours") : (60, "minutes")
    }

    private var plot: Plot {
        let unit = unit
        let most = spans.map(\.draws).max() ?? 1
        return Plot(
            x: (-(spans.first?.from ?? 60) / unit.seconds, 0), y: (0, most > 0 ? most : 1),
            xTitle: "\(unit.name) before the last moment", yTitle: "draws/s", height: 200)
    }

    private var line: Markup {
        let (plot, unit) = (plot, unit)
        var path = ""
        for span in spans {
            let y = Coordinate.text(plot.y(span.draws))
            path += path.isEmpty ? "M" : "L"
            path += "\(Coordinate.text(plot.x(-span.from / unit.seconds))) \(y)"
            path += "H\(Coordinate.text(plot.x(-span.to / unit.seconds)))"
        }
        return Markup("path", [Attribute("class", "curve-a"), Attribute("d", path)])
    }

    private var table: DataTable {
        var table = DataTable(.text("time before"), .number("draws/s"), .number("tokens/s"))
        for span in spans.reversed() {
            table.add(
                "\(TimeLabel.text(span.from)) to \(TimeLabel.text(span.to))",
                NumberLabel.value(span.draws, digits: 3),
                NumberLabel.value(span.tokens, digits: 3))
        }
        return table
    }
}
