/// One version of the tables: a numbered file of `tables`, append-only once released.
package struct TablesFile: Sendable, Hashable {
    /// Its place in the order, from 1 without gaps: the version of the schema.
    package let number: Int
    /// The rest of the file's name.
    package let name: String
    /// The file.
    package let file: SchemaFile

    /// Takes a file such as `tables/0001_initial.sql`; `nil` for others.
    package init?(_ file: SchemaFile) {
        let parts = file.path.split(separator: "/")
        guard parts.count == 2, parts[0] == "tables", parts[1].hasSuffix(".sql") else { return nil }
        let words = parts[1].dropLast(".sql".count).split(separator: "_", maxSplits: 1)
        guard words.count == 2, let number = Int(words[0]) else { return nil }
        self.number = number
        name = String(words[1])
        self.file = file
    }

    /// Its statements, with the files of functions that a line `\ir PATH` names in its place, as
    /// psql would read them: functions that constraints or triggers of tables need.
    package func script(including files: [ObjectFile]) -> String {
        let include = #"\ir ../"#
        return file.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.hasPrefix(include) else { return String(line) }
            let path = line.dropFirst(include.count)
            return files.first { $0.file.path == path }?.file.text ?? String(line)
        }.joined(separator: "\n")
    }
}
