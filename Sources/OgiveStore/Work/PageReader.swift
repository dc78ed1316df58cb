internal import FoundationEssentials
internal import OgiveCore
internal import Postgres

/// Reads one page of pending work within one transaction.
struct PageReader {
    let extent: RunExtent
    var cursor: Int64
    var limit: PageLimit
    /// Most prompts that are looked at.
    var scanMax = PagingQueries.scanMax
    /// Whether draws are wanted, or candidates alone.
    var withDraws = true

    func read(_ connection: PostgresConnection) async throws -> PendingPage {
        var found = try await incompletePrompts(connection)
        let isFull = found.count == limit.prompts
        try await subtractFailures(from: &found, connection)
        let kept = cut(&found)
        try await addCandidates(to: &found, connection)
        try await addTexts(to: &found, connection)
        let prompts = try pending(found)
        if !kept || isFull, let last = found.last {
            return PendingPage(prompts: prompts, next: PromptID(last.id))
        }
        let scanned = try await connection.queryPrepared(
            PagingQueries.scanned,
            [.int64(extent.promptSet), .int64(cursor), .int64(scanMax)]
        ).one()
        let isEnd = try scanned.decode("count", as: Int64.self) < scanMax
        let last = try scanned.decode("last", as: Int64?.self)
        return PendingPage(prompts: prompts, next: isEnd ? nil : last.map(PromptID.init))
    }

    /// The prompts of which something is left to do. All contents are one list of JSON: reading
    /// each by itself takes twice as long.
    private func pending(_ found: [IncompletePrompt]) throws -> [PendingPrompt] {
        let pending = found.map { (prompt: $0, items: $0.pending) }.filter { !$0.items.isEmpty }
        if pending.isEmpty { return [] }
        let list = "[" + pending.map(\.prompt.content).joined(separator: ",") + "]"
        let contents = try JSONDecoder().decode([PromptContent].self, from: Data(list.utf8))
        return zip(pending, contents).map { found, content in
            let prompt = found.prompt
            return PendingPrompt(
                prompt: Prompt(
                    id: PromptID(prompt.id), key: prompt.key, content: content,
                    metadata: prompt.metadata),
                items: found.items)
        }
    }

    private func incompletePrompts(
        _ connection: PostgresConnection
    ) async throws -> [IncompletePrompt] {
        let rows = try await connection.queryPrepared(
            PagingQueries.prompts,
            [
                .int64(extent.promptSet), .int64(cursor), .int64(extent.scoring),
                .int32(extent.firstDraws), .bool(extent.scoresCandidates),
                .int64(Int64(limit.prompts)),
                .bool(extent.samples), .int64(extent.sampling), .bool(extent.asksLogProbabilities),
                .bool(withDraws), .int64(extent.run), .int64(scanMax), .bool(limit.onlyBegun),
                .int32Array(extent.askedDraws),
            ])
        return try rows.map { row in
            // By number: by name they are looked up for each prompt.
            let rewarded = try row.decode(5, as: [Int32]?.self).map(Set.init)
            let draws: Range<Int32> = 0..<(withDraws ? try row.decode(6) : 0)
            return IncompletePrompt(
                id: try row.decode(0), key: try row.decode(1), content: try row.decode(2),
                metadata: try row.decode(3), candidates: try row.decode(4),
                missing: rewarded.map { rewarded in draws.filter { !rewarded.contains($0) } }
                    ?? Array(draws))
        }
    }

    private func subtractFailures(
        from found: inout [IncompletePrompt], _ connection: PostgresConnection
    ) async throws {
        if found.isEmpty { return }
        let rows = try await connection.queryPrepared(
            PagingQueries.failures, [.int64(extent.scoring), .int64Array(found.map(\.id))])
        var failed: [Int64: Set<ItemName>] = [:]
        for row in rows {
            let kind: ItemName.Kind = try row.decode("is_candidate") ? .candidate : .draw
            failed[try row.decode("prompt_id"), default: []]
                .insert(ItemName(kind, try row.decode("item_index")))
        }
        for index in found.indices {
            guard let names = failed[found[index].id] else { continue }
            found[index].failed = names
            found[index].missing.removeAll { names.contains(.draw($0)) }
        }
    }

    /// Drops the prompts after the one that reaches the limit of items; `false` when there were
    /// some.
    private func cut(_ found: inout [IncompletePrompt]) -> Bool {
        var items = 0
        for index in found.indices {
            items += found[index].missing.count + Int(found[index].candidates) * kindsOfCandidates
            if items >= limit.items, index + 1 < found.count {
                found.removeSubrange((index + 1)...)
                return false
            }
        }
        return true
    }

    /// How many items a candidate is at most.
    private var kindsOfCandidates: Int {
        (extent.scoresCandidates ? 1 : 0) + (extent.asksLogProbabilities ? 1 : 0)
    }

    private func addCandidates(
        to found: inout [IncompletePrompt], _ connection: PostgresConnection
    ) async throws {
        if extent.scoresCandidates {
            try await addCandidates(
                .candidate, PagingQueries.unscoredCandidates, owner: extent.scoring, to: &found,
                connection)
        }
        if extent.asksLogProbabilities {
            try await addCandidates(
                .candidateLogProbability, LogProbabilityQueries.withoutOutcome,
                owner: extent.sampling,
                to: &found, connection)
        }
    }

