/// A type that can be read from the text that PostgreSQL sends for a value.
package protocol PostgresDecodable: Sendable {
    /// The value, or nil when the text is not one.
    static func decodePostgres(_ text: Span<UInt8>) -> Self?
    /// The values of an array, or nil when the text is not one.
    static func decodePostgresArray(_ text: Span<UInt8>) -> [Self]?
}

extension PostgresDecodable {
    /// Reads a one-dimensional array without NULLs.
    package static func decodePostgresArray(_ text: Span<UInt8>) -> [Self]? {
        ArrayText.decode(text)
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value.
    package static func decodePostgres(_ text: Span<UInt8>) -> Self? {
        RawValue.decodePostgres(text).flatMap(Self.init(rawValue:))
    }
}

extension String: PostgresDecodable {
    /// Any text that is valid UTF-8.
    package static func decodePostgres(_ text: Span<UInt8>) -> String? {
        guard let valid = try? UTF8Span(validating: text) else { return nil }
        return String(copying: valid)
    }
}

extension Bool: PostgresDecodable {
    /// `t` or `f`.
    package static func decodePostgres(_ text: Span<UInt8>) -> Bool? {
        guard text.count == 1 else { return nil }
        switch text[0] {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: return nil
        }
    }
}

extension FixedWidthInteger where Self: PostgresDecodable {
    /// Decimal digits, after a minus sign or none; nil when the type is too small for them.
    package static func decodePostgres(_ text: Span<UInt8>) -> Self? {
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        guard text.count > start else { return nil }
        var value: Self = 0
        for index in start..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let part = Self(digit)
            // Negative values grow downwards, so that the smallest one fits.
            let (sum, carry) =
                isNegative
                ? product.subtractingReportingOverflow(part)
                : product.addingReportingOverflow(part)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}

extension Int: PostgresDecodable {}
extension Int16: PostgresDecodable {}
extension Int32: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension UInt32: PostgresDecodable {}
extension UInt64: PostgresDecodable {}

extension Double: PostgresDecodable {
    /// The nearest number; `NaN` and `Infinity` are read as well.
    package static func decodePostgres(_ text: Span<UInt8>) -> Double? {
        String.decodePostgres(text).flatMap(Double.init)
    }
}

extension Float: PostgresDecodable {
    /// The nearest number; `NaN` and `Infinity` are read as well.
    package static func decodePostgres(_ text: Span<UInt8>) -> Float? {
        String.decodePostgres(text).flatMap(Float.init)
    }
}

extension UInt8: PostgresDecodable {
    /// Reads `bytea`, which is what an array of bytes is in PostgreSQL.
    package static func decodePostgresArray(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count >= 2, text.count % 2 == 0, text[0] == UInt8(ascii: "\\"),
            text[1] == UInt8(ascii: "x")
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        for index in stride(from: 2, to: text.count, by: 2) {
            guard let high = hexadecimal(text[index]), let low = hexadecimal(text[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Leaves the text to the elements' type: an array of bytes is `bytea`.
    package static func decodePostgres(_ text: Span<UInt8>) -> [Element]? {
        Element.decodePostgresArray(text)
    }
}

/// Reads the text form of a one-dimensional array: `{1,2}`, `{"a b",c}`.
struct ArrayText {
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")

    /// The elements, or nil when the text is no such array, has a NULL or an unreadable element.
    static func decode<Element: PostgresDecodable>(_ text: Span<UInt8>) -> [Element]? {
        guard text.count >= 2, text[0] == open, text[text.count - 1] == close else { return nil }
        if text.count == 2 { return [] }
        var elements: [Element] = []
        var index = 1
        let end = text.count - 1
        while true {
            let isQuoted = index < end && text[index] == quote
            let element: Element?
            if isQuoted {
                guard let unquoted = self.quoted(text, &index, end) else { return nil }
                element = Element.decodePostgres(unquoted.span)
            } else {
                let start = index
                while index < end, text[index] != comma {
                    if text[index] == open || text[index] == quote { return nil }
                    index += 1
                }
                let part = text.extracting(start..<index)
                if part.isEmpty || isNull(part) { return nil }
                element = Element.decodePostgres(part)
            }
            guard let element else { return nil }
            elements.append(element)
            if index == end { return elements }
            guard text[index] == comma else { return nil }
            index += 1
        }
    }

    /// The content of a quoted element; `index` moves behind its closing quotation mark.
    private static func quoted(_ text: Span<UInt8>, _ index: inout Int, _ end: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        index += 1
        while index < end {
            switch text[index] {
            case quote:
                index += 1
                return bytes
            case backslash:
                index += 1
                if index < end { bytes.append(text[index]) }
            case let byte:
                bytes.append(byte)
            }
            index += 1
        }
        return nil
    }

    private static func isNull(_ part: Span<UInt8>) -> Bool {
        part.count == 4 && part[0] == UInt8(ascii: "N") && part[1] == UInt8(ascii: "U")
            && part[2] == UInt8(ascii: "L") && part[3] == UInt8(ascii: "L")
    }
}
