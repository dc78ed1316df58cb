/// Lays out rows of text in aligned columns, none of which a text from outside makes too wide.
struct TextTable {
    /// Most columns of a terminal for a cell.
    static let cellMax = 200
    /// The same for the last cell of a row, which moves no other.
    static let lastMax = 2000

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
                let text = String(cells[column].map { $0.isNewline ? " " : $0 })
                return TextWidth.cut(
                    Printable.line(text),
                    to: column == header.count - 1 ? Self.lastMax : Self.cellMax)
            })
    }

    /// The table, line by line: header, rows; the last column is cut to fit into `width`.
    func lines(width: Int = .max) -> [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in
            all.map { TextWidth.columns($0[column]) }.max() ?? 0
        }
        let before = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let room = max(8, width - before)
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == header.count - 1
                let text = isLast ? TextWidth.cut(cell, to: room) : cell
                let size = isLast ? min(widths[column], room) : widths[column]
                let pad = String(
                    repeating: " ", count: max(0, size - TextWidth.columns(text)))
                let isRight = column < alignments.count && alignments[column] == .right
                line += (column > 0 ? "  " : "") + (isRight ? pad + text : text + pad)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Draws the empirical distribution of some rewards with characters.
///
/// The horizontal axis is the reward, the vertical one the share of rewards at most as large.
struct TextECDF {
    /// Columns of the plot, axis and labels apart.
    var width = 40
    /// Lines of the plot, axis and labels apart.
    var height = 8

    /// The plot, line by line, the axis included. `rewards` ascend and are finite; a mark on the
    /// axis shows `marks` (rewards of candidates).
    func lines(_ rewards: [Double], marks: [Double] = []) -> [String] {
        guard let smallest = rewards.first, let largest = rewards.last else {
            return ["no rewards"]
        }
        let low = min(smallest, marks.min() ?? smallest)
        let high = max(largest, marks.max() ?? largest)
        var lines = curve(rewards, low: low, high: high).enumerated().map { row, text in
            label(ofRow: row) + "┤" + text
        }
        lines.append("    └" + axis(marks, low: low, high: high))
        lines.append("     " + ends(low, high))
        return lines
    }

    /// The reward at the middle of a column.
    private func reward(_ column: Int, low: Double, high: Double) -> Double {
        guard high > low else { return low }
        let position = column == width - 1 ? 1 : (Double(column) + 0.5) / Double(width)
        return low * (1 - position) + high * position
    }

    /// Rows from the top; every column holds one character, at the height of its share.
    private func curve(_ rewards: [Double], low: Double, high: Double) -> [String] {
        let levels = (0..<width).map { column in
            let bound = reward(column, low: low, high: high)
            let share = Double(Self.countAtMost(bound, in: rewards)) / Double(rewards.count)
            // Two levels a line.
            return Int((share * Double(height * 2)).rounded())
        }
        return (0..<height).map { row in
            let base = (height - 1 - row) * 2
            let text = String(
                levels.map { level in
                    level >= base + 2 ? "█" : level == base + 1 ? "▄" : " " as Character
                })
            return text
        }
    }

    /// Number of elements at most `bound` in an ascending array, by binary search.
    private static func countAtMost(_ bound: Double, in rewards: [Double]) -> Int {
        var (low, high) = (0, rewards.count)
        while low < high {
            let middle = (low + high) / 2
            if rewards[middle] <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func label(ofRow row: Int) -> String {
        if row == 0 { return "1.0 " }
        return row == height / 2 ? "0.5 " : "    "
    }

    private func axis(_ marks: [Double], low: Double, high: Double) -> String {
        var axis = [Character](repeating: "─", count: width)
        for mark in marks where mark.isFinite {
            let position = high > low ? (mark / 2 - low / 2) / (high / 2 - low / 2) : 0
            axis[min(width - 1, max(0, Int(position * Double(width))))] = "▲"
        }
        return String(axis)
    }

    private func ends(_ low: Double, _ high: Double) -> String {
        let (left, right) = (Self.label(low), Self.label(high))
        if low == high { return left }
        return left + String(repeating: " ", count: max(1, width - left.count - right.count))
            + right
    }

    /// A reward with about three significant digits.
    static func label(_ reward: Double) -> String {
        let size = abs(reward)
        if size >= 1e6 || (size > 0 && size < 1e-3) { return scientific(reward) }
        return NumberText.decimal(reward, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
    }

    private static func scientific(_ number: Double) -> String {
        var exponent = 0
        var mantissa = number
        while abs(mantissa) >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while abs(mantissa) < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        return "\(NumberText.decimal(mantissa, 2))e\(exponent)"
    }
}
