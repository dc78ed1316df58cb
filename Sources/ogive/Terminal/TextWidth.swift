internal import OgiveCore

/// Columns that texts take on a terminal: never fewer than a terminal gives them, whether it joins
/// emoji or not.
enum TextWidth {
    /// Scalars that take two columns (Unicode Standard Annex 11, East Asian Width W and F, in
    /// short); emoji that are drawn as such are two columns wide, too.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1D300...0x1D37F,
        0x1F200...0x1F2FF, 0x1F300...0x1FAFF, 0x20000...0x3FFFD,
    ]

    /// The columns of a scalar, wherever it stands.
    static func columns(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x300 { return value < 0x20 ? 0 : 1 }
        // Without a column of its own; what asks for an emoji makes the one before it wider.
        if value == 0xFE0F { return 1 }
        if HiddenScalars.isAttached(scalar) {
            return scalar.properties.generalCategory == .spacingMark ? 1 : 0
        }
        if wide.contains(where: { $0.contains(value) }) { return 2 }
        return scalar.properties.isEmojiPresentation ? 2 : 1
    }

    /// The columns of a text of one line.
    static func columns(_ text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    /// `text`, or as much of it as fits into so many columns with `mark` at its end; where `mark`
    /// itself does not fit, nothing.
    static func cut(_ text: String, to most: Int, mark: String = "…") -> String {
        // Every scalar has at least as many bytes as columns.
        if text.utf8.count <= most { return text }
        let scalars = text.unicodeScalars
        let room = most - columns(mark)
        var (columns, end) = (0, scalars.startIndex)
        for index in scalars.indices {
            columns += Self.columns(scalars[index])
            // Marks stay with what they are on.
            if columns <= room { end = scalars.index(after: index) }
            if columns > most { return room < 0 ? "" : String(scalars[..<end]) + mark }
        }
        return text
    }
}
