internal import OgiveCore
internal import Postgres

/// What removing the schema loses, or has lost.
package struct Uninstallation: Sendable {
    /// Bytes on disk.
    package var bytes = 0
    /// Imported prompts.
    package var prompts = 0
    /// Stored completions.
    package var completions = 0
    /// Stored rewards, of draws and candidates.
    package var rewards = 0
    /// The names of the runs.
    package var runs: [String] = []
    /// The roles that were removed too: those that nothing else uses.
    package var roles: [String] = []

    /// Looks at a database; `nil` when it has no schema of Ogive's.
    init?(_ connection: PostgresConnection) async throws {
        let hasSchema: Bool = try await connection.query(MigrationQueries.hasSchema).one().decode(0)
        guard hasSchema else { return nil }
        bytes = try await connection.query(MigrationQueries.bytes).one().decode(0)
        // Not there in a schema from long before the first release.
        let hasRuns: Bool = try await connection.query(MigrationQueries.hasRuns).one().decode(0)
        guard hasRuns else { return }
        let row = try await connection.query(MigrationQueries.contents).one()
        prompts = try row.decode("prompts")
        completions = try row.decode("completions")
        rewards = try row.decode("rewards")
        runs = try row.decode("runs")
    }
}
