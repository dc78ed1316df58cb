package import Migrations
internal import OgiveCore
internal import Postgres

/// Where a database's schema stands.
package struct MigrationStatus: Sendable {
    /// Known migrations in force, ascending.
    package let applied: [Migration]
    /// Known migrations that are not in force, ascending.
    package let pending: [Migration]
    /// Migrations in force that this program does not know, as `0009_name`.
    package let unknown: [String]

    init(applied numbers: [(number: Int, name: String)], known: [Migration]) {
        let isApplied = Set(numbers.map(\.number))
        let isKnown = Set(known.map(\.number))
        applied = known.filter { isApplied.contains($0.number) }
        pending = known.filter { !isApplied.contains($0.number) }
        unknown = numbers.filter { !isKnown.contains($0.number) }.map { row in
            let digits = String(row.number)
            return String(repeating: "0", count: max(0, 4 - digits.count)) + "\(digits)_\(row.name)"
        }
    }

    /// The number of the last known migration in force; 0 when there is none.
    package var version: Int { applied.last?.number ?? 0 }

    /// Throws `.schema` when a newer program has migrated the database.
    func requireKnown(_ configuration: PostgresConfiguration) throws(StoreError) {
        guard unknown.isEmpty else {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is newer than this program: it has "
                    + unknown.joined(separator: ", ") + ". Update ogive.")
        }
    }
}
