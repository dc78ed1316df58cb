internal import OgiveCore

extension WireCheck {
    /// Passes a result that a reader takes.
    static func result(_ result: borrowing TaskResult) throws(WireError) {
        _ = try count(result.part, "result.part")
        try names(result.claim.items, "lease_claim.items")
        guard result.items.count <= WireLimits.items else {
            throw WireError(
                .tooLarge,
                "item_names has \(result.items.count) entries; at most \(WireLimits.items) are"
                    + " allowed")
        }
        let items = result.items.span
        for index in items.indices { try item(items, index) }
    }

    /// Passes a number of items of one envelope.
    static func itemsAtOnce(_ count: Int) throws(WireError) {
        guard count <= WireLimits.itemsAtOnce else {
            throw WireError(
                .tooLarge, "message of more than \(WireLimits.itemsAtOnce) items")
        }
    }

    /// Passes names of items that a reader takes.
    static func names(_ names: [ItemName], _ field: String) throws(WireError) {
        _ = try list(names, field, max: WireLimits.items)
        for name in names { try self.name(name) }
    }

    /// Passes the name of an item.
    static func name(_ name: ItemName) throws(WireError) {
        guard name.index >= 0 else {
            throw WireError(
                .invalidValue,
                "item.index is \(UInt32(bitPattern: name.index)); at most \(Int32.max) is allowed")
        }
    }

    /// Passes an item whose values are within their bounds. Its fields are read one by one: a copy
    /// of it costs more than all of them.
    static func item(_ items: Span<ItemResult>, _ index: Int) throws(WireError) {
        try name(items[index].name)
        let outcomes =
            (items[index].reward != nil ? 1 : 0) + (items[index].failure?.code != nil ? 1 : 0)
            + (items[index].logProbability?.sum != nil ? 1 : 0)
        guard outcomes == 1 else {
            throw WireError(
                outcomes > 1 ? .invalidValue : .missingField,
                "item_result must have exactly one of reward, failure and log_probability")
        }
        if items[index].completion?.finishReason != nil { try completion(of: items, index) }
        if let seed = items[index].seed, seed > Int64.max {
            throw WireError(.invalidValue, "item_result.seed is \(seed)")
        }
        if let reward = items[index].reward { _ = try finite(reward, "item_result.reward") }
        if !items[index].parts.isEmpty { try parts(of: items, index) }
        if let duration = items[index].sampleDuration {
            guard duration >= .zero, duration <= WireLimits.durationMax else {
                throw WireError(
                    .invalidValue,
                    "item_result.sample_nanoseconds is \(duration.wireNanoseconds); it must be in"
                        + " 0...\(WireLimits.durationMax)")
            }
        }
        if let spent = items[index].scorerTokens { try tokenCount(spent) }
        if let spent = items[index].policyTokens { try tokenCount(spent) }
        if let value = items[index].logProbability { try logProbability(value) }
        if let attempts = items[index].failure?.attempts {
            _ = try count(attempts, "failure.attempts")
        }
    }

    private static func completion(of items: Span<ItemResult>, _ index: Int) throws(WireError) {
        if items[index].failure?.stage == .sampling {
            throw WireError(
                .invalidValue, "item_result has a completion and a failure to sample it")
        }
        let bytes = items[index].completion?.content.byteCount ?? 0
        guard bytes <= WireLimits.textBytes else {
            throw WireError(
                .tooLarge,
                "completion.text has \(bytes) bytes; at most \(WireLimits.textBytes) are allowed")
        }
        if let tokens = items[index].completion?.tokenCount {
            _ = try count(tokens, "completion.token_count")
        }
        if let tokens = items[index].completion?.promptTokenCount {
            _ = try count(tokens, "completion.prompt_token_count")
        }
        if let sum = items[index].completion?.logProbability {
            _ = try finite(sum, "completion.log_probability")
        }
        if let ids = items[index].completion?.tokenIDs { try tokenIDs(ids, "completion.token_ids") }
        if let values = items[index].completion?.tokenLogProbabilities {
            try tokenValues(values, "completion.token_log_probabilities")
        }
    }

    private static func parts(of items: Span<ItemResult>, _ index: Int) throws(WireError) {
        guard items[index].reward != nil else {
            throw WireError(.invalidValue, "item_result has parts of a reward, and no reward")
        }
        for part in try list(items[index].parts, "item_result.parts", max: WireLimits.parts) {
            _ = try finite(part, "item_result.parts")
        }
    }

    private static func logProbability(_ value: LogProbability) throws(WireError) {
        _ = try finite(value.sum, "log_probability.sum")
        _ = try count(value.tokenCount, "log_probability.token_count")
        if let ids = value.tokenIDs { try tokenIDs(ids, "log_probability.token_ids") }
        if let values = value.tokenValues {
            try tokenValues(values, "log_probability.token_values")
        }
    }

    private static func tokenCount(_ spent: TokenCount) throws(WireError) {
        _ = try count(spent.input, "token_count.input")
        _ = try count(spent.output, "token_count.output")
    }

    private static func tokenIDs(_ ids: [Int32], _ field: String) throws(WireError) {
        for id in try list(ids, field, max: WireLimits.tokens) where id < 0 {
            throw WireError(
                .invalidValue,
                "\(field) is \(UInt32(bitPattern: id)); at most \(Int32.max) is allowed")
        }
    }

    private static func tokenValues(_ values: [Double], _ field: String) throws(WireError) {
        for value in try list(values, field, max: WireLimits.tokens) {
            // They go as numbers of 32 bits.
            _ = try finite(Double(Float(value)), field)
        }
    }

    /// Passes a number of things that is within its range.
    private static func count(_ count: Int, _ field: String) throws(WireError) -> Int {
        try number(UInt32(wireCount: count), field)
    }
}
