internal import OgiveCore

extension FieldWriter {
    /// Bytes of a lease but for its prompt, items and texts, and of the fields around it: more than
    /// they can take.
    private static let leaseBytes = 256

    /// About as many bytes as a lease takes.
    static func expectedBytes(of lease: Lease) -> Int {
        lease.items.reduce(leaseBytes + lease.prompt.byteCount + lease.prompt.metadata.utf8.count) {
            $0 + 6 + ($1.text?.utf8.count ?? 0)
        }
    }

    /// Writes the message `Lease`; throws what a reader would throw for it.
    mutating func lease(_ lease: borrowing Lease) throws(WireError) {
        try WireCheck.lease(lease)
        let (name, prompt, items) = (lease.name, lease.prompt, lease.items)
        message(1) { $0.leaseName(name) }
        signed(2, lease.run.rawValue)
        message(3, about: prompt.byteCount + prompt.metadata.utf8.count) { $0.prompt(prompt) }
        number(4, lease.seedBase)
        signed(6, lease.duration.wireNanoseconds)
        bytes(7, lease.proof)
        names(8, count: items.count) { items[$0].name }
        let lengths = items.compactMap { item in
            item.text.map { UInt32(wireCount: $0.utf8.count) }
        }
        texts(9, lengths.reduce(0) { $0 + Int($1) }) { bytes in
            for item in items { if let text = item.text { bytes.append(contentsOf: text.utf8) } }
        }
        column(10, lengths)
    }

    /// Writes the message `Prompt`.
    private mutating func prompt(_ prompt: Prompt) {
        signed(1, prompt.id.rawValue)
        text(2, prompt.key)
        switch prompt.content {
        case .chat(let turns, let tools):
            message(3, about: prompt.byteCount) { writer in
                for turn in turns {
                    writer.message(1, about: turn.content.utf8.count + 8) { $0.turn(turn) }
                }
                writer.text(2, tools ?? "")
            }
        case .text(let text): self.text(4, text, isAlways: true)
        }
        text(5, prompt.metadata)
    }

    /// Writes the message `Turn`.
    private mutating func turn(_ turn: ChatMessage) {
        text(1, turn.role)
        text(2, turn.content)
        text(3, turn.name ?? "")
        text(4, turn.reasoning ?? "")
        text(5, turn.toolCallID ?? "")
        text(6, turn.toolCalls ?? "")
    }

    /// Writes the message `Ack`; throws what a reader would throw for it.
    mutating func acks(_ names: [ResultName]) throws(WireError) {
        try WireCheck.present(!names.isEmpty, "ack.results")
        _ = try WireCheck.list(names, "ack.results", max: WireLimits.leases)
        for name in names {
            _ = try WireCheck.number(UInt32(wireCount: name.part), "result_name.part")
            message(1) { writer in
                writer.message(1) { $0.leaseName(name.lease) }
                writer.number(2, UInt64(name.part))
            }
        }
    }
}

extension WireCheck {
    /// Passes a lease that a reader takes.
    static func lease(_ lease: borrowing Lease) throws(WireError) {
        try seedBase(lease.seedBase)
        _ = try duration(
            lease.duration.wireNanoseconds, "lease.duration_nanoseconds", least: 1)
        let items = lease.items
        _ = try list(items, "item_names", max: WireLimits.items)
        var texts = 0
        for item in items {
            try name(item.name)
            guard let text = item.text else { continue }
            texts += 1
            _ = try self.text(text, "text of a lease's item", max: WireLimits.textBytes)
        }
        guard texts == 0 || texts == items.count else {
            throw WireError(
                .invalidValue,
                "\(texts) of the \(items.count) items of a lease have a text: all must, or none")
        }
        try prompt(lease.prompt)
    }

    /// Passes the seed of draw 0: each seed is this and an index, and no sum overflows.
    static func seedBase(_ seedBase: UInt64) throws(WireError) {
        guard seedBase <= DrawSeed.baseMax else {
            throw WireError(.invalidValue, "lease.seed_base is \(seedBase)")
        }
    }

    private static func prompt(_ prompt: Prompt) throws(WireError) {
        _ = try text(prompt.key, "prompt.key", max: WireLimits.keyBytes)
        _ = try text(prompt.metadata, "prompt.metadata_json", max: WireLimits.textBytes)
        switch prompt.content {
        case .text(let content):
            _ = try text(content, "prompt.text", max: WireLimits.textBytes)
        case .chat(let turns, let tools):
            _ = try text(tools ?? "", "chat.tools_json", max: WireLimits.textBytes)
            for turn in try list(turns, "chat.turns", max: WireLimits.turns) {
                try self.turn(turn)
            }
        }
    }

    private static func turn(_ turn: ChatMessage) throws(WireError) {
        _ = try text(turn.role, "turn.role", max: WireLimits.nameBytes)
        _ = try text(turn.content, "turn.content", max: WireLimits.textBytes)
        _ = try text(turn.name ?? "", "turn.name", max: WireLimits.nameBytes)
        _ = try text(
            turn.reasoning ?? "", "turn.reasoning_content", max: WireLimits.textBytes)
        _ = try text(turn.toolCallID ?? "", "turn.tool_call_id", max: WireLimits.nameBytes)
        _ = try text(
            turn.toolCalls ?? "", "turn.tool_calls_json", max: WireLimits.textBytes)
    }
}
