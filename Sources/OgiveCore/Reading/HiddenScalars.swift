/// Finds what nobody would see in a text from outside: pages and terminals show it as an escape.
///
/// Takes the scalars of a text one after the other, since some of them can be seen only behind
/// certain others.
package struct HiddenScalars: Sendable {
    /// Most marks, joiners among them, on one base: more are seen as a blot, or not at all.
    package static let marksMax = 8

    private var marks = 0
    private var former: Unicode.Scalar?

    /// At the beginning of a text.
    package init() {}

    /// Whether the next scalar has no form of its own, or is one mark too many.
    package mutating func hides(_ scalar: Unicode.Scalar) -> Bool {
        defer { former = scalar }
        if scalar.value < 0x7F {
            marks = 0
            return scalar.value < 0x20
        }
        if Self.isAttached(scalar) {
            marks += 1
            return marks > Self.marksMax
        }
        if scalar.value == 0xFE0F || scalar.value == 0xFE0E { return !isBehindEmoji }
        marks = 0
        // The blank pattern of Braille is a space that is not called one.
        return scalar.value == 0x2800 || Self.isFormless(scalar)
    }

    /// Whether a scalar joins the one before it: marks, joiners, and the parts of Hangul syllables
    /// that follow a first one.
    package static func isAttached(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x300: return false
        case 0x200C, 0x200D, 0x1161...0x11FF, 0xD7B0...0xD7FB: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark:
            return !scalar.properties.isDefaultIgnorableCodePoint
        default: return false
        }
    }

    /// How an emoji is drawn may be said once behind it.
    private var isBehindEmoji: Bool {
        guard let former, former.value > 0x7F else { return false }
        return former.properties.isEmoji
    }

    private static func isFormless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
            true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
