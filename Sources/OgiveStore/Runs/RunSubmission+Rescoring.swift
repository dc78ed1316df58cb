internal import OgiveCore
internal import Postgres

extension RunSubmission {
    /// A run that only scores takes no name from another one, and scores nothing that is scored.
    func checkRescoring(
        _ existing: ExistingRun?, _ differences: [String], _ connection: PostgresConnection
    ) async throws {
        let name = spec.name
        guard differences.isEmpty else {
            throw StoreError(
                .conflict,
                "There is another run \"\(name)\" (\(differences.joined(separator: "; "))). "
                    + "Give the new scoring another name.")
        }
        if let existing, existing.samples {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" samples and is scored by this scorer itself: submit it again "
                    + "to go on with it.")
        }
        if let existing, existing.scoresCandidates, !spec.scoresCandidates {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" was submitted with candidates, and their rewards are kept: ask "
                    + "for candidates again, or give the scoring another name.")
        }
        let scored = try await connection.query(
            SubmitQueries.scorers, [.bytes(spec.scoring.digest.bytes), .string(name)]
        ).map { "\"\(try $0.decode("name", as: String.self))\"" }
        guard scored.isEmpty else {
            throw StoreError(
                .conflict,
                "This scorer has scored the same sampling already, as run "
                    + "\(scored.joined(separator: ", ")). Give that name to score what was sampled "
                    + "since, or the scorer another `revision` when it is another one.")
        }
    }
}
