package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Submits a run: the same again resumes, more draws top it up, prompts added to the set
    /// reopen it. With another specification the name stands for a new run from then on; what the
    /// former one made stays, and is found again by the former specification.
    ///
    /// Throws `.conflict` when the prompt set is not there or fewer draws are asked for.
    package func submit(_ spec: RunSpec) async throws(StoreError) -> SubmitReceipt {
        if let problem = spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submission = RunSubmission(spec: spec, now: clock.now())
        return try await database.transaction("submit run \"\(spec.name)\"") { connection in
            try await submission.submit(connection)
        }
    }

    /// What submitting would do, and how far the run would be: nothing of it is kept.
    package func rehearse(
        _ spec: RunSpec
    ) async throws(StoreError) -> (receipt: SubmitReceipt, status: RunStatus) {
        if let problem = spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submission = RunSubmission(spec: spec, now: clock.now())
        var outcome: (receipt: SubmitReceipt, status: RunStatus)?
        do {
            try await database.transaction("rehearse run \"\(spec.name)\"") { connection -> Void in
                outcome = nil
                let receipt = try await submission.submit(connection)
                let row = try await connection.query(ReadingQueries.oneRun, [.string(spec.name)])
                    .one()
                outcome = (receipt, try RunStatus(row))
                throw Rehearsed()
            }
        } catch {
            if let outcome { return outcome }
            throw error
        }
        throw StoreError(.refused, "A rehearsal ended without an outcome.")
    }

    /// Ends the transaction of a rehearsal, which is rolled back.
    private struct Rehearsed: Error {}
}
