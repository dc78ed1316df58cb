internal import Postgres

/// Writes the lines of an export from the rows of `ExportQueries.rows` and `ExportQueries.shared`.
struct ExportLines: Sendable {
    /// Most columns that a row of a result has for a line of JSON: PostgreSQL's limit is 1664.
    static let columnsMax = 1000
    /// Columns of a row before those of its line: its prompt, and why it lacks something.
    private static let first = 2

    private let format: ExportFormat
    private let count: Int
    /// What stands before each value, in JSON.
    private let names: [[UInt8]]
    private let forms: [PostgresJSONForm]
    /// Which columns all rows of a prompt have, in JSON.
    private let isShared: [Bool]

    /// Writes these columns; more than `columnsMax` of them come as whole lines.
    init(_ format: ExportFormat, _ columns: [ExportColumn]) {
        self.format = format
        let isWhole = format != .csv && columns.count > Self.columnsMax
        count = isWhole ? 1 : columns.count
        names =
            isWhole
            ? [[]]
            : columns.enumerated().map { place, column in
                Array((place == 0 ? "{\"" : ", \"").utf8) + column.name.utf8 + "\" : ".utf8
            }
        forms = isWhole ? [.asIs] : columns.map(\.field.form)
        isShared = isWhole ? [false] : columns.map { $0.ofPrompt != nil }
    }

    /// The rows of a page, which are in the order of their prompts; `shared` has what all rows of a
    /// prompt have, in the same order.
    func rows(of page: PostgresRows, shared: PostgresRows?) throws -> [ExportRow] {
        var rows: [ExportRow] = []
        rows.reserveCapacity(page.count)
        var current: Int64?
        var place = 0
        var pieces: [[UInt8]] = []
        // Lines of one export are about as long as each other.
        var length = 256
        for (index, row) in page.enumerated() {
            var line: [UInt8] = []
            line.reserveCapacity(length)
            let prompt: Int64 = try row.decode(0)
            if let shared, prompt != current {
                while place < shared.count, try shared[place].decode(0) != prompt { place += 1 }
                guard place < shared.count else {
                    throw PostgresError(
                        .decoding,
                        "A row has prompt \(prompt), which is not in its place among those of its "
                            + "page.")
                }
                pieces = self.pieces(shared, place)
                current = prompt
            }
            switch format {
            case .jsonl, .parquet: appendJSON(page, index, pieces, to: &line)
            case .csv: try appendCSV(row, to: &line)
            }
            line.append(UInt8(ascii: "\n"))
            length = line.count + line.count / 8
            rows.append(
                ExportRow(prompt: prompt, missing: try row.decode(1), line: line))
        }
        return rows
    }

    /// What a prompt has for each column that its rows share; nothing for the others.
    private func pieces(_ shared: PostgresRows, _ row: Int) -> [[UInt8]] {
        // Before them stands the prompt.
        var next = 1
        return (0..<count).map { column in
            guard isShared[column] else { return [] }
            var piece = names[column]
            shared.appendJSON(row: row, column: next, as: forms[column], to: &piece)
            next += 1
            return piece
        }
    }

    private func appendJSON(
        _ page: PostgresRows, _ row: Int, _ pieces: [[UInt8]], to line: inout [UInt8]
    ) {
        var next = Self.first
        for column in 0..<count {
            if isShared[column] {
                line += pieces[column]
                continue
            }
            line += names[column]
            page.appendJSON(row: row, column: next, as: forms[column], to: &line)
            next += 1
        }
        // What the server made is a whole object.
        if !names[0].isEmpty { line.append(UInt8(ascii: "}")) }
    }

    private func appendCSV(_ row: PostgresRow, to line: inout [UInt8]) throws {
        for column in 0..<count {
            if column > 0 { line.append(UInt8(ascii: ",")) }
            line += Self.cell(try row.decode(Self.first + column, as: String?.self)).utf8
        }
    }

    /// A value as RFC 4180 writes it; NULL is nothing at all, an empty text two quotes.
    private static func cell(_ text: String?) -> String {
        guard let text else { return "" }
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")
                    && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
            }
        return isPlain ? text : "\"\(text.replacing("\"", with: "\"\""))\""
    }
}

/// The statement that reads a page of an export, prepared once: planning it takes as long as
/// reading a page.
///
/// Its options are constants of the statement and no parameters of it, because with a parameter the
/// server would compute for each row what is the same in all, log Z for one.
struct ExportStatement: Sendable {
    private let name = "\"export_\(UInt64.random(in: 0 ... .max))\""
    private let sql: String

    /// Makes a statement of `sql`, in which $1, $2, … are `before`, then the prompts of a page with
    /// the number `prompts`, then `after`.
    init(
        _ sql: String, _ before: [PostgresValue], prompts: Int, _ after: [PostgresValue],
        _ connection: PostgresConnection
    ) async throws {
        precondition(before.count == prompts - 1, "the prompts follow these parameters")
        let texts = (before + after).map { value in
            if case .string(let text) = value { text } else { "" }
        }
        let quoted = try await connection.query(ExportQueries.quoted, [.stringArray(texts)])
            .map { try $0.decode(0, as: String.self) }
        let literals = zip(before + after, quoted).map(Self.literal)
        var parameters = Array(literals[..<before.count])
        parameters.append("$1")
        parameters += literals[before.count...]
        self.sql = Self.replace(sql, parameters)
    }

    /// Prepares it in this session.
    var prepare: String { "PREPARE \(name) (bigint[]) AS \(sql)" }
    /// Takes it out of the session.
    var deallocate: String { "DEALLOCATE \(name)" }

    /// Runs it for these prompts.
    func execute(_ prompts: [Int64]) -> String {
        "EXECUTE \(name) ('{\(prompts.map(String.init).joined(separator: ","))}')"
    }

    private static func literal(_ value: PostgresValue, quoted: String) -> String {
        switch value {
        case .null: "NULL"
        case .bool(let flag): flag ? "true" : "false"
        case .int64(let number): "('\(number)'::bigint)"
        case .double(let number): "('\(number)'::float8)"
        case .string: quoted
        default: preconditionFailure("an option of an export is no \(value)")
        }
    }

    /// The statement with its parameters in their places.
    private static func replace(_ sql: String, _ parameters: [String]) -> String {
        var output = ""
        var rest = Substring(sql)
        while let sign = rest.firstIndex(of: "$") {
            output += rest[..<sign]
            rest = rest[rest.index(after: sign)...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits), (1...parameters.count).contains(number) else {
                output += "$"
                continue
            }
            output += parameters[number - 1]
            rest = rest[digits.endIndex...]
        }
        return output + rest
    }
}
