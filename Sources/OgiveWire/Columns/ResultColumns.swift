internal import OgiveCore
internal import SwiftProtobuf

/// What of an item a result has: the flags `Has` of the proto file.
struct ResultFlags: OptionSet {
    let rawValue: UInt32

    static let completion = ResultFlags(rawValue: 1)
    static let tokenCount = ResultFlags(rawValue: 2)
    static let logProbability = ResultFlags(rawValue: 4)
    static let promptTokenCount = ResultFlags(rawValue: 8)
    static let tokenIDs = ResultFlags(rawValue: 16)
    static let tokenLogProbabilities = ResultFlags(rawValue: 32)
    static let seed = ResultFlags(rawValue: 64)
    static let sampleNanoseconds = ResultFlags(rawValue: 128)
    static let reward = ResultFlags(rawValue: 256)
    static let parts = ResultFlags(rawValue: 512)
    static let failure = ResultFlags(rawValue: 1024)
    static let givenLogProbability = ResultFlags(rawValue: 2048)
    static let scorerTokens = ResultFlags(rawValue: 4096)
    static let policyTokens = ResultFlags(rawValue: 8192)

    /// What only a completion has.
    static let ofCompletions: ResultFlags = [
        .tokenCount, .logProbability, .promptTokenCount, .tokenIDs, .tokenLogProbabilities,
    ]
    /// What rarely is there.
    static let rare: ResultFlags = [
        .parts, .failure, .givenLogProbability, .scorerTokens, .policyTokens, .tokenIDs,
        .tokenLogProbabilities,
    ]
}

/// Reads the items of a result from their columns, item by item: each column has a place of its
/// own, and takes no memory.
struct ResultColumns {
    private static let fieldsMax = 23

    private let wire: WireBytes
    /// By the number of the column.
    private var places: [Cursor]
    private var names = ItemColumns()
    private var failures: [Range<Int>] = []
    private var given: [Range<Int>] = []
    private var nextFailure = 0
    private var nextGiven = 0
    private var texts = 0..<0
    /// The bytes that the texts are parts of, where they stand in them, and the next one's start.
    private var source: [UInt8] = []
    private var sourceStart = 0
    private var nextText = 0

    /// Finds the columns of the message in a range.
    init(_ wire: WireBytes, _ range: Range<Int>) throws(WireError) {
        self.wire = wire
        places = Array(repeating: Cursor(0..<0), count: Self.fieldsMax + 1)
        var cursor = Cursor(range)
        while let field = try wire.field(&cursor) {
            guard field.number >= 1, field.number <= UInt64(Self.fieldsMax) else {
                try wire.skip(field, &cursor)
                continue
            }
            let value = try wire.range(field, &cursor)
            switch field.number {
            case 1: names = try ItemColumns(wire, value)
            case 3: texts = value
            case 18: try Self.add(value, to: &failures, "item_results.failures")
            case 19: try Self.add(value, to: &given, "item_results.given_log_probabilities")
            default:
                guard places[Int(field.number)].end == 0 else {
                    throw WireError(
                        .malformed, "column \(field.number) of item_results is there twice")
                }
                places[Int(field.number)] = Cursor(value)
            }
        }
        try takeTexts()
    }

    private static func add(
        _ range: Range<Int>, to ranges: inout [Range<Int>], _ name: String
    ) throws(WireError) {
        guard ranges.count < WireLimits.items else {
            throw WireError(
                .tooLarge,
                "\(name) has more than \(WireLimits.items) entries; no more are allowed")
        }
        ranges.append(range)
    }

    /// Checks all texts at once, and keeps their bytes: the envelope's own where most of it is
    /// texts. Else one text would keep the memory of what else an envelope brings.
    private mutating func takeTexts() throws(WireError) {
        do {
            _ = try UTF8Span(validating: wire.bytes.span.extracting(texts))
        } catch {
            throw WireError(
                .malformed,
                "completion.text is not UTF-8: see byte \(error.byteOffsets.lowerBound) of the"
                    + " texts", cause: error)
        }
        if texts.count >= wire.bytes.count / 2 {
            (source, sourceStart) = (wire.bytes, texts.lowerBound)
        } else {
            source = Array(wire.bytes[texts])
        }
    }

    /// Reads all items. Throws what is wrong with them.
    mutating func items() throws(WireError) -> [ItemResult] {
        var items: [ItemResult] = []
        items.reserveCapacity(names.count)
        while let name = try names.next(wire) {
            items.append(ItemResult(name: name))
            try read(&items[items.count - 1])
            try WireCheck.item(items.span, items.count - 1)
        }
        try checkEnd()
        return items
    }

    private mutating func read(_ item: inout ItemResult) throws(WireError) {
        let has = ResultFlags(rawValue: try number(2, "has"))
        if has.contains(.completion) {
            try readCompletion(has, &item)
        } else if !has.isDisjoint(with: .ofCompletions) {
            throw WireError(.invalidValue, "item_result has parts of a completion, and none")
        }
        if has.contains(.seed) { item.seed = try fixed64(13, "seeds") }
        if has.contains(.sampleNanoseconds) {
            item.sampleDuration = try WireCheck.duration(
                Int64(bitPattern: try fixed64(14, "sample_nanoseconds")),
                "item_result.sample_nanoseconds")
        }
        if has.contains(.reward) {
            item.reward = Double(bitPattern: try fixed64(15, "rewards"))
        }
        if !has.isDisjoint(with: .rare) { try readRare(has, &item) }
    }

