package import FoundationEssentials

/// Any JSON value, to be passed on.
package enum JSONValue: Codable, Hashable, Sendable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])
    /// JSON text to be passed on as it is, with its keys in their order.
    case raw(String)

    /// A list of texts.
    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map(JSONValue.text)) }

    /// A list of turns, as chat servers take it.
    package static func messages(_ messages: [ChatMessage]) -> JSONValue {
        .list(messages.map(message))
    }

    private static func message(_ message: ChatMessage) -> JSONValue {
        var fields: [String: JSONValue] = [
            "role": .text(message.role), "content": .text(message.content),
        ]
        fields["name"] = message.name.map(JSONValue.text)
        fields["reasoning_content"] = message.reasoning.map(JSONValue.text)
        fields["tool_call_id"] = message.toolCallID.map(JSONValue.text)
        fields["tool_calls"] = message.toolCalls.map(JSONValue.raw)
        return .object(fields)
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .flag(let flag): try value.encode(flag)
        case .integer(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        case .raw(let text):
            // Another encoder keeps no order of keys.
            try value.encode(BoundedJSON.decode(JSONValue.self, from: Data(text.utf8)))
        }
    }
}

/// Writes JSON, byte by byte.
package enum JSONText {
    /// Adds a text in quotes, with what must be escaped escaped.
    package static func append(_ text: String, to output: inout [UInt8]) {
        append(text, to: &output) { byte, output in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case UInt8(ascii: "\n"): output += "\\n".utf8
            default:
                let digits = String(byte, radix: 16)
                output += "\\u00\(byte < 16 ? "0" : "")\(digits)".utf8
            }
        }
    }

    /// Adds a text in quotes; `escape` writes what must not stand in one as it is: `"`, `\` and
    /// control characters. What lies between them is copied as a whole.
    static func append(
        _ text: String, to output: inout [UInt8], escape: (UInt8, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            while start < bytes.count {
                // Sound: the text's bytes live for the whole call, and are only read.
                let end = unsafe plainEnd(bytes, from: start)
                unsafe output.append(contentsOf: bytes[start..<end])
                guard end < bytes.count else { break }
                escape(unsafe bytes[end], &output)
                start = end + 1
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Where the next byte is that a text of JSON cannot hold as it is (`"`, `\`, a control
    /// character), at `start` or after it; the end when there is none.
    package static func plainEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        let raw = UnsafeRawBufferPointer(bytes)
        // Eight bytes at once. In each word a byte's high bit is set where that byte is 0, or less
        // than 32: https://graphics.stanford.edu/~seander/bithacks.html#ValueInWord
        let ones: UInt64 = 0x0101_0101_0101_0101
        while index + 8 <= bytes.count {
            // Sound: the eight bytes are within the buffer.
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5c)
            let found =
                ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash)
                | ((word &- ones &* 32) & ~word)
            let marks = found & (ones &* 0x80)
            if marks != 0 { return index + UInt64(littleEndian: marks).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            // Sound: `index` is within the buffer.
            let byte = unsafe bytes[index]
            if byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
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

/// The one byte sequence of a specification: JSON with sorted keys and no white space.
///
/// Specifications are identified by the SHA-256 of these bytes, so an absent optional and a
/// default must encode alike: leave out what is not set.
package enum CanonicalJSON {
    /// Encodes `value` canonically.
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            // Only non-finite numbers make JSONEncoder fail; validation refuses them earlier.
            preconditionFailure("a specification must hold finite numbers only: \(error)")
        }
    }

    /// The canonical text of `value`, for a `jsonb` column.
    package static func text(_ value: some Encodable) -> String {
        String(decoding: encode(value), as: UTF8.self)
    }
}

/// Decodes JSON that comes from outside, with a bound on how deep it is nested.
///
/// The platform's decoder recurses, and traps on a text that ends right where its own bound of 512
/// levels is passed. So the depth is counted before it sees the text.
package enum BoundedJSON {
    /// Deepest nesting of lists and objects.
    package static let depthMax = 128

    /// Decodes `data`; throws `DecodingError` for what is no JSON, or nested too deep.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data, by decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
        guard isShallow(data) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "nested deeper than \(depthMax) levels"))
        }
        return try decoder.decode(type, from: data)
    }

    /// Whether no bracket outside of texts is nested too deep. What is no JSON may pass.
    private static func isShallow(_ data: Data) -> Bool {
        var (depth, isText, isEscaped) = (0, false, false)
        // By place: the iterator of Data is many times slower.
        let bytes = data.span
        for place in bytes.indices {
            switch bytes[place] {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isText: isEscaped = true
            case UInt8(ascii: "\""): isText.toggle()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if !isText { depth += 1 }
                if depth > depthMax { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if !isText { depth -= 1 }
            default: break
            }
        }
        return true
    }
}
