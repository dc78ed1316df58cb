package import OgiveCore

/// Where pairs of two values lie: a grid whose cells are darker the more pairs they have. Marked
/// pairs have a disc that is larger the greater their share of the cell.
package struct DensityChart: Hashable, Sendable {
    /// The words of a chart.
    package struct Words: Hashable, Sendable {
        /// What it shows.
        package var title: String
        /// How to read it.
        package var caption: String
        /// The horizontal axis.
        package var x: String
        /// The vertical axis.
        package var y: String
        /// What is counted, in the singular.
        package var thing: String
        /// What marked ones are; `nil` where none is marked.
        package var marked: String?
        /// What the line shows.
        package var line: String?

        /// Joins the words.
        package init(
            title: String, caption: String, x: String, y: String, thing: String,
            marked: String? = nil, line: String? = nil
        ) {
            self.title = title
            self.caption = caption
            self.x = x
            self.y = y
            self.thing = thing
            self.marked = marked
            self.line = line
        }
    }

    /// Most rows of the table behind it: the cells with the most pairs.
    static let rowsMax = 100

    let id: String
    let words: Words
    let data: DensityData
    let line: [LengthReport.Column]

    /// A chart of pairs; `line` has a value for some columns of the grid.
    package init(
        id: String, _ words: Words, _ data: DensityData, line: [LengthReport.Column] = []
    ) {
        self.id = id
        self.words = words
        self.data = data
        self.line = line
    }

    /// The figure.
    package var figure: Figure {
        let most = data.cells.map(\.count).max() ?? 0
        var caption =
            "\(words.caption) The darkest cell has \(NumberLabel.count(most, words.thing))."
        if data.outside > 0 {
            caption += " Not drawn: \(NumberLabel.count(data.outside)) that lie further out."
        }
        return Figure(
            id: id, title: words.title, caption: caption, height: plot.height,
            drawing: Markup([plot.frame, cells(most), lineMark, key]), table: table)
    }

    private var plot: Plot {
        Plot(
            x: (data.x.low, data.x.high), y: (data.y.low, data.y.high), xTitle: words.x,
            yTitle: words.y, right: 20)
    }

    private func cells(_ most: Int) -> Markup {
        let plot = plot
        return Markup(
            data.cells.map { cell in
                let (left, right) = (
                    plot.x(data.x.edge(cell.column)), plot.x(data.x.edge(cell.column + 1))
                )
                let (bottom, top) = (
                    plot.y(data.y.edge(cell.row)), plot.y(data.y.edge(cell.row + 1))
                )
                // By area: a cell with four times as many is twice as dark.
                let share = (Double(cell.count) / Double(max(1, most))).squareRoot()
                let box = plot.box(left, bottom, right, top, "a", opacity: 0.1 + 0.9 * share)
                guard cell.marked > 0 else { return box }
                let radius = min(right - left, bottom - top) / 2
                let markedShare = Double(cell.marked) / Double(cell.count)
                let disc = Markup(
                    "circle",
                    [
                        Attribute("class", "c"), Attribute("cx", (left + right) / 2),
                        Attribute("cy", (top + bottom) / 2),
                        Attribute("r", max(1, radius * markedShare.squareRoot())),
                    ])
                return Markup([box, disc])
            })
    }

    private var lineMark: Markup {
        guard words.line != nil, line.count > 1 else { return .empty }
        let plot = plot
        let points = line.map { column in
            let middle = (data.x.edge(column.index) + data.x.edge(column.index + 1)) / 2
            return Coordinate.point(plot.x(middle), plot.y(column.mean))
        }
        let path = "M" + points.joined(separator: "L")
        return Markup([
            Markup("path", [Attribute("class", "halo"), Attribute("d", path)]),
            Markup("path", [Attribute("class", "curve"), Attribute("d", path)]),
        ])
    }

    /// The names of line and discs, in their colours, above the field.
    private var key: Markup {
        let hasLine = words.line != nil && line.count > 1
        let hasDiscs = words.marked != nil && data.cells.contains { $0.marked > 0 }
        guard hasLine || hasDiscs else { return .empty }
        return plot.label(
            Markup([
                Markup(
                    "tspan", [Attribute("class", "strong")],
                    hasLine ? "― \(words.line ?? "")" : ""),
                Markup(
                    "tspan", [Attribute("class", "c")],
                    hasDiscs ? "   ● \(words.marked ?? "")" : ""),
            ]), plot.x.to, 12, anchor: "end")
    }

    private var table: DataTable {
        var table = DataTable(
            [.text(words.x), .text(words.y), .number("\(words.thing)s")]
                + (words.marked.map { [.number($0)] } ?? []))
        func add(_ x: String, _ y: String, _ cells: some Collection<DensityData.Cell>) {
            let count = cells.reduce(0) { $0 + $1.count }
            let marked = cells.reduce(0) { $0 + $1.marked }
            let counts = words.marked == nil ? [count] : [count, marked]
            table.add(([x, y] + counts.map(NumberLabel.count)).map { Markup($0) })
        }
        let cells = data.cells.sorted {
            ($0.count, $1.column, $1.row) > ($1.count, $0.column, $0.row)
        }
        for cell in cells.prefix(Self.rowsMax) {
            add(Self.range(data.x, cell.column), Self.range(data.y, cell.row), [cell])
        }
        let rest = cells.dropFirst(Self.rowsMax)
        if !rest.isEmpty { add("other cells", "\(NumberLabel.count(rest.count)) of them", rest) }
        return table
    }

    private static func range(_ axis: BinnedRange, _ index: Int) -> String {
        "\(NumberLabel.value(axis.edge(index), digits: 3)) to "
            + NumberLabel.value(axis.edge(index + 1), digits: 3)
    }
}
