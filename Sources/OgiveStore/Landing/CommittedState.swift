internal import OgiveCore
internal import Postgres

/// What is committed of the items of one run's results, as far as it matters to them.
struct CommittedState: Sendable {
    typealias Key = LandingResult.Key

    /// The rewards of a prompt's draws, by ascending index.
    struct Table: Sendable {
        var indexes: [Int32] = []
        var rewards: [Double] = []
    }

    /// Prompts that are not of the run's set.
    var foreignPrompts: Set<Int64> = []
    /// Draws and candidates that a failure resolved.
    var failures: Set<Key> = []
    /// Draws with a text.
    var completions: Set<Key> = []
    /// The hashes of these texts' bytes, of those draws for which a text came again.
    var digests: [Key: SHA256Digest] = [:]
    /// The tables of prompts that have one, whole.
    var tables: [Int64: Table] = [:]
    /// What of these tables is in their tails.
    var tails: [Int64: Table] = [:]
    /// Candidates that are there.
    var candidates: Set<Key> = []
    /// Candidates that have a reward.
    var rewardedCandidates: Set<Key> = []
    /// Stored texts that results may have too.
    var shared = SharedTexts()
    /// Candidates that have a log-probability, or a failure in its place.
    var candidatesWithLogProbability: Set<Key> = []
}

extension CommittedState {
    /// Reads what matters to what is copied ahead.
    mutating func readBefore(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let ids = prompts(run.results)
        let prompts = PostgresValue.int64Array(ids)
        try await readForeignPrompts(ids, run, connection)
        if run.hasFailures { try await readFailures(prompts, run, connection) }
        try await readTables(prompts, run, connection)
        if hasCandidates(run) { try await readCandidates(prompts, run, connection) }
        try await readSharedTexts(run, connection)
        try await readCompletions(run, connection)
        if completions.isEmpty { return }
        try await readDigests(run, connection)
    }

    /// Whether results are of candidates.
    private func hasCandidates(_ run: RunLanding) -> Bool {
        run.results.contains { $0.key.name.kind != .draw }
    }

