package import FoundationEssentials

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
        for byte in data {
            switch byte {
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
