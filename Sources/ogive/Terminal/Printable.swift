/// Text from outside as a terminal may get it: nothing in it moves the cursor, changes the
/// terminal, begins another line or turns the direction of writing.
enum Printable {
    /// On one line: control and format characters, line ends among them, become escapes as JSON
    /// writes them, so that a line of JSON stays the same JSON.
    static func line(_ text: String) -> String {
        escaped(text) { _ in false }
    }

    /// On the lines that it has, with its tabs.
    static func text(_ text: String) -> String {
        escaped(text) { $0 == "\n" || $0 == "\t" }
    }

    private static func escaped(
        _ text: String, keeping isKept: (Unicode.Scalar) -> Bool
    ) -> String {
        guard text.unicodeScalars.contains(where: isUnprintable) else { return text }
        let scalars = Array(text.unicodeScalars)
        var shown = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let colour = colourLength(scalars[index...])
            if colour > 0 {
                shown.append(contentsOf: scalars[index..<index + colour])
            } else if isKept(scalars[index]) || !isUnprintable(scalars[index]) {
                shown.append(scalars[index])
            } else {
                shown.append(contentsOf: escape(scalars[index]).unicodeScalars)
            }
            index += max(1, colour)
        }
        return String(shown)
    }

    /// Joiners belong to scripts and emoji; every other character without a form of its own goes.
    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return true
        case .format: return scalar.value != 0x200C && scalar.value != 0x200D
        default: return false
        }
    }

    /// How long a colour of `TerminalStyle` is that begins here, or its end; 0 for anything else.
    private static func colourLength(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
        guard scalars.first == "\u{1b}" else { return 0 }
        let text = String(String.UnicodeScalarView(scalars.prefix(5)))
        return TerminalStyle.codes.first(where: text.hasPrefix)?.unicodeScalars.count ?? 0
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }
}
