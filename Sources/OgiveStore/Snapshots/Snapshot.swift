internal import Postgres

/// A named version of a run that nothing changes any more.
package struct Snapshot: Hashable, Sendable {
    /// The run.
    package let run: String
    /// Its name, unique within the run.
    package let name: String
    /// When it was made, in UTC.
    package let madeAt: String
    /// Whether nothing of the run was pending then.
    package let isComplete: Bool
    /// Prompts of the set.
    package let prompts: Int
    /// Completions that it holds.
    package let draws: Int
    /// Those of them with a reward.
    package let rewards: Int
    /// Draws that had failed.
    package let failures: Int
    /// Candidates with a reward.
    package let candidates: Int
    /// Checksum of all that it holds, in hexadecimal.
    package let sha256: String
    /// What it is, as a JSON object: specifications, fingerprints, counts, versions.
    package let manifest: String

    let id: Int64
    let scoring: Int64

    init(_ row: PostgresRow) throws(PostgresError) {
        run = try row.decode("run")
        name = try row.decode("snapshot")
        madeAt = try row.decode("made_at")
        isComplete = try row.decode("complete")
        prompts = try row.decode("prompts")
        draws = try row.decode("draws")
        rewards = try row.decode("rewards")
        failures = try row.decode("failures")
        candidates = try row.decode("candidates")
        sha256 = try row.decode("sha256")
        manifest = try row.decode("manifest")
        id = try row.decode("snapshot_id")
        scoring = try row.decode("scoring_id")
    }
}
