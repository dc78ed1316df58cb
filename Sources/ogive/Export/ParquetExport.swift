internal import Glibc
internal import OgiveStore

/// A Parquet file of an export. Its rows are first written as JSON Lines to a file beside it, which
/// the Python package reads to its end: a file whose writer failed half-way never has the name.
struct ParquetExport {
    /// The file.
    let path: String

    /// The file with its rows, until it is there.
    var rows: String { path + ".rows.partial" }

    /// What the Python package writes the columns by, as the database declares them.
    static func schema(_ outline: ExportOutline) -> String {
        let columns = zip(outline.columns, outline.columnTypes).map { name, type in
            ExactJSON.object([
                "name": .string(name), "type": .string(type.rawValue), "nullable": .bool(true),
            ])
        }
        return ExactJSON.object(["columns": .array(columns)]).json
    }

    /// Writes it from its rows, which are removed. Throws `.input` when it cannot be written.
    func write(schema text: String) async throws -> ExportFile.Receipt {
        let schema = path + ".schema.partial"
        defer {
            // unlink reads the paths only during the calls.
            _ = unsafe unlink(rows)
            // As above.
            _ = unsafe unlink(schema)
        }
        try ExportFile.write(text, to: schema)
        try await PythonTable(path: path).write(rows: rows, schema: schema)
        var status = stat()
        // stat reads the path and fills the structure only during the call.
        guard unsafe stat(path, &status) == 0 else {
            throw CommandError(.input, "cannot write \(path): the Python package left no file")
        }
        return ExportFile.Receipt(
            bytes: Int(status.st_size), sha256: try ExportFile.sha256(of: path))
    }
}
