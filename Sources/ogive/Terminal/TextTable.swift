/// Lays out rows of text in aligned columns.
struct TextTable {
    /// How a column is aligned.
    enum Alignment: Hashable, Sendable {
        case left, right
    }

    private let header: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// Names the columns; those without an alignment are aligned to the left.
    init(_ header: [String], _ alignments: [Alignment] = []) {
        self.header = header
        self.alignments = alignments
    }

    /// Adds a row; missing cells are empty, line ends become spaces, and nothing in a cell moves
    /// the others.
    mutating func add(_ cells: [String]) {
        rows.append(
            header.indices.map { column in
                guard column < cells.count else { return "" }
                return Printable.line(String(cells[column].map { $0.isNewline ? " " : $0 }))
            })
    }

    /// The table, line by line: header, rows; the last column is cut to fit into `width`.
    func lines(width: Int = .max) -> [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let before = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let room = max(8, width - before)
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == header.count - 1
                let text = isLast && cell.count > room ? "\(cell.prefix(room - 1))…" : cell
                let size = isLast ? min(widths[column], room) : widths[column]
                let pad = String(repeating: " ", count: max(0, size - text.count))
                let isRight = column < alignments.count && alignments[column] == .right
                line += (column > 0 ? "  " : "") + (isRight ? pad + text : text + pad)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