    private func addCandidates(
        _ kind: ItemName.Kind, _ sql: String, owner: Int64, to found: inout [IncompletePrompt],
        _ connection: PostgresConnection
    ) async throws {
        let prompts = found.filter { $0.candidates > 0 }.map(\.id)
        if prompts.isEmpty { return }
        let rows = try await connection.query(sql, [.int64(owner), .int64Array(prompts)])
        var items: [Int64: [WorkItem]] = [:]
        for row in rows {
            items[try row.decode("prompt_id"), default: []].append(
                WorkItem(
                    name: ItemName(kind, try row.decode("candidate_index")),
                    text: try row.decode("text", as: String.self)))
        }
        for index in found.indices {
            found[index].candidateItems += items[found[index].id] ?? []
        }
    }

    private func addTexts(
        to found: inout [IncompletePrompt], _ connection: PostgresConnection
    ) async throws {
        let prompts = found.filter { !$0.missing.isEmpty }.map(\.id)
        if prompts.isEmpty { return }
        let rows = try await connection.queryPrepared(
            PagingQueries.unscored,
            [
                .int64(extent.sampling), .int64(extent.scoring), .int64Array(prompts),
                .int32(extent.draws),
            ])
        var texts: [Int64: [Int32: String]] = [:]
        for row in rows {
            texts[try row.decode("prompt_id"), default: [:]][try row.decode("draw_index")] =
                try StoredText(row).text
        }
        for index in found.indices {
            let stored = texts[found[index].id] ?? [:]
            found[index].texts = stored
            if !extent.samples { found[index].missing.removeAll { stored[$0] == nil } }
        }
    }
}

/// A prompt that lacks something, in the making.
struct IncompletePrompt {
    let id: Int64
    let key: String
    let content: String
    let metadata: String
    /// How many candidates it has.
    let candidates: Int32
    /// Draws without a reward, ascending.
    var missing: [Int32]
    /// Items that were given up.
    var failed: Set<ItemName> = []
    /// Texts of draws that only lack their reward.
    var texts: [Int32: String] = [:]
    /// Candidates without a reward, or without a log-probability.
    var candidateItems: [WorkItem] = []

    /// The items that are left to do.
    var pending: [WorkItem] {
        missing.map { WorkItem(name: .draw($0), text: texts[$0]) }
            + candidateItems.filter { !failed.contains($0.name) }
    }
}

extension PageReader {
    /// Prompts that stand for those around them.
    private static let sampleSize = 64

    /// Moves the cursor to where pending work seems to begin. Work is handed out by ascending
    /// prompt, so what is done is one stretch with ragged ends: halving finds its end by a few
    /// looks, however long it is. What lies before it all the same is found when the run is paged
    /// anew, and no run ends before that.
    mutating func skipDone(_ connection: PostgresConnection) async throws {
        guard
            let ends = try await connection.query(
                PagingQueries.ends, [.int64(extent.promptSet)]
            ).first
        else { return }
        let first: Int64 = try ends.decode("first") - 1
        guard try await isDone(after: first, connection) else { return }
        var (done, pending): (Int64, Int64) = (first, try ends.decode("last"))
        while pending - done > scanMax {
            let middle = done + (pending - done) / 2
            if try await isDone(after: middle, connection) {
                done = middle
            } else {
                pending = middle
            }
        }
        // The ragged end is about as long as what a coordinator keeps in memory.
        cursor = max(first, done - scanMax)
    }

    /// Whether nothing is pending of the next few prompts.
    private func isDone(
        after prompt: Int64, _ connection: PostgresConnection
    ) async throws -> Bool {
        var sample = self
        sample.cursor = prompt
        sample.scanMax = Int64(Self.sampleSize)
        sample.limit = PageLimit(prompts: Self.sampleSize, items: .max)
        return try await sample.read(connection).prompts.isEmpty
    }
}

extension RunExtent {
    /// Pages that are looked at where work seems to be left.
    private static let looksMax = 3

    /// Whether something is pending where work seems to be left: `true` is certain, and found
    /// sooner than by a look at everything that is done; `false` says nothing.
    func isSeenPending(_ connection: PostgresConnection) async throws -> Bool {
        var reader = PageReader(
            extent: self, cursor: 0, limit: PageLimit(prompts: 64, items: .max))
        try await reader.skipDone(connection)
        for _ in 0..<Self.looksMax {
            let page = try await reader.read(connection)
            if !page.prompts.isEmpty { return true }
            guard let next = page.next else { return false }
            reader.cursor = next.rawValue
        }
        return false
    }

    /// Whether something is pending of a prompt that was begun, in one look at all prompts. It is
    /// what pages of such prompts name, so that a run that is not stopped has something to do.
    func lacksBegun(_ connection: PostgresConnection) async throws -> Bool {
        var limit = PageLimit(prompts: 64, items: .max)
        limit.onlyBegun = true
        var reader = PageReader(extent: self, cursor: 0, limit: limit)
        while true {
            let page = try await reader.read(connection)
            if !page.prompts.isEmpty { return true }
            guard let next = page.next else { return false }
            reader.cursor = next.rawValue
        }
    }
}
