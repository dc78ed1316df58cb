/// Text from outside as a terminal may get it: nothing in it moves the cursor, changes the
/// terminal, begins another line or turns the direction of writing. Colours are added behind it,
/// by `PaintedText`.
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
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isKept(scalar) || !isUnprintable(scalar) {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: escape(scalar).unicodeScalars)
            }
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
