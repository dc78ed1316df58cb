/// Writes JSON, byte by byte.
package enum JSONText {
    /// Adds a text in quotes, with what must be escaped escaped.
    package static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case UInt8(ascii: "\n"): output += "\\n".utf8
            case 0..<32:
                let digits = String(byte, radix: 16)
                output += "\\u00\(byte < 16 ? "0" : "")\(digits)".utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    /// The value as JSON, raw parts as they are; `nil` when a number is not finite.
    package var bytes: [UInt8]? {
        var output: [UInt8] = []
        return write(to: &output) ? output : nil
    }

    private func write(to output: inout [UInt8]) -> Bool {
        switch self {
        case .null: output += "null".utf8
        case .flag(let flag): output += (flag ? "true" : "false").utf8
        case .integer(let integer): output += "\(integer)".utf8
        case .number(let number):
            guard number.isFinite else { return false }
            output += (Int64(exactly: number).map { "\($0)" } ?? "\(number)").utf8
        case .text(let text): JSONText.append(text, to: &output)
        case .raw(let text): output += text.utf8
        case .list(let list):
            output.append(UInt8(ascii: "["))
            for (index, element) in list.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                guard element.write(to: &output) else { return false }
            }
            output.append(UInt8(ascii: "]"))
        case .object(let fields):
            output.append(UInt8(ascii: "{"))
            // In one order, so that a request is the same bytes in every process.
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.append(field.key, to: &output)
                output.append(UInt8(ascii: ":"))
                guard field.value.write(to: &output) else { return false }
            }
            output.append(UInt8(ascii: "}"))
        }
        return true
    }
}
