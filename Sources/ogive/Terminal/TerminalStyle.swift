internal import Glibc

/// What the output goes to, and what it can show.
struct TerminalStyle: Hashable, Sendable {
    /// Whether lines can be redrawn.
    var isTerminal: Bool
    /// Whether colours may be used.
    var hasColours: Bool
    /// Columns of a line.
    var width: Int
    /// Rows of the screen.
    var height = 24
    /// Whether it shows Unicode; else plots and bars are drawn with ASCII.
    var hasUnicode = true

    /// Colours of the eight standard ones.
    enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    /// A plain text file of 80 columns.
    static let plain = TerminalStyle(isTerminal: false, hasColours: false, width: 80)

    /// Takes the three facts.
    init(isTerminal: Bool, hasColours: Bool, width: Int) {
        self.isTerminal = isTerminal
        self.hasColours = hasColours
        self.width = width
    }

    /// Asks the system about a descriptor. Colours need a terminal that is not `dumb`, and
    /// NO_COLOR must be unset or empty (no-color.org).
    init(descriptor: Int32, environment: [String: String]) {
        let isTerminal = isatty(descriptor) == 1
        let isDumb = environment["TERM"] == "dumb"
        self.isTerminal = isTerminal && !isDumb
        hasColours = isTerminal && !isDumb && (environment["NO_COLOR"] ?? "").isEmpty
        var size = winsize()
        // TIOCGWINSZ fills the structure that it is given for the time of the call.
        let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        let columns = isKnown && size.ws_col > 0 ? Int(size.ws_col) : nil
        width = max(1, columns ?? environment["COLUMNS"].flatMap(Int.init) ?? 80)
        height = isKnown && size.ws_row > 0 ? Int(size.ws_row) : 24
        hasUnicode = Self.isUTF8(environment)
    }

    /// Whether the locale writes UTF-8: the first of the variables that has a value says so
    /// (POSIX, Environment Variables). Where nobody says anything, as in most containers, it does.
    private static func isUTF8(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.isEmpty }
        guard let name = locale?.lowercased() else { return true }
        return name.contains("utf-8") || name.contains("utf8")
    }

    /// Columns of a plot: as many as the terminal has, within reason.
    var plotWidth: Int { isTerminal ? min(120, max(20, width - 8)) : 40 }

    /// What ASCII has for the characters that plots, bars and tables use.
    private static let plainCharacters: [Character: String] = [
        "█": "#", "▄": ".", "┤": "|", "└": "+", "─": "-", "▲": "^", "×": "x", "·": "-", "…": "...",
        "→": "->", "≤": "<=", "π": "pi", "–": "-",
    ]

    /// `text` as it can be shown.
    func shown(_ text: String) -> String {
        guard !hasUnicode else { return text }
        return text.reduce(into: "") { $0 += Self.plainCharacters[$1] ?? String($1) }
    }

    /// `text` as it can be shown.
    func shown(_ text: PaintedText) -> PaintedText { text.map { shown($0) } }

    /// What takes away lines that are redrawn, and a `^C` on them, before another one is written.
    var clearing: String { isTerminal ? Self.clear : "" }

    /// What takes away all from the present line on, on a terminal (ECMA-48: ED).
    static let clear = "\r\u{1b}[J"

    /// Lines, and then the cursor back at the beginning of the first one (ECMA-48: CPL), where
    /// `clear` takes them away.
    func parked(_ lines: [String]) -> String {
        let text = lines.joined(separator: "\n")
        return text + (lines.count > 1 ? "\u{1b}[\(lines.count - 1)F" : "\r")
    }

    /// `text` in a colour, where colours may be used.
    func paint(_ text: String, _ colour: Colour) -> PaintedText {
        PaintedText(text, hasColours ? colour : nil)
    }
}

/// A text with colours, of one line. Its parts are escaped first and coloured then, so that no text
/// from outside brings a colour with it.
struct PaintedText: Hashable, Sendable {
    private struct Part: Hashable, Sendable {
        var text: String
        var colour: TerminalStyle.Colour?
    }

    private var parts: [Part]

    /// A text of one colour, or of none. Colours are the terminal's to allow:
    /// `TerminalStyle.paint`.
    init(_ text: String, _ colour: TerminalStyle.Colour? = nil) {
        parts = [Part(text: text, colour: colour)]
    }

    /// What an output gets: nothing but text on one line, and the colours.
    var line: String {
        parts.map { part in
            let text = Printable.line(part.text)
            guard let colour = part.colour else { return text }
            return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
        }.joined()
    }

    /// The same colours on other text.
    func map(_ change: (String) -> String) -> PaintedText {
        var changed = self
        for index in changed.parts.indices {
            changed.parts[index].text = change(parts[index].text)
        }
        return changed
    }

    static func + (left: PaintedText, right: String) -> PaintedText {
        var sum = left
        sum += PaintedText(right)
        return sum
    }

    static func += (left: inout PaintedText, right: PaintedText) {
        left.parts += right.parts
    }
}
