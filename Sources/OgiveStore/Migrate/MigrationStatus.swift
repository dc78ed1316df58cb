package import Migrations
internal import OgiveCore
internal import Postgres

/// Where a database's schema stands.
package struct MigrationStatus: Sendable {
    /// Known versions of the tables that are in force, ascending.
    package let applied: [TablesFile]
    /// Known versions of the tables that are not in force, ascending.
    package let pending: [TablesFile]
    /// What is in force that this program does not know, for people: versions of the tables as
    /// `0009_name` (all of a schema from before the first release), functions and views of a newer
    /// program.
    package let unknown: [String]
    /// Files of functions and views that differ from what is in force, or of which there is only
    /// one of the two; their paths, ascending.
    package let changedObjects: [String]
    /// What a version before the first release has made, as `0031_name`; `nil` otherwise.
    package let preRelease: String?
    /// Versions in force whose file was another one, as `0001_name`.
    package let rewritten: [String]

    /// The number of the last known version in force; 0 when there is none.
    package var version: Int { applied.last?.number ?? 0 }

    /// Whether this program cannot update the schema, as it is from before the first release.
    package var isPreRelease: Bool { preRelease != nil || !rewritten.isEmpty }

    /// Whether nothing is to be done.
    package var isCurrent: Bool { pending.isEmpty && changedObjects.isEmpty }

    init(_ found: SchemaRecord, _ definition: SchemaDefinition, _ program: String) {
        let known = Dictionary(uniqueKeysWithValues: definition.tables.map { ($0.number, $0) })
        // Then checksums were not kept.
        preRelease = found.versions.contains { $0.sha256 == nil } ? found.versions.last?.label : nil
        rewritten = found.versions.filter { version in
            known[version.number].map { $0.file.sha256.hex != version.sha256 } ?? false
        }.map(\.label)
        let isOurs = preRelease == nil && rewritten.isEmpty
        let numbers = Set(found.versions.map(\.number))
        applied = definition.tables.filter { isOurs && numbers.contains($0.number) }
        pending = definition.tables.filter { !isOurs || !numbers.contains($0.number) }
        var hashes = found.objectFiles.mapValues(\.sha256)
        var changed: [String] = []
        for file in definition.objects
        where hashes.removeValue(forKey: file.file.path) != file.file.sha256.hex {
            changed.append(file.file.path)
        }
        changedObjects = (changed + hashes.keys).sorted()
        var unknown = found.versions.filter { !isOurs || known[$0.number] == nil }.map(\.label)
        if let newest = found.objectFiles.values.map(\.program).max(by: Self.isOlder),
            Self.isOlder(program, newest), !changedObjects.isEmpty
        {
            unknown.append("functions and views of ogive \(newest)")
        }
        self.unknown = unknown
    }

    /// Whether a version such as `1.2.0` comes before another one.
    private static func isOlder(_ left: String, _ right: String) -> Bool {
        func numbers(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0) ?? 0 } }
        return numbers(left).lexicographicallyPrecedes(numbers(right))
    }

    /// Throws `.schema` when this program must not touch the schema: a newer program made it, or
    /// one from before the first release.
    func requireKnown(_ configuration: PostgresConfiguration) throws(StoreError) {
        if let label = preRelease ?? rewritten.first {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is of a version of ogive before the first release "
                    + "(\(label)), which this one cannot update. Export what you need with that "
                    + "version; then use another database or folder, or remove this schema with "
                    + "all its data by `ogive migrate uninstall`.")
        }
        guard unknown.isEmpty else {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is newer than this program: it has "
                    + unknown.joined(separator: ", ") + ". Update ogive.")
        }
    }
}

/// What a database says of its schema.
struct SchemaRecord: Sendable {
    /// A version of the tables.
    struct Version: Sendable {
        var number: Int
        var name: String
        /// In hexadecimal digits; `nil` before the first release.
        var sha256: String?

        /// As the file is named.
        var label: String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 4 - digits.count)) + "\(digits)_\(name)"
        }
    }

    /// A file of functions or of a view.
    struct Objects: Sendable {
        var sha256: String
        var objects: [String]
        /// The version of the program that applied it.
        var program: String
    }

    /// Ascending.
    var versions: [Version] = []
    /// By path.
    var objectFiles: [String: Objects] = [:]

    init(_ connection: PostgresConnection, hidesObjects: Bool = false) async throws {
        let row = try await connection.query(
            hidesObjects ? MigrationQueries.presenceOfTables : MigrationQueries.presence
        ).one()
        if try row.decode("has_tables", as: Bool.self) {
            versions = try await connection.query(MigrationQueries.applied).map { row in
                Version(
                    number: try row.decode("number"), name: try row.decode("name"),
                    sha256: try row.decode("sha256"))
            }
        }
        if try row.decode("has_objects", as: Bool.self) {
            for row in try await connection.query(MigrationQueries.appliedObjects) {
                objectFiles[try row.decode("path")] = Objects(
                    sha256: try row.decode("sha256"), objects: try row.decode("objects"),
                    program: try row.decode("program"))
            }
        }
    }
}

extension SchemaFile {
    /// Of its text.
    var sha256: SHA256Digest { SHA256Digest(hashing: text) }
}
