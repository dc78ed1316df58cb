internal import OgiveCore

extension WireBytes {
    /// Reads the message `Leases` in a range.
    func leases(_ range: Range<Int>) throws(WireError) -> [Lease] {
        var items = 0
        return try entries(range, "leases.leases") { (entry) throws(WireError) in
            let lease = try lease(entry)
            items += lease.items.count
            try WireCheck.itemsAtOnce(items)
            return lease
        }
    }

    /// The entries of a message that only repeats its first field: at least one, and at most
    /// `WireLimits.leases`.
    func entries<Entry>(
        _ range: Range<Int>, _ name: String, _ read: (Range<Int>) throws(WireError) -> Entry
    ) throws(WireError) -> [Entry] {
        var entries: [Entry] = []
        var cursor = Cursor(range)
        while let field = try field(&cursor) {
            guard field.number == 1 else {
                try skip(field, &cursor)
                continue
            }
            guard entries.count < WireLimits.leases else {
                throw WireError(
                    .tooLarge,
                    "\(name) has more than \(WireLimits.leases) entries; no more are allowed")
            }
            entries.append(try read(try self.range(field, &cursor)))
        }
        try WireCheck.present(!entries.isEmpty, name)
        return entries
    }

    /// Reads the message `Lease` in a range.
    private func lease(_ range: Range<Int>) throws(WireError) -> Lease {
        var cursor = Cursor(range)
        var (name, prompt): (LeaseName?, Prompt?) = (nil, nil)
        var (run, duration, seedBase) = (Int64(0), Int64(0), UInt64(0))
        var (proof, items, texts, textBytes) = (0..<0, 0..<0, 0..<0, 0..<0)
        while let field = try field(&cursor) {
            switch field.number {
            case 1: name = try leaseName(try self.range(field, &cursor))
            case 2: run = try signed(field, &cursor)
            case 3: prompt = try self.prompt(try self.range(field, &cursor))
            case 4: seedBase = try number(field, &cursor)
            case 6: duration = try signed(field, &cursor)
            case 7: proof = try self.range(field, &cursor)
            case 8: items = try self.range(field, &cursor)
            case 9: texts = try self.range(field, &cursor)
            case 10: textBytes = try self.range(field, &cursor)
            default: try skip(field, &cursor)
            }
        }
        guard let name else { throw WireError(.missingField, "lease.name is missing") }
        guard let prompt else { throw WireError(.missingField, "lease.prompt is missing") }
        try WireCheck.seedBase(seedBase)
        return Lease(
            name: name, run: RunID(run), prompt: prompt, seedBase: seedBase,
            items: try self.items(items, texts, textBytes),
            duration: try WireCheck.duration(duration, "lease.duration_nanoseconds", least: 1),
            proof: try self.proof(proof, "lease.proof"))
    }

    /// The items of a lease, whose texts stand one after the other.
    private func items(
        _ items: Range<Int>, _ texts: Range<Int>, _ textBytes: Range<Int>
    ) throws(WireError) -> [WorkItem] {
        var names = try ItemColumns(self, items)
        var lengths = Cursor(textBytes)
        var work: [WorkItem] = []
        work.reserveCapacity(names.count)
        var start = texts.lowerBound
        while let name = try names.next(self) {
            var item = WorkItem(name: name)
            if !textBytes.isEmpty {
                let length = try varint(&lengths)
                guard length <= UInt64(texts.upperBound - start) else {
                    throw WireError(
                        .invalidValue, "lease.text_bytes has \(length) after the end of all texts")
                }
                let end = start + Int(length)
                item.text = try text(
                    start..<end, "text of a lease's item", max: WireLimits.textBytes)
                start = end
            }
            work.append(item)
        }
        guard lengths.isAtEnd, start == texts.upperBound else {
            throw WireError(.invalidValue, "lease.texts has texts that belong to no item")
        }
        return work
    }

