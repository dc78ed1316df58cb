package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Lands a batch run by run, in one transaction.
    package func land(_ batch: LandingBatch, term: Term)
        async throws(StoreError) -> LandingReceipt
    {
        var results: [RunID: [LandingResult]] = [:]
        for group in batch.groups {
            results[group.run, default: []] += group.items.map { LandingResult($0, group) }
        }
        let items = batch.groups.reduce(0) { $0 + $1.items.count }
        let runs = PostgresValue.int64Array(results.keys.sorted().map(\.rawValue))
        let now = clock.now()
        let shares = results
        return try await database.transaction("land results") { connection in
            try await connection.require(term, TermQueries.lockForLanding)
            var sum = LandingCounts()
            for row in try await connection.query(LandingQueries.runs, [runs]) {
                let landing = try RunLanding(row, now: now)
                sum.add(try await landing.land(shares[RunID(landing.run)] ?? [], connection))
            }
            return sum.receipt(items: items)
        }
    }
}
