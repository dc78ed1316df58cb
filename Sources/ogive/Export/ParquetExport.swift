internal import Glibc
internal import OgiveStore

/// A Parquet file of an export. Its rows are first written as JSON Lines to a file beside it, which
/// the Python package reads to its end: a file whose writer failed half-way never has the name.
struct ParquetExport {
    /// The file.
    let path: String

    /// The file with its rows, until it is there.
    var rows: String { path + ".rows.partial" }

    /// What the Python package writes the columns by.
    private static func schema(_ columns: [ExportColumn]) -> ExactJSON {
        let entries = columns.map {
            ExactJSON.object([
                "name": .string($0.name), "type": type($0.type), "nullable": .bool($0.isOptional),
            ])
        }
        return .object(["columns": .array(entries)])
    }

    /// A type as the Python package names it: a list is a list of one type, a struct an object.
    private static func type(_ type: ExportType) -> ExactJSON {
        switch type {
        case .text: return .string("text")
        case .float: return .string("float64")
        case .integer: return .string("int64")
        case .boolean: return .string("bool")
        case .json: return .string("json")
        case .list(let element): return .array([Self.type(element)])
        case .object(let fields):
            var types: JSONFields = [:]
            for field in fields { types[field.name] = Self.type(field.type) }
            return .object(types)
        }
    }

    /// Writes it from its rows, which are removed. Throws `.input` when it cannot be written.
    func write(_ columns: [ExportColumn]) async throws -> ExportFile.Receipt {
        let schema = path + ".schema.partial"
        defer {
            // unlink reads the paths only during the calls.
            _ = unsafe unlink(rows)
            // As above.
            _ = unsafe unlink(schema)
        }
        try ExportFile.write(Self.schema(columns).jsonInOrder, to: schema)
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
