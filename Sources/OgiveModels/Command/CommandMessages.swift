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

/// What a scoring subprocess says of itself: `{"facts": {"model": "…", "dtype": "…"}}`, its first
/// line. It becomes part of the scorer's fingerprint, so that another model is noticed.
package struct CommandFacts: Decodable, Hashable, Sendable {
    /// Texts by name.
    package var facts: [String: String]

    /// Most facts, and most bytes of a name or a text.
    static let countMax = 64
    static let bytesMax = 1_000

    private static let beginning = Array("{\"facts\"".utf8)

    /// Reads a line; `nil` when it is not meant to be facts. Throws `processDied` when broken.
    static func read(_ line: [UInt8]) throws(ModelError) -> CommandFacts? {
        guard line.filter({ $0 != 32 }).starts(with: beginning) else { return nil }
        let facts = try CommandReply.decode(CommandFacts.self, line)
        guard facts.facts.count <= countMax,
            facts.facts.allSatisfy({ max($0.key.utf8.count, $0.value.utf8.count) <= bytesMax })
        else {
            throw ModelError(
                .processDied,
                "the scoring command announced more than \(countMax) facts, or one of more than "
                    + "\(bytesMax) bytes")
        }
        return facts
    }

    /// The fingerprint of a command that is configured as `model`.
    func fingerprint(model: String) -> Fingerprint {
        var all = ["model": model, "server": "command"]
        for (name, text) in facts { all["command.\(name)"] = Secrets.hiding(in: text) }
        return Fingerprint(all)
    }
}

/// One line to the scoring subprocess, but for its `id`.
struct CommandQuestion: Encodable {
    var request: ScoreRequest

    private enum Keys: String, CodingKey { case prompt, messages, tools, completion, metadata }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Keys.self)
        switch request.prompt.content {
        case .text(let text): try line.encode(text, forKey: .prompt)
        case .chat(let messages, let tools):
            try line.encode(JSONValue.messages(messages), forKey: .messages)
            try line.encodeIfPresent(tools.map(JSONValue.raw), forKey: .tools)
        }
        try line.encode(request.completion, forKey: .completion)
        let metadata = try BoundedJSON.decode(
            JSONValue.self, from: Data(request.prompt.metadata.utf8))
        try line.encode(metadata, forKey: .metadata)
    }
}

/// Reads what a scoring subprocess writes: bytes, cut into lines of bounded length, each a reply.
package struct CommandReader {
    /// The line that has begun.
    private var rest: [UInt8] = []
    /// What the command says of itself, in a line `{"facts": {…}}` before its first reply.
    private(set) package var facts: CommandFacts?
    private var hasReplied = false
    private let lineBytesMax: Int

    /// Allows lines of up to `lineBytesMax` bytes.
    package init(lineBytesMax: Int = CommandScorer.lineBytesMax) {
        self.lineBytesMax = lineBytesMax
    }

    /// The replies that `bytes` complete; throws `processDied` on a line that is too
    /// long or is no reply: whose it was cannot be known, and the subprocess is started anew.
    package mutating func replies(_ bytes: [UInt8]) throws(ModelError) -> [CommandReply] {
        var replies: [CommandReply] = []
        var start = 0
        // Only new bytes are searched, or a long line would be searched again with each piece.
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try keep(bytes[start..<end])
            start = end + 1
            if rest.contains(where: { $0 != 32 && $0 != 13 && $0 != 9 }) {
                if !hasReplied, facts == nil, let read = try CommandFacts.read(rest) {
                    facts = read
                } else {
                    replies.append(try CommandReply.read(rest))
                    hasReplied = true
                }
            }
            rest.removeAll(keepingCapacity: rest.count < 65_536)
        }
        try keep(bytes[start...])
        return replies
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(ModelError) {
        guard rest.count + bytes.count <= lineBytesMax else {
            throw ModelError(
                .processDied, "the scoring command wrote a line of more than \(lineBytesMax) bytes")
        }
        rest += bytes
    }
}
