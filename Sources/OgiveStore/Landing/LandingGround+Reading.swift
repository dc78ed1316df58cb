internal import OgiveCore
internal import Postgres

extension LandingGround {
    /// Reads what the texts depend on.
    mutating func readBefore(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let prompts = Prompts(run.results)
        try await readStrangers(prompts, run, connection)
        try await readFailures(prompts, run, connection)
        try await readCompletions(run, connection)
        if completions.isEmpty { return }
        try await readDigests(run, connection)
    }

    /// Reads what landings that went first may have changed.
    mutating func readAfter(
        _ texts: LandedTexts, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let prompts = Prompts(run.results)
        try await readFailures(prompts, run, connection)
        try await readTables(prompts, run, connection)
        if run.results.contains(where: { $0.key.name.kind != .draw }) {
            try await readCandidates(prompts, run, connection)
        }
        // A draw with a text has not failed to get one.
        if run.results.contains(where: { $0.outcome.failure != nil }) {
            try await readCompletions(run, connection)
            completions.subtract(texts.completions.map(\.key))
        }
    }

    /// The prompts of results, each once.
    private struct Prompts {
        let all: PostgresValue

        init(_ results: [LandingResult]) {
            all = .int64Array(Set(results.lazy.map(\.key.prompt)).sorted())
        }
    }

    private mutating func readStrangers(
        _ prompts: Prompts, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(
            LandingQueries.strangers, [.int64(run.promptSet), prompts.all])
        for row in rows { strangers.insert(try row.decode(0)) }
    }

    private mutating func readFailures(
        _ prompts: Prompts, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(
            LandingQueries.failures, [.int64(run.scoring), prompts.all])
        for row in rows {
            let kind: ItemName.Kind = try row.decode(2) ? .candidate : .draw
            failures.insert(
                Key(prompt: try row.decode(0), name: ItemName(kind, try row.decode(1))))
        }
    }

    private mutating func readCompletions(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        var spans: [Int64: ClosedRange<Int32>] = [:]
        for key in run.results.lazy.map(\.key) where key.name.kind == .draw {
            let (index, span) = (key.name.index, spans[key.prompt])
            spans[key.prompt] =
                min(index, span?.lowerBound ?? index)...max(index, span?.upperBound ?? index)
        }
        if spans.isEmpty { return }
        let sorted = spans.sorted { $0.key < $1.key }
        let rows = try await connection.query(
            LandingQueries.completions,
            [
                .int64(run.sampling), .int64Array(sorted.map(\.key)),
                .int32Array(sorted.map(\.value.lowerBound)),
                .int32Array(sorted.map(\.value.upperBound)),
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
            run.results.lazy.filter { $0.completion != nil && $0.outcome.isSome }.map(\.key)
        ).intersection(completions).sorted()
        if again.isEmpty { return }
        let rows = try await connection.query(
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
        _ prompts: Prompts, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(
            LandingQueries.tables, [.int64(run.scoring), prompts.all])
        for row in rows {
            tables[try row.decode(0)] = Table(
                indexes: try row.decode(1), rewards: try row.decode(2))
        }
    }

    private mutating func readCandidates(
        _ prompts: Prompts, _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(
            LandingQueries.candidates,
            [.int64(run.sampling), .int64(run.scoring), prompts.all])
        for row in rows {
            let key = Key(prompt: try row.decode(0), name: .candidate(try row.decode(1)))
            candidates.insert(key)
            if try row.decode(2) { rewardedCandidates.insert(key) }
            if try row.decode(3) { toldCandidates.insert(key) }
        }
    }
}

extension LandingOutcome {
    /// Whether there is a reward or a failure.
    fileprivate var isSome: Bool { reward != nil || failure != nil }
}
