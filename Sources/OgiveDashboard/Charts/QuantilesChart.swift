package import OgiveCore

/// Quantiles of prompts' tables over the share of prompts: how much prompts differ.
package struct QuantilesChart: Hashable, Sendable {
    let id: String
    let curves: [QuantilesOverPrompts]

    /// A curve for each quantile.
    package init(id: String, _ curves: [QuantilesOverPrompts]) {
        self.id = id
        self.curves = curves
    }

    /// The figure.
    package var figure: Figure {
        Figure(
            id: id, title: "Quantiles of rewards over prompts.",
            caption: "For a share of the prompts, each quantile of their rewards is at most this. "
                + "Each curve orders the prompts by itself.",
            height: plot.height, drawing: Markup([plot.frame, lines]), table: table)
    }

    private var plot: Plot {
        let values = curves.flatMap { $0.values.map(\.value) }
        return Plot(
            x: (0, 1), y: (values.min() ?? 0, values.max() ?? 1), xTitle: "share of prompts",
            yTitle: "reward", right: 96,
            xTicks: [(0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1, "100 %")])
    }

    private func name(_ curve: QuantilesOverPrompts) -> String {
        curve.level == 0.5 ? "median" : "quantile \(NumberLabel.value(curve.level, digits: 2))"
    }

    private var lines: Markup {
        let plot = plot
        let drawn = curves.filter { !$0.values.isEmpty }
        let places = LabelColumn.places(
            drawn.map { plot.y($0.values.last?.value ?? 0) }, gap: Plot.characterHeight + 2,
            top: plot.y.to, bottom: plot.y.from)
        return Markup(
            zip(drawn, places).map { curve, place in
                let points = curve.values.map {
                    Coordinate.point(plot.x($0.share), plot.y($0.value))
                }
                let isMedian = curve.level == 0.5
                return Markup([
                    Markup(
                        "path",
                        [
                            Attribute("class", isMedian ? "curve-a" : "curve-a thin"),
                            Attribute("d", "M" + points.joined(separator: "L")),
                        ]),
                    plot.label(
                        name(curve), plot.x.to + 6, place + 4,
                        style: isMedian ? "label strong" : "label"),
                ])
            })
    }

    private var table: DataTable {
        var table = DataTable(.number("share of prompts"), .text("quantile"), .number("at most"))
        for curve in curves {
            for value in curve.values {
                table.add(
                    NumberLabel.value(value.share * 100, digits: 3) + " %", name(curve),
                    NumberLabel.value(value.value))
            }
        }
        return table
    }
}
