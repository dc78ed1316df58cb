package import OgiveCore

/// Texts that come from models, files and servers, as a page shows them: nothing in them is hidden,
/// moves other text or turns the direction of writing.
package enum OutsideText {
    /// On one line where there can be no elements, as in the title of a page.
    package static func plain(_ text: String) -> String {
        var hidden = HiddenScalars()
        return text.unicodeScalars.reduce(into: "") { shown, scalar in
            if isInvisible(scalar, &hidden) {
                shown += escape(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
    }

    /// On one line: a name, a code.
    package static func line(_ text: String) -> Markup {
        shown(text) { _ in false }
    }

    /// On one line, with at most `most` characters of it.
    package static func short(_ text: String, most: Int = 200) -> Markup {
        let beginning = text.unicodeScalars.prefix(most)
        return line(
            CutText(
                String(String.UnicodeScalarView(beginning)), characters: text.unicodeScalars.count))
    }

    /// On one line, cut as it came, with a note of what is missing.
    package static func line(_ text: CutText) -> Markup {
        cut(text, line(text.beginning))
    }

    /// On the lines that it has, in a block of its own.
    package static func block(_ text: CutText, isCode: Bool = false) -> Markup {
        let style = isCode ? "text code" : "text"
        // A long one scrolls by itself, and with the keyboard.
        let scalars = text.beginning.unicodeScalars
        let isLong = scalars.count > 300 || scalars.count { $0 == "\n" } > 4
        return Markup(
            "div",
            [Attribute("class", style), Attribute("dir", "auto")]
                + (isLong ? [Attribute("tabindex", "0")] : [])
        ) {
            cut(text, shown(text.beginning) { $0 == "\n" || $0 == "\t" })
        }
    }

    private static func cut(_ text: CutText, _ beginning: Markup) -> Markup {
        let missing = text.characters - text.beginning.unicodeScalars.count
        guard missing > 0 else { return beginning }
        return Markup([
            beginning,
            Markup(
                "span", [Attribute("class", "note")],
                " … \(NumberLabel.count(missing, "more character"))"),
        ])
    }

    /// The text, with each character that cannot be seen as an escape that can.
    private static func shown(
        _ text: String, keeping isKept: (Unicode.Scalar) -> Bool
    ) -> Markup {
        var pieces: [Markup] = []
        var plain = String.UnicodeScalarView()
        var hidden = HiddenScalars()
        func flush() {
            if !plain.isEmpty { pieces.append(Markup(String(plain))) }
            plain = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if !isInvisible(scalar, &hidden) || isKept(scalar) {
                plain.append(scalar)
                continue
            }
            flush()
            pieces.append(Markup("code", [Attribute("class", "escape")], escape(scalar)))
        }
        flush()
        return Markup(pieces)
    }

    /// What has no form of its own, or one that only its maker knows.
    private static func isInvisible(
        _ scalar: Unicode.Scalar, _ hidden: inout HiddenScalars
    ) -> Bool {
        hidden.hides(scalar)
            || scalar.value >= 0xE000 && scalar.properties.generalCategory == .privateUse
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }
}
