/// How the text of a value is written as JSON.
package enum PostgresJSONForm: Sendable {
    /// Between quotes, escaped as PostgreSQL's `to_json` does.
    case text
    /// As it is: an integer, or JSON that the server made.
    case asIs
    /// A `boolean`.
    case boolean
    /// A `double precision`: a whole number gets `.0`, so that no reader takes it for an integer,
    /// and what JSON cannot say is `null`.
    case float
}

extension PostgresRows {
    /// Appends a value as JSON; NULL is `null`. The column counts from 0 and must be there.
    ///
    /// The bytes go from the result to `output` without becoming a `String`.
    package func appendJSON(
        row: Int, column: Int, as form: PostgresJSONForm, to output: inout [UInt8]
    ) {
        precondition(columnNames.indices.contains(column), "a column outside of the result")
        let found: Void? = result.withText(row: row, column: column) { text in
            switch form {
            case .asIs: output.append(text)
            case .text: JSONEscape.append(text, to: &output)
            case .boolean:
                let isTrue = text.count > 0 && text[0] == UInt8(ascii: "t")
                output.append(contentsOf: isTrue ? JSONEscape.isTrue : JSONEscape.isFalse)
            case .float: JSONEscape.append(float: text, to: &output)
            }
        }
        if found == nil { output.append(contentsOf: JSONEscape.null) }
    }
}

extension [UInt8] {
    /// Appends bytes.
    fileprivate mutating func append(_ bytes: Span<UInt8>) {
        // Sound: the bytes are copied within the scope of the pointer.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

/// Texts as `to_json` writes them.
private enum JSONEscape {
    static let null = Array("null".utf8)
    static let isTrue = Array("true".utf8)
    static let isFalse = Array("false".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    static func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var start = 0
        for index in text.indices {
            let byte = text[index]
            if byte >= 32, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            output.append(text.extracting(start..<index))
            escape(byte, to: &output)
            start = index + 1
        }
        output.append(text.extracting(start..<text.count))
        output.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 8: output.append(UInt8(ascii: "b"))
        case 9: output.append(UInt8(ascii: "t"))
        case 10: output.append(UInt8(ascii: "n"))
        case 12: output.append(UInt8(ascii: "f"))
        case 13: output.append(UInt8(ascii: "r"))
        default:
            output.append(contentsOf: "u00".utf8)
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }

    /// Appends what PostgreSQL shows of a `double precision`: `1`, `0.5`, `1e+20`, `NaN`.
    static func append(float text: Span<UInt8>, to output: inout [UInt8]) {
        var isWhole = true
        for index in text.indices {
            let byte = text[index]
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            if isDigit || byte == UInt8(ascii: "-") { continue }
            guard byte != UInt8(ascii: "N"), byte != UInt8(ascii: "I") else {
                output.append(contentsOf: null)
                return
            }
            isWhole = false
            break
        }
        output.append(text)
        if isWhole { output.append(contentsOf: ".0".utf8) }
    }
}
