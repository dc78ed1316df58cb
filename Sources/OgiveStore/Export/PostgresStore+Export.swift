package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads an export in one transaction, page by page of bounded size: `begin` learns what it
    /// will be, then `page` gets its rows and after how many prompts it stands. Rows are of prompts
    /// after `cursor` only. Throws `.conflict` when the rows cannot be what the trainer needs, when
    /// a snapshot is not whole any more, and, of an export from the beginning, when there are none.
    /// Returns how many rows lack a reference log-probability because a text of theirs lost bytes:
    /// they have NULL there, or are left out of what cannot do without.
    @discardableResult
    package func export(
        _ request: ExportRequest, after cursor: Int64 = 0,
        begin: (ExportOutline) async throws -> Void,
        page: ([ExportRow], _ prompts: Int) async throws -> Void
    ) async throws(StoreError) -> Int {
        _ = try await run(named: request.run)
        if let snapshot = request.snapshot {
            _ = try await self.snapshot(named: snapshot, ofRun: request.run)
        }
        return try await database.with("export run \"\(request.run)\"") { connection in
            try await connection.transaction(isolation: .repeatableRead) { connection in
                let reading = try await ExportReading(request, connection)
                try await begin(reading.outline)
                let (rows, lacking) = try await reading.pages(after: cursor, connection, page)
                if rows == 0, cursor == 0 { throw request.nothing(reading.outline) }
                return lacking
            }
        }
    }
}

/// Reads one export within one transaction.
struct ExportReading {
    /// Most prompts of a page, and about how many draws.
    private static let promptsMax = 500
    private static let drawsMax = 4096

    let outline: ExportOutline
    private let request: ExportRequest
    private let isPinned: Bool
    private let place: [PostgresValue]
    private let pageSize: Int
    private let sql: String
    private let parameters: [PostgresValue]

    init(_ request: ExportRequest, _ connection: PostgresConnection) async throws {
        let names: [PostgresValue] = [
            .string(request.run), .optional(request.snapshot, PostgresValue.string),
        ]
        let row = try await connection.query(ExportQueries.place, names).one()
        let snapshot: Int64 = try row.decode("snapshot_id")
        isPinned = snapshot != 0
        let run: Int64 = try row.decode("run_id")
        place = [.int64(snapshot), .int64(run)]
        if isPinned { try await Self.requireWhole(request, snapshot, connection) }
        let sizes = try await Self.sizes(request, place, isPinned, connection)
        var lacking: (columns: [String], advice: String?) = ([], nil)
        if let names = request.target.logProbabilities {
            lacking.advice = try await Self.logProbabilityAdvice(
                request, run: run, sampling: try row.decode("sampling_id"), snapshot: snapshot,
                connection)
            if names.isRequired, let advice = lacking.advice {
                throw StoreError(
                    .conflict,
                    "\(request.target.rawValue) needs the reference log-probability of every "
                        + "completion, and some have none: \(advice).")
            }
            if lacking.advice != nil { lacking.columns = [names.chosen, names.rejected] }
        }
        let hasAll = request.target.logProbabilities != nil && lacking.advice == nil
        let columns = request.target.columns(request, hasLogProbabilities: hasAll)
        var spread: Double?
        if request.target.rows.takesMeanSpread, request.transform == "scaled-normal-icdf" {
            spread = try await connection.query(ExportQueries.meanSpread, names).one().decode(
                0, as: Double?.self)
        }
        let source = try await connection.query(
            isPinned ? ExportQueries.manifest : ExportQueries.source,
            isPinned ? names : [.string(request.run)])
        parameters = ExportQueries.parameters(request, meanSpread: spread)
        let types = try await Self.types(request, columns, names, parameters, connection)
        let header = columns.map(\.name).joined(separator: ",") + "\n"
        outline = ExportOutline(
            columns: columns.map(\.name), columnTypes: types, tables: sizes.tables,
            leftOut: sizes.few, hasLogProbabilities: hasAll, columnsLacking: lacking.columns,
            lackingAdvice: lacking.advice, source: try source.one().decode(0),
            header: request.format == .csv ? Array(header.utf8) : [])
        self.request = request
        pageSize = max(1, min(Self.promptsMax, Self.drawsMax / max(1, sizes.most)))
        sql = ExportQueries.rows(request, columns)
    }

    /// Reads the rows, and returns their number and that of those without a log-probability.
    func pages(
        after cursor: Int64, _ connection: PostgresConnection,
        _ body: ([ExportRow], _ prompts: Int) async throws -> Void
    ) async throws -> (rows: Int, lacking: Int) {
        let leavesOut = request.target.logProbabilities?.isRequired == true
        var cursor = cursor
        var count = (rows: 0, lacking: 0)
        while true {
            let prompts = try await connection.query(
                ExportQueries.prompts(isPinned: isPinned),
                place + [.int64(cursor), .int64(Int64(pageSize))]
            ).map { try $0.decode(0, as: Int64.self) }
            guard let last = prompts.last else { return count }
            cursor = last
            let rows = try await connection.query(
                sql,
                [
                    .string(request.run), .optional(request.snapshot, PostgresValue.string),
                    .int64Array(prompts),
                ] + parameters)
            let read = try rows.map(exportRow)
            let kept = leavesOut ? read.filter { !$0.lacksLogProbability } : read
            count.rows += kept.count
            count.lacking += read.count { $0.lacksLogProbability }
            try await body(kept, prompts.count)
        }
    }

