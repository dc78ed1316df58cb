internal import OgiveCore
internal import Postgres

/// Lands a batch: first texts and whole tables, which other landings need not know of; then, one
/// landing after the other, what depends on what the others wrote, and the counters.
struct BatchLanding: Sendable {
    private let results: [RunID: [LandingResult]]
    private let items: Int
    private let now: Int64

    init(_ batch: LandingBatch, now: Int64) {
        results = batch.results
        self.now = now
        items = batch.groups.reduce(0) { $0 + $1.items.count }
    }

    /// Lands it in the transaction of `connection`, `alone` or beside other landings. Throws a
    /// conflict when it met another one, which cannot be when it is alone.
    func land(
        _ connection: PostgresConnection, alone: Bool
    ) async throws -> LandingReceipt {
        try await connection.execute(
            alone ? LandingQueries.waitForOthers : LandingQueries.allowOthers)
        var sum = LandingCounts()
        let runs = try await runs(connection)
        if alone {
            for run in runs {
                let ahead = try await run.landAhead(connection)
                sum.add(try await run.landOutcomes(ahead, connection))
            }
        } else {
            var ahead: [LandedAhead] = []
            for run in runs { ahead.append(try await run.landAhead(connection)) }
            try await connection.execute(
                LandingQueries.lockSamplings, [.int64Array(runs.map(\.sampling))])
            for (run, ahead) in zip(runs, ahead) {
                sum.add(try await run.landOutcomes(ahead, connection))
            }
        }
        return sum.receipt(items: items)
    }

    private func runs(_ connection: PostgresConnection) async throws -> [RunLanding] {
        let ids = PostgresValue.int64Array(results.keys.sorted().map(\.rawValue))
        return try await connection.query(LandingQueries.runs, [ids]).map { row in
            let run = RunID(try row.decode("id"))
            return try RunLanding(row, results: results[run] ?? [], now: now)
        }
    }
}

extension LandingBatch {
    /// The results of each run, by ascending key; several of one item in order of arrival.
    var results: [RunID: [LandingResult]] {
        var results: [RunID: [LandingResult]] = [:]
        var arrival = 0
        for group in groups {
            results[group.run, default: []].append(
                contentsOf: group.items.indices.lazy.map {
                    LandingResult(group, $0, arrival: arrival + $0)
                })
            arrival += group.items.count
        }
        return results.mapValues { $0.sorted { ($0.key, $0.arrival) < ($1.key, $1.arrival) } }
    }
}
