/// What a terminal shows of what was written to it, with the few control sequences that programs of
/// Ogive use. Rows never scroll away.
package struct TerminalScreen {
    /// Columns of a row.
    package let width: Int
    /// Whether a text went on in the next row because it was too long.
    package private(set) var hasWrapped = false
    /// Control characters and sequences that it does not know.
    package private(set) var unknown: [String] = []
    private var rows: [[Character]] = [[]]
    private var row = 0
    private var column = 0

    /// An empty screen.
    package init(width: Int) {
        self.width = width
    }

    /// The rows, without the blanks at their ends and empty rows below.
    package var lines: [String] {
        var lines = rows.map { row in
            String(row.reversed().drop { $0 == " " }.reversed())
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Where the cursor is.
    package var cursor: (row: Int, column: Int) { (row, column) }

    /// Takes a text.
    package mutating func write(_ text: some StringProtocol) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\r\n": newLine()
            case "\n": newLine()
            case "\r": column = 0
            case "\u{1b}": obey(&rest)
            case _ where character.unicodeScalars.contains { $0.value < 0x20 }:
                unknown.append(character.debugDescription)
            default: put(character)
            }
        }
    }

    private mutating func newLine() {
        row += 1
        column = 0
        while rows.count <= row { rows.append([]) }
    }

    private mutating func put(_ character: Character) {
        if column == width {
            hasWrapped = true
            newLine()
        }
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    private mutating func obey(_ rest: inout Substring) {
        guard rest.popFirst() == "[" else {
            unknown.append("escape")
            return
        }
        let digits = rest.prefix { $0.isNumber || $0 == ";" }
        rest = rest.dropFirst(digits.count)
        let count = Int(digits) ?? 1
        switch rest.popFirst() {
        case "m": break
        case "F": (row, column) = (max(0, row - count), 0)
        case "J":
            rows[row] = Array(rows[row].prefix(column))
            for below in rows.indices where below > row { rows[below] = [] }
        case let other: unknown.append("[\(digits)\(other.map(String.init) ?? "")")
        }
    }
}