    private func exportRow(_ row: PostgresRow) throws -> ExportRow {
        let prompt: Int64 = try row.decode("export_prompt")
        let lacksLogProbability =
            try outline.hasLogProbabilities && row.decode("lacks_log_probability")
        switch request.format {
        case .jsonl, .parquet:
            return ExportRow(
                prompt: prompt, lacksLogProbability: lacksLogProbability,
                line: Array((try row.decode("line", as: String.self) + "\n").utf8))
        case .csv:
            let cells = try outline.columns.map {
                try Self.cell(row.decode($0, as: String?.self))
            }
            return ExportRow(
                prompt: prompt, lacksLogProbability: lacksLogProbability,
                line: Array((cells.joined(separator: ",") + "\n").utf8))
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

    /// The types of the columns as the database declares them, for a form that needs them.
    private static func types(
        _ request: ExportRequest, _ columns: [ExportColumn], _ names: [PostgresValue],
        _ parameters: [PostgresValue], _ connection: PostgresConnection
    ) async throws -> [ExportColumnType] {
        guard request.format == .parquet else { return [] }
        let rows = try await connection.query(
            ExportQueries.types(request, columns), names + [.int64Array([])] + parameters)
        return try zip(columns, rows.columnTypes).map { column, number in
            guard let type = ExportColumnType(typeNumber: number) else {
                throw StoreError(
                    .refused,
                    "The column \(column.name) has a type (\(number)) that no Parquet file gets.")
            }
            return type
        }
    }

    private static func sizes(
        _ request: ExportRequest, _ place: [PostgresValue], _ isPinned: Bool,
        _ connection: PostgresConnection
    ) async throws -> (tables: Int, few: Int, most: Int) {
        let wanted = request.target == .qrpoClaire ? request.refRewards : nil
        let row = try await connection.query(
            ExportQueries.tables(isPinned: isPinned), place + [.int64(Int64(wanted ?? 0))]
        ).one()
        let (least, most) = (
            try row.decode("least", as: Int?.self) ?? 0, try row.decode("most", as: Int?.self) ?? 0
        )
        if request.target == .qrpoClaire, wanted == nil, least != most {
            let short = try await connection.query(
                ExportQueries.shortTables(isPinned: isPinned), place + [.int64(Int64(most))]
            ).map {
                "\(try $0.decode("key", as: String.self)) (\(try $0.decode("n", as: Int.self)))"
            }
            throw StoreError(
                .conflict,
                "qrpo-claire needs as many reference rewards of every prompt, and they have "
                    + "\(least) to \(most): \(short.joined(separator: ", ")), … have fewer than "
                    + "\(most). Have failures tried again (`ogive failures retry`), or give "
                    + "--ref-rewards \(max(1, least)): the "
                    + "first \(max(1, least)) of each; prompts with fewer are left out.")
        }
        return (try row.decode("tables"), try row.decode("few"), most)
    }

    /// Throws unless all that a snapshot pins is there.
    private static func requireWhole(
        _ request: ExportRequest, _ snapshot: Int64, _ connection: PostgresConnection
    ) async throws {
        let row = try await connection.query(ExportQueries.pinned, [.int64(snapshot)]).one()
        for (what, name) in [
            ("tables", "tables"), ("draws", "completions"), ("candidates", "candidates"),
        ] {
            let (pinned, found): (Int64, Int64) = (
                try row.decode(what), try row.decode("found_\(what)")
            )
            if pinned == found { continue }
            throw StoreError(
                .conflict,
                "Snapshot \"\(request.snapshot ?? "")\" of run \"\(request.run)\" pins \(pinned) "
                    + "\(name), and \(found) of them are left: somebody removed the others by "
                    + "hand. `ogive audit \(request.run)` names them; restore a backup.")
        }
    }

    /// What to do when completions that may be in a pair have no log-probability; `nil` when all
    /// have one.
    private static func logProbabilityAdvice(
        _ request: ExportRequest, run: Int64, sampling: Int64, snapshot: Int64,
        _ connection: PostgresConnection
    ) async throws -> String? {
        var advice: [String] = []
        if request.strategy != "labels" {
            let hasAll: Bool = try await connection.query(
                ExportQueries.drawsHaveLogProbabilities, [.int64(run), .int64(sampling)]
            ).one().decode(0)
            if !hasAll { advice.append("sample with `policy.logprobs: sum`, a sampling anew") }
        }
        if request.strategy == "labels" || request.strategy == "balanced" {
            let hasAll: Bool = try await connection.query(
                ExportQueries.candidatesHaveLogProbabilities, [.int64(run), .int64(snapshot)]
            ).one().decode(0)
            if !hasAll {
                advice.append(
                    "vLLM and SGLang give those of candidates, by `run.candidates: [score, "
                        + "logprobs]`; llama.cpp cannot give them: there take pairs of draws, with "
                        + "`--strategy best-worst` and `policy.logprobs: sum`")
            }
        }
        return advice.isEmpty ? nil : advice.joined(separator: "; ")
    }
}
