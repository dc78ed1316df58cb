package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Lands a batch in one transaction, beside others. A batch that meets another one at the same
    /// draw is landed again, alone: then it sees all that the others wrote.
    package func land(_ batch: LandingBatch, term: Term)
        async throws(StoreError) -> LandingReceipt
    {
        let landing = BatchLanding(batch, now: clock.now())
        var isAlone = false
        return try await database.transaction(
            "land results", repeatsAfter: LandingConflict.isOne
        ) { connection in
            // Whatever stopped the first attempt, the second one meets nobody.
            defer { isAlone = true }
            try await connection.require(term, TermQueries.lockForCheck)
            return try await landing.land(connection, alone: isAlone)
        }
    }
}
