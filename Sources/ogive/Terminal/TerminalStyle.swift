internal import Glibc

/// What the output goes to, and what it can show.
struct TerminalStyle: Hashable, Sendable {
    /// Whether lines can be redrawn.
    var isTerminal: Bool
    /// Whether colours may be used.
    var hasColours: Bool
    /// Columns of a line.
    var width: Int

    /// Colours of the eight standard ones.
    enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
        case grey = 90
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
        width = max(20, columns ?? environment["COLUMNS"].flatMap(Int.init) ?? 80)
    }

    /// `text` in a colour, where colours may be used.
    func paint(_ text: String, _ colour: Colour) -> String {
        hasColours ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
    }
}
