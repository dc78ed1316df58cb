/// A table of a page, for all readers, or behind a chart for those who do not see it.
package struct DataTable: Hashable, Sendable {
    /// A column.
    package struct Column: Hashable, Sendable {
        let title: String
        let isNumeric: Bool

        /// A column of texts.
        package static func text(_ title: String) -> Column {
            Column(title: title, isNumeric: false)
        }

        /// A column of numbers, aligned to the right.
        package static func number(_ title: String) -> Column {
            Column(title: title, isNumeric: true)
        }
    }

    let columns: [Column]
    private(set) var rows: [[Markup]] = []

    /// A table without rows.
    package init(_ columns: Column...) {
        self.init(columns)
    }

    /// The same of a list.
    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Whether it has no rows.
    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row of texts of this program: numbers and words.
    package mutating func add(_ cells: String...) {
        add(cells.map { Markup($0) })
    }

    /// Adds a row; what comes from outside has passed `OutsideText`.
    package mutating func add(_ cells: [Markup]) {
        precondition(cells.count == columns.count)
        rows.append(cells)
    }

    /// The table with its caption.
    package func markup(_ caption: String) -> Markup {
        // A wide one scrolls by itself, and with the keyboard.
        Markup(
            "div",
            [
                Attribute("class", "scroll"), Attribute("tabindex", "0"),
                Attribute("role", "region"),
                Attribute("aria-label", caption),
            ]
        ) {
            Markup("table") {
                Markup("caption", [], caption)
                Markup("thead") {
                    Markup("tr") {
                        for column in columns {
                            Markup("th", [Attribute("scope", "col")] + style(column), column.title)
                        }
                    }
                }
                Markup("tbody") {
                    for row in rows {
                        Markup("tr") {
                            for (column, cell) in zip(columns, row) {
                                Markup("td", style(column)) { cell }
                            }
                        }
                    }
                }
            }
        }
    }

    private func style(_ column: Column) -> [Attribute] {
        column.isNumeric ? [Attribute("class", "number")] : []
    }
}

/// A chart with all that a reader needs: a title, what to see in it, and the numbers behind it.
package struct Figure: Hashable, Sendable {
    /// Names it within its page.
    let id: String
    /// What it shows.
    let title: String
    /// How to read it, in a sentence or two.
    let caption: String
    /// Height of the drawing; it is `Plot.width` wide.
    let height: Double
    /// The elements of the drawing.
    let drawing: Markup
    /// What else belongs to it, below the drawing.
    var supplement = Markup.empty
    /// The numbers behind it.
    let table: DataTable
    /// Whether the drawing has links: then its parts are there for screen readers, too.
    var isInteractive = false

    /// The figure.
    package var markup: Markup {
        Markup("figure", [Attribute("id", id)]) {
            Markup("figcaption") {
                Markup("strong", [], title)
                Markup(" " + caption)
            }
            Markup(
                "svg",
                [
                    Attribute(
                        "viewBox",
                        "0 0 \(Coordinate.text(Plot.width)) "
                            + Coordinate.text(height)),
                    Attribute("role", isInteractive ? "group" : "img"),
                    Attribute("aria-labelledby", "\(id)-t \(id)-d"),
                ]
            ) {
                Markup("title", [Attribute("id", "\(id)-t")], title)
                Markup("desc", [Attribute("id", "\(id)-d")], caption)
                drawing
            }
            supplement
            Markup("details") {
                Markup("summary", [], "Numbers of this chart")
                table.markup(title)
            }
        }
    }
}
