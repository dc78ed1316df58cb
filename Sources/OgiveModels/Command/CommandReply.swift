internal import FoundationEssentials
package import OgiveCore

/// One line from the scoring subprocess: `{"id", "reward"}` or `{"id", "error", "code"}`.
package struct CommandReply: Decodable, Sendable {
    /// The id of the request that is answered.
    package var id: Int
    var reward: Double?
    var error: String?
    var code: String?

    /// Failures that a command may give an item; any other is `rejected`.
    private static let codes: [ModelError.Code] = [
        .promptTooLong, .notFinite, .malformed, .missingField, .serverError, .overloaded,
    ]

    /// Reads a line. Beyond JSON it may hold `NaN` and `Infinity`, as Python writes them, which are
    /// to be told from a line that is broken.
    ///
    /// The platform's decoder can read JSON5, which has them too, but traps on some broken escapes.
    static func read(_ line: [UInt8]) throws(ModelError) -> CommandReply {
        try decode(CommandReply.self, line)
    }

    static func decode<Line: Decodable>(
        _ type: Line.Type, _ line: [UInt8]
    ) throws(ModelError) -> Line {
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
            return try BoundedJSON.decode(
                type, from: Data(quotingSpecials(line)), by: decoder)
        } catch {
            let start = String(decoding: line.prefix(200), as: UTF8.self)
            throw ModelError(
                .processDied,
                "the scoring command wrote a line that is not {\"id\", \"reward\"} or "
                    + "{\"id\", \"error\"}: `\(start)`; "
                    + "let it write everything else to standard error")
        }
    }

    private static let specials = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }

    /// The line with numbers that JSON lacks as texts, where they stand outside of texts.
    private static func quotingSpecials(_ line: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        var output: [UInt8] = []
        var isText = false
        var index = 0
        while index < line.count {
            let rest = line[index...]
            if !isText, let word = specials.first(where: { rest.starts(with: $0) }) {
                output += [quote] + word + [quote]
                index += word.count
                continue
            }
            if isText, line[index] == UInt8(ascii: "\\"), index + 1 < line.count {
                output.append(line[index])
                index += 1
            } else if line[index] == quote {
                isText.toggle()
            }
            output.append(line[index])
            index += 1
        }
        return output
    }

    /// What it says of its item.
    package var result: Result<Double, ModelError> {
        if let error {
            let code = Self.codes.first { $0.rawValue == self.code } ?? .rejected
            return .failure(
                ModelError(code, "the scoring command reports: \(error.prefix(500))"))
        }
        guard let reward else {
            return .failure(
                ModelError(.malformed, "the scoring command gave neither reward nor error"))
        }
        guard reward.isFinite else {
            return .failure(
                ModelError(.notFinite, "the scoring command gave the reward \(reward)"))
        }
        return .success(reward)
    }
}
