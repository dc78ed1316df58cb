internal import FoundationEssentials
package import OgiveCore
internal import Postgres

/// The coordinator that leads, or led last, and what it counts.
package struct CoordinatorStatus: Hashable, Sendable {
    /// Host and process id; `nil` when the last one resigned.
    package let name: String?
    /// Its fencing number.
    package let term: Int64
    /// Whether its lease lasts.
    package let leads: Bool
    /// When it began to lead.
    package let since: String?
    /// When it last renewed its lease.
    package let renewedAt: String?
    /// Totals by name, as of then.
    package let counts: [String: Int]
}

extension PostgresStore {
    /// The coordinator that leads, or led last.
    package func coordinator() async throws(StoreError) -> CoordinatorStatus {
        try await database.with("read the coordinator") { connection in
            let row = try await connection.query(ReadingQueries.coordinator).one()
            let counts: String = try row.decode("counts")
            return CoordinatorStatus(
                name: try row.decode("coordinator", as: String?.self),
                term: try row.decode("term"), leads: try row.decode("leads"),
                since: try row.decode("since", as: String?.self),
                renewedAt: try row.decode("renewed_at", as: String?.self),
                counts: try JSONDecoder().decode([String: Int].self, from: Data(counts.utf8)))
        }
    }
}