    /// Reads the message `Prompt` in a range.
    private func prompt(_ range: Range<Int>) throws(WireError) -> Prompt {
        var cursor = Cursor(range)
        var id: Int64 = 0
        var (key, metadata) = ("", "")
        var content: PromptContent?
        while let field = try field(&cursor) {
            switch field.number {
            case 1: id = try signed(field, &cursor)
            case 2: key = try text(field, &cursor, "prompt.key", max: WireLimits.keyBytes)
            case 3: content = try chat(try self.range(field, &cursor))
            case 4:
                content = .text(
                    try text(field, &cursor, "prompt.text", max: WireLimits.textBytes))
            case 5:
                metadata = try text(
                    field, &cursor, "prompt.metadata_json", max: WireLimits.textBytes)
            default: try skip(field, &cursor)
            }
        }
        guard let content else { throw WireError(.missingField, "prompt.content is missing") }
        return Prompt(id: PromptID(id), key: key, content: content, metadata: metadata)
    }

    /// Reads the message `Chat` in a range.
    private func chat(_ range: Range<Int>) throws(WireError) -> PromptContent {
        var cursor = Cursor(range)
        var turns: [ChatMessage] = []
        var tools = ""
        while let field = try field(&cursor) {
            switch field.number {
            case 1:
                guard turns.count < WireLimits.turns else {
                    throw WireError(
                        .tooLarge,
                        "chat.turns has more than \(WireLimits.turns) entries; no more are"
                            + " allowed")
                }
                turns.append(try turn(try self.range(field, &cursor)))
            case 2:
                tools = try text(field, &cursor, "chat.tools_json", max: WireLimits.textBytes)
            default: try skip(field, &cursor)
            }
        }
        return .chat(turns, tools: tools.isEmpty ? nil : tools)
    }

    /// Reads the message `Turn` in a range.
    private func turn(_ range: Range<Int>) throws(WireError) -> ChatMessage {
        var cursor = Cursor(range)
        var turn = ChatMessage(role: "", content: "")
        while let field = try field(&cursor) {
            switch field.number {
            case 1:
                turn.role = try text(field, &cursor, "turn.role", max: WireLimits.nameBytes)
            case 2:
                turn.content = try text(
                    field, &cursor, "turn.content", max: WireLimits.textBytes)
            case 3:
                turn.name = try given(field, &cursor, "turn.name", max: WireLimits.nameBytes)
            case 4:
                turn.reasoning = try given(
                    field, &cursor, "turn.reasoning_content", max: WireLimits.textBytes)
            case 5:
                turn.toolCallID = try given(
                    field, &cursor, "turn.tool_call_id", max: WireLimits.nameBytes)
            case 6:
                turn.toolCalls = try given(
                    field, &cursor, "turn.tool_calls_json", max: WireLimits.textBytes)
            default: try skip(field, &cursor)
            }
        }
        return turn
    }

    /// A text; `nil` for an empty one.
    private func given(
        _ field: Field, _ cursor: inout Cursor, _ name: String, max bytesMax: Int
    ) throws(WireError) -> String? {
        let text = try text(field, &cursor, name, max: bytesMax)
        return text.isEmpty ? nil : text
    }
}

extension WireBytes {
    /// Reads the message `Ack` in a range.
    func acks(_ range: Range<Int>) throws(WireError) -> [ResultName] {
        try entries(range, "ack.results") { (entry) throws(WireError) in try resultName(entry) }
    }

    /// Reads the message `ResultName` in a range.
    private func resultName(_ range: Range<Int>) throws(WireError) -> ResultName {
        var cursor = Cursor(range)
        var lease: LeaseName?
        var part: UInt32 = 0
        while let field = try field(&cursor) {
            switch field.number {
            case 1: lease = try leaseName(try self.range(field, &cursor))
            case 2: part = try number32(field, &cursor)
            default: try skip(field, &cursor)
            }
        }
        guard let lease else { throw WireError(.missingField, "result_name.lease is missing") }
        return ResultName(
            lease: lease, part: try WireCheck.number(part, "result_name.part"))
    }
}
