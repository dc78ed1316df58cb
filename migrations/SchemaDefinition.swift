/// What the schema of a database has to be.
package struct SchemaDefinition: Sendable {
    /// The versions of the tables, ascending.
    package let tables: [TablesFile]
    /// Functions and views: each one after those that it uses.
    package let objects: [ObjectFile]

    /// Takes files in any order.
    package init(_ files: [SchemaFile] = SchemaFile.all) {
        tables = files.compactMap(TablesFile.init).sorted { $0.number < $1.number }
        objects = Self.ordered(files.compactMap(ObjectFile.init))
    }

    /// The schema of this program.
    package static let current = SchemaDefinition()

    /// Puts each file after those that define what it uses, else in order of paths. PostgreSQL
    /// refuses files that use each other.
    private static func ordered(_ files: [ObjectFile]) -> [ObjectFile] {
        var remaining = files.sorted { $0.file.path < $1.file.path }
        var ordered: [ObjectFile] = []
        var missing = Set(files.map(\.name))
        while !remaining.isEmpty {
            let next =
                remaining.firstIndex { file in
                    file.references.isDisjoint(with: missing.subtracting([file.name]))
                } ?? 0
            missing.remove(remaining[next].name)
            ordered.append(remaining.remove(at: next))
        }
        return ordered
    }
}