    private mutating func readCompletion(
        _ has: ResultFlags, _ item: inout ItemResult
    ) throws(WireError) {
        let reason: FinishReason
        let count = Int(try number(4, "text_bytes"))
        switch try number(5, "finish_reasons") {
        case 1: reason = .stop
        case 2: reason = .length
        case 3: reason = .other
        case let other:
            throw WireError(.invalidValue, "completion.finish_reason is \(other)")
        }
        guard count <= texts.count - nextText else {
            throw WireError(
                .invalidValue, "completion.text ends \(count) bytes on, after all texts")
        }
        let start = sourceStart + nextText
        nextText += count
        // The texts are UTF-8 all together: so are parts that begin where characters do.
        guard nextText == texts.count || source[sourceStart + nextText] & 0xC0 != 0x80 else {
            throw WireError(.malformed, "completion.text is not UTF-8: it ends within a character")
        }
        var completion = Completion(
            content: CompletionText(of: source, knownToBeUTF8: start..<(start + count)),
            finishReason: reason)
        if has.contains(.tokenCount) {
            completion.tokenCount = Int(try number(6, "token_counts"))
        }
        if has.contains(.logProbability) {
            completion.logProbability = Double(
                bitPattern: try fixed64(7, "log_probabilities"))
        }
        if has.contains(.promptTokenCount) {
            completion.promptTokenCount = Int(try number(8, "prompt_token_counts"))
        }
        item.completion = completion
    }

    private mutating func readRare(
        _ has: ResultFlags, _ item: inout ItemResult
    ) throws(WireError) {
        if has.contains(.tokenIDs) { item.completion?.tokenIDs = try tokenIDs() }
        if has.contains(.tokenLogProbabilities) {
            item.completion?.tokenLogProbabilities = try tokenValues()
        }
        if has.contains(.parts) {
            let count = try count(16, "part_counts", "item_result.parts", WireLimits.parts)
            for _ in 0..<count {
                item.parts.append(Double(bitPattern: try fixed64(17, "parts")))
            }
        }
        if has.contains(.failure) {
            item.failure = try Failure(wire: try message(failures, &nextFailure, "failures"))
        }
        if has.contains(.givenLogProbability) {
            item.logProbability = try LogProbability(
                wire: try message(given, &nextGiven, "given_log_probabilities"))
        }
        if has.contains(.scorerTokens) {
            item.scorerTokens = TokenCount(
                input: Int(try number(20, "scorer_inputs")),
                output: Int(try number(21, "scorer_outputs")))
        }
        if has.contains(.policyTokens) {
            item.policyTokens = TokenCount(
                input: Int(try number(22, "policy_inputs")),
                output: Int(try number(23, "policy_outputs")))
        }
    }

    /// The tokens of an item; `nil` when there are none.
    private mutating func tokenIDs() throws(WireError) -> [Int32]? {
        let count = try count(
            9, "token_id_counts", "completion.token_ids", WireLimits.tokens)
        var ids: [Int32] = []
        // As many as there can be: a number takes a byte at least.
        ids.reserveCapacity(min(count, places[10].rest.count))
        for _ in 0..<count { ids.append(Int32(bitPattern: try number(10, "token_ids"))) }
        return ids.isEmpty ? nil : ids
    }

    /// The log-probabilities of an item's tokens; `nil` when there are none.
    private mutating func tokenValues() throws(WireError) -> [Double]? {
        let count = try count(
            11, "token_log_probability_counts", "completion.token_log_probabilities",
            WireLimits.tokens)
        var values: [Double] = []
        values.reserveCapacity(min(count, places[12].rest.count))
        for _ in 0..<count {
            if places[12].isAtEnd { throw Self.tooShort("token_log_probabilities") }
            values.append(Double(Float(bitPattern: try wire.fixed32(&places[12]))))
        }
        return values.isEmpty ? nil : values
    }

    /// How many entries of a column are an item's; at most `max`.
    private mutating func count(
        _ column: Int, _ name: String, _ field: String, _ max: Int
    ) throws(WireError) -> Int {
        let count = Int(try number(column, name))
        guard count <= max else {
            throw WireError(
                .tooLarge, "\(field) has \(count) entries; at most \(max) are allowed")
        }
        return count
    }

    /// The next number of a column; larger ones are cut to 32 bits, as everywhere in protobuf.
    @inline(__always)
    private mutating func number(_ column: Int, _ name: String) throws(WireError) -> UInt32 {
        if places[column].isAtEnd { throw Self.tooShort(name) }
        return UInt32(truncatingIfNeeded: try wire.varint(&places[column]))
    }

    /// The next number of eight bytes of a column.
    @inline(__always)
    private mutating func fixed64(_ column: Int, _ name: String) throws(WireError) -> UInt64 {
        if places[column].isAtEnd { throw Self.tooShort(name) }
        return try wire.fixed64(&places[column])
    }

    /// The next message of a column.
    private func message<Message: SwiftProtobuf.Message>(
        _ ranges: [Range<Int>], _ next: inout Int, _ name: String
    ) throws(WireError) -> Message {
        guard next < ranges.count else { throw Self.tooShort(name) }
        defer { next += 1 }
        do {
            return try Message(
                serializedBytes: Array(wire.bytes[ranges[next]]), options: WireHeader.decoding)
        } catch {
            throw WireError(
                .malformed,
                "an entry of item_results.\(name) is damaged, or a text in it is not UTF-8",
                cause: error)
        }
    }

    private static func tooShort(_ name: String) -> WireError {
        WireError(.missingField, "item_results.\(name) has fewer entries than items have it")
    }

    /// Refuses what belongs to no item: nobody would have counted it.
    private func checkEnd() throws(WireError) {
        let isRead =
            nextText == texts.count && nextFailure == failures.count
            && nextGiven == given.count && places.allSatisfy(\.isAtEnd)
        guard isRead else {
            throw WireError(.invalidValue, "item_results has entries that belong to no item")
        }
    }
}
