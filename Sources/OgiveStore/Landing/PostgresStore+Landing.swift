package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Copies all rows into a staging table and moves them from there, run by run.
    package func land(_ batch: LandingBatch, term: Term)
        async throws(StoreError) -> LandingReceipt
    {
        let rows: LandingRows
        do {
            rows = try LandingRows(batch)
        } catch {
            throw StoreError(error, during: "land results")
        }
        let runs = Set(batch.groups.map(\.run)).sorted()
        let now = clock.now()
        return try await database.transaction("land results") { connection in
            try await connection.require(term, TermQueries.lockForLanding)
            try await connection.execute(LandingQueries.createStaging)
            try await connection.copyIn(LandingQueries.copy, rows.buffer)
            var sum = LandingCounts()
            let parameters = [PostgresValue.int64Array(runs.map(\.rawValue))]
            for row in try await connection.query(LandingQueries.runs, parameters) {
                let landing = RunLanding(
                    run: try row.decode("id"), sampling: try row.decode("sampling_id"),
                    scoring: try row.decode("scoring_id"),
                    promptSet: try row.decode("prompt_set_id"), now: now,
                    hasBudget: try row.decode("has_budget"))
                sum.add(try await landing.land(connection))
            }
            return sum.receipt(items: rows.buffer.rowCount)
        }
    }
}
