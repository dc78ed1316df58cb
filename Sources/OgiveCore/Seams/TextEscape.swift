/// The escapes of programs, URLs, mails and pages, as far as they may hide a text in another. Pure.
enum TextEscape {
    /// No escape is longer.
    static let bytesMax = 12

    /// The bytes that an escape at the beginning means, and its length; one byte where there is
    /// none. At most `bytesMax` bytes of the text are needed. `mail` reads mails' quoted-printable,
    /// and nothing else: `=` is in too many texts that are not.
    static func read(_ text: [UInt8], mail: Bool) -> (bytes: [UInt8], length: Int) {
        let next = text.count > 1 ? text[1] : 0
        let found: (bytes: [UInt8], length: Int)? =
            switch text[0] {
            case UInt8(ascii: "="): mail ? fixed(text, 1, 2) : nil
            case _ where mail: nil
            case UInt8(ascii: "%"): fixed(text, 1, 2)
            // C's and Python's lists of bytes.
            case UInt8(ascii: "0") where lower(next) == UInt8(ascii: "x"): fixed(text, 2, 2)
            case UInt8(ascii: "\\"): backslash(text, next)
            case UInt8(ascii: "&") where next == UInt8(ascii: "#"): entity(text)
            case 0xEF: fullWidth(text)
            default: nil
            }
        return found ?? ([text[0]], 1)
    }

    private static func backslash(
        _ text: [UInt8], _ next: UInt8
    ) -> (bytes: [UInt8], length: Int)? {
        switch next {
        case UInt8(ascii: "u") where text.count > 2 && text[2] == UInt8(ascii: "{"):
            guard let end = text.firstIndex(of: UInt8(ascii: "}")) else { return nil }
            return scalar(text[3..<end], 16).map { ($0, end + 1) }
        case UInt8(ascii: "u"): return fixed(text, 2, 4)
        case UInt8(ascii: "x"): return fixed(text, 2, 2)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            guard text.count >= 4 else { return nil }
            return scalar(text[1..<4], 8).map { ($0, 4) }
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): return ([32], 2)
        case 33...47, UInt8(ascii: "\\"): return ([next], 2)
        default: return nil
        }
    }

    /// HTML's, whether it ends in a semicolon or not.
    private static func entity(_ text: [UInt8]) -> (bytes: [UInt8], length: Int)? {
        let isHexadecimal = text.count > 2 && lower(text[2]) == UInt8(ascii: "x")
        let start = isHexadecimal ? 3 : 2
        guard start < text.count else { return nil }
        let digits = text[start...].prefix {
            (48...57).contains($0) || isHexadecimal && (97...102).contains(lower($0))
        }
        let isEnded = digits.endIndex < text.count && text[digits.endIndex] == UInt8(ascii: ";")
        return scalar(digits, isHexadecimal ? 16 : 10)
            .map { ($0, digits.endIndex + (isEnded ? 1 : 0)) }
    }

    /// ASCII in the width of Chinese characters: U+FF01 to U+FF5E.
    private static func fullWidth(_ text: [UInt8]) -> (bytes: [UInt8], length: Int)? {
        guard text.count >= 3, (0x80...0xBF).contains(text[2]) else { return nil }
        switch text[1] {
        case 0xBC where text[2] > 0x80: return ([text[2] - 0x60], 3)
        case 0xBD where text[2] < 0x9F: return ([text[2] - 0x20], 3)
        default: return nil
        }
    }

    private static func fixed(
        _ text: [UInt8], _ from: Int, _ count: Int
    ) -> (bytes: [UInt8], length: Int)? {
        guard text.count >= from + count else { return nil }
        return scalar(text[from..<from + count], 16).map { ($0, from + count) }
    }

    private static func scalar(_ digits: ArraySlice<UInt8>, _ radix: Int) -> [UInt8]? {
        guard !digits.isEmpty,
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
        else { return nil }
        return Unicode.Scalar(number).map { Array(String(Character($0)).utf8) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte + 32 : byte
    }
}
