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

    /// Forgets the failures of a run's scoring, so that the items are pending again, and opens the
    /// run; returns how many there were.
    package func retryFailures(ofRun name: String) async throws(StoreError) -> Int {
        let run = try await run(named: name)
        return try await database.transaction("retry the failures of \"\(name)\"") { connection in
            let gone = try await connection.query(
                SubmitQueries.deleteFailures, [.int64(run.scoring.rawValue)]
            ).one()
            let (draws, candidates): (Int64, Int64) = (
                try gone.decode("draws"), try gone.decode("candidates")
            )
            try await connection.execute(
                SubmitQueries.uncountFailures,
                [.int64(run.scoring.rawValue), .int64(draws), .int64(candidates)])
            if draws + candidates > 0 {
                try await connection.execute(RunQueries.reopen, [.int64(run.id.rawValue)])
                try await connection.execute(SubmitQueries.notify)
            }
            return Int(draws + candidates)
        }
    }
}