    /// Reads what landings that went first may have changed, and what only matters now. False when
    /// there is nothing else, so that what was decided before is right. What was copied ahead
    /// nobody else has written: its keys are unique.
    mutating func readAfter(
        _ ahead: LandedAhead, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws -> Bool {
        let prompts = prompts(run.results)
        let every = PostgresValue.int64Array(prompts)
        let resolved = failures
        let hasFailed = try await connection.queryPrepared(
            LandingQueries.hasFailures, [.int64(run.scoring)]
        ).one().decode(0, as: Bool.self)
        if hasFailed { try await readFailures(every, run, connection) }
        let others = prompts.filter { !ahead.prompts.contains($0) }
        if !others.isEmpty {
            try await readTables(.int64Array(others), run, connection)
        }
        let hasCandidates = hasCandidates(run)
        if hasCandidates { try await readCandidates(every, run, connection) }
        // Others may have brought a reward of the same text.
        let known = shared.scores
        if run.hasCandidates || !others.isEmpty {
            try await readSharedTexts(run, connection)
        }
        // A draw with a text has not failed to get one.
        let hasFailures = run.results.contains { $0.outcome.failure != nil }
        if hasFailures {
            try await readCompletions(run, connection)
            completions.subtract(ahead.plan.completions.map(\.key))
        }
        return !others.isEmpty || hasCandidates || hasFailures || failures != resolved
            || shared.scores != known
    }

    /// The prompts of results, each once.
    private func prompts(_ results: [LandingResult]) -> [Int64] {
        var prompts: [Int64] = []
        for result in results where result.key.prompt != prompts.last {
            prompts.append(result.key.prompt)
        }
        return prompts
    }

    /// The draws of results, those with neighbouring indexes together: most batches hold few
    /// prompts with many draws, or one draw of many.
    private struct DrawSpans {
        var prompts: [Int64] = []
        var first: [Int32] = []
        var last: [Int32] = []

        init(_ results: [LandingResult]) {
            var former: Key?
            for key in results.lazy.map(\.key) where key.name.kind == .draw {
                if let former, former.prompt == key.prompt,
                    Int(key.name.index) - Int(former.name.index) <= 1
                {
                    last[last.count - 1] = key.name.index
                } else {
                    prompts.append(key.prompt)
                    first.append(key.name.index)
                    last.append(key.name.index)
                }
                former = key
            }
        }
    }

    /// Most prompts of a stretch for each one that is asked for.
    private static let stretchMax: Int64 = 2

    /// Prompts of a batch lie close together: to count those of their stretch is a fraction of the
    /// work of looking for each one. When all of the stretch are of the set, so are these.
    private mutating func readForeignPrompts(
        _ prompts: [Int64], _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        // Ascending, as results are.
        guard let first = prompts.first, let last = prompts.last else { return }
        let length = (last - first).saturating(adding: 1)
        if length <= Int64(prompts.count) * Self.stretchMax {
            let count = try await connection.queryPrepared(
                LandingQueries.promptsOfStretch,
                [.int64(run.promptSet), .int64(first), .int64(last)]
            ).one().decode(0, as: Int64.self)
            if count == length { return }
        }
        let rows = try await connection.queryPrepared(
            LandingQueries.foreignPrompts, [.int64(run.promptSet), .int64Array(prompts)])
        for row in rows { foreignPrompts.insert(try row.decode(0)) }
    }

    private mutating func readFailures(
        _ prompts: PostgresValue, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.queryPrepared(
            LandingQueries.failures, [.int64(run.scoring), prompts])
        for row in rows {
            let kind: ItemName.Kind = try row.decode(2) ? .candidate : .draw
            failures.insert(
                Key(prompt: try row.decode(0), name: ItemName(kind, try row.decode(1))))
        }
    }

    private mutating func readCompletions(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let spans = DrawSpans(run.results)
        if spans.prompts.isEmpty { return }
        let rows = try await connection.queryPrepared(
            LandingQueries.completions,
            [
                .int64(run.sampling), .int64Array(spans.prompts), .int32Array(spans.first),
                .int32Array(spans.last),
            ])
        for row in rows {
            completions.insert(Key(prompt: try row.decode(0), name: .draw(try row.decode(1))))
        }
    }

    /// A text may come again, with what was missing: its bytes tell whether it is the same.
    private mutating func readDigests(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let again = Set(
            run.results.lazy.filter { $0.hasText && $0.outcome.isSome }.map(\.key)
        ).intersection(completions).sorted()
        if again.isEmpty { return }
        let rows = try await connection.queryPrepared(
            LandingQueries.digests,
            [
                .int64(run.sampling), .int64Array(again.map(\.prompt)),
                .int32Array(again.map(\.name.index)),
            ])
        for row in rows {
            let key = Key(prompt: try row.decode(0), name: .draw(try row.decode(1)))
            digests[key] = SHA256Digest(bytes: try row.decode(2))
        }
    }

    private mutating func readTables(
        _ prompts: PostgresValue, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.queryPrepared(
            LandingQueries.tables, [.int64(run.scoring), prompts])
        for row in rows {
            let prompt: Int64 = try row.decode(0)
            let table = Table(indexes: try row.decode(1), rewards: try row.decode(2))
            tables[prompt] = table
            tails[prompt] = nil
            if let indexes = try row.decode(3, as: [Int32]?.self) {
                let tail = Table(indexes: indexes, rewards: try row.decode(4))
                tails[prompt] = tail
                tables[prompt] = table.merged(with: tail)
            }
        }
    }

    private mutating func readCandidates(
        _ prompts: PostgresValue, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.queryPrepared(
            LandingQueries.candidates,
            [.int64(run.sampling), .int64(run.scoring), prompts])
        for row in rows {
            let key = Key(prompt: try row.decode(0), name: .candidate(try row.decode(1)))
            candidates.insert(key)
            if try row.decode(2) { rewardedCandidates.insert(key) }
            if try row.decode(3) { candidatesWithLogProbability.insert(key) }
        }
    }
}
