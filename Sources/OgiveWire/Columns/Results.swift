internal import OgiveCore

extension WireBytes {
    /// Reads the message `Results` in a range.
    func results(_ range: Range<Int>) throws(WireError) -> [TaskResult] {
        var items = 0
        return try entries(range, "results.results") { (entry) throws(WireError) in
            let result = try result(entry)
            items += result.claim.items.count + result.items.count
            try WireCheck.itemsAtOnce(items)
            return result
        }
    }

    /// Items that cannot be read do not make the whole unreadable: who sent them, and under which
    /// lease, is known, so that the sender can be told (`fault`).
    private func result(_ range: Range<Int>) throws(WireError) -> TaskResult {
        var cursor = Cursor(range)
        var part: UInt32 = 0
        var claim: LeaseClaim?
        var items: Range<Int>?
        while let field = try field(&cursor) {
            switch field.number {
            case 4: part = try number32(field, &cursor)
            case 6: claim = try self.claim(try self.range(field, &cursor))
            case 7: items = try self.range(field, &cursor)
            default: try skip(field, &cursor)
            }
        }
        guard let claim else { throw WireError(.missingField, "result.claim is missing") }
        var result = TaskResult(
            claim: claim, part: try WireCheck.number(part, "result.part"), items: [])
        do throws(WireError) {
            if let items {
                var columns = try ResultColumns(self, items)
                result.items = try columns.items()
            }
        } catch {
            result.fault = error.message
        }
        return result
    }

    /// Reads the message `LeaseClaim` in a range.
    private func claim(_ range: Range<Int>) throws(WireError) -> LeaseClaim {
        var cursor = Cursor(range)
        var lease: LeaseName?
        var (run, prompt, seedBase) = (Int64(0), Int64(0), UInt64(0))
        var (items, proof) = (0..<0, 0..<0)
        while let field = try field(&cursor) {
            switch field.number {
            case 1: lease = try leaseName(try self.range(field, &cursor))
            case 2: run = try signed(field, &cursor)
            case 3: prompt = try signed(field, &cursor)
            case 4: seedBase = try number(field, &cursor)
            case 6: proof = try self.range(field, &cursor)
            case 7: items = try self.range(field, &cursor)
            default: try skip(field, &cursor)
            }
        }
        guard let lease else { throw WireError(.missingField, "lease_claim.lease is missing") }
        return LeaseClaim(
            lease: lease, run: RunID(run), prompt: PromptID(prompt), seedBase: seedBase,
            items: try ItemColumns.names(self, items),
            proof: try self.proof(proof, "lease_claim.proof"))
    }

    /// Reads the message `LeaseName` in a range.
    func leaseName(_ range: Range<Int>) throws(WireError) -> LeaseName {
        var cursor = Cursor(range)
        var (term, task, epoch) = (Int64(0), UInt64(0), UInt64(0))
        while let field = try field(&cursor) {
            switch field.number {
            case 1: term = try signed(field, &cursor)
            case 2: task = try number(field, &cursor)
            case 3: epoch = try number(field, &cursor)
            default: try skip(field, &cursor)
            }
        }
        return LeaseName(term: Term(term), task: TaskID(task), epoch: Epoch(epoch))
    }
}

extension FieldWriter {
    /// Bytes of a claim but for its items, and of the fields around it: more than they can take.
    private static let claimBytes = 256
    /// Bytes of an item but for its text: most of them take no more.
    private static let itemBytes = 56

    /// About as many bytes as a result takes.
    static func expectedBytes(of result: TaskResult) -> Int {
        // By their places: a loop over the elements would copy each of them, with its text.
        let items = result.items.span
        var count = claimBytes + itemBytes * items.count
        for index in items.indices { count += items[index].completion?.content.byteCount ?? 0 }
        return count
    }

    /// Writes the message `Result`; throws what a reader would throw for it.
    mutating func result(_ result: borrowing TaskResult) throws(WireError) {
        try WireCheck.result(result)
        number(4, UInt64(result.part))
        let claim = result.claim
        message(6, about: Self.claimBytes) { $0.claim(claim) }
        if result.items.isEmpty { return }
        // By their places: a loop over the elements would copy each of them, with its text.
        let columns = WrittenColumns(result.items.span)
        let items = open(7, about: columns.textCount + result.items.count * Self.itemBytes)
        try columns.write(result.items.span, to: &self)
        close(items)
    }

    /// Writes the message `LeaseClaim`.
    private mutating func claim(_ claim: LeaseClaim) {
        message(1) { $0.leaseName(claim.lease) }
        signed(2, claim.run.rawValue)
        signed(3, claim.prompt.rawValue)
        number(4, claim.seedBase)
        bytes(6, claim.proof)
        names(7, count: claim.items.count) { claim.items[$0] }
    }

    /// Writes the message `LeaseName`.
    mutating func leaseName(_ name: LeaseName) {
        signed(1, name.term.rawValue)
        number(2, name.task.rawValue)
        number(3, name.epoch.rawValue)
    }
}
