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

    /// Throws what submitting a run would throw, and changes nothing.
    package func rehearse(_ spec: RunSpec) async throws(StoreError) {
        if let problem = spec.problem {
            throw StoreError(.conflict, "Run \"\(spec.name)\": \(problem).")
        }
        let submission = RunSubmission(spec: spec, now: clock.now())
        try await database.transaction("check run \"\(spec.name)\"") { connection in
            try await connection.execute("SAVEPOINT rehearsal")
            _ = try await submission.submit(connection)
            try await connection.execute("ROLLBACK TO SAVEPOINT rehearsal")
        }
    }
}
