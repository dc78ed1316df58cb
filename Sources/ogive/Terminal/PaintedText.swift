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
