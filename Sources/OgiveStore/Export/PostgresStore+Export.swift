package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads an export in one transaction, page by page of bounded size: `begin` learns what it
    /// will be, then `page` gets its rows and after how many prompts it stands. Rows are of prompts
    /// after `cursor` only. Throws `.conflict` when the rows cannot be what the trainer needs.
    package func export(
        _ request: ExportRequest, after cursor: Int64 = 0,
        begin: (ExportOutline) async throws -> Void,
        page: ([ExportRow], _ prompts: Int) async throws -> Void
    ) async throws(StoreError) {
        _ = try await run(named: request.run)
        if let snapshot = request.snapshot {
            _ = try await self.snapshot(named: snapshot, ofRun: request.run)
        }
        try await database.with("export run \"\(request.run)\"") { connection in
            try await connection.transaction(isolation: .repeatableRead) { connection in
                let reading = try await ExportReading(request, connection)
                try await begin(reading.outline)
                try await reading.pages(after: cursor, connection, page)
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
        place = [.int64(snapshot), .int64(try row.decode("scoring_id"))]
        let sizes = try await Self.sizes(request, place, isPinned, connection)
        var isTold = false
        if let names = request.target.logProbabilities {
            isTold = try await Self.isTold(
                request, run: try row.decode("run_id"), snapshot: snapshot,
                sampling: try row.decode("sampling_id"), connection)
            if names.isRequired, !isTold { throw Self.untold(request) }
        }
        let columns = request.target.columns(request, hasLogProbabilities: isTold)
        var spread: Double?
        if request.target == .raw, request.transform == "scaled-normal-icdf" {
            spread = try await connection.query(ExportQueries.meanSpread, names).one().decode(
                0, as: Double?.self)
        }
        let source = try await connection.query(
            isPinned ? ExportQueries.manifest : ExportQueries.source,
            isPinned ? names : [.string(request.run)])
        let header = columns.map(\.name).joined(separator: ",") + "\n"
        outline = ExportOutline(
            columns: columns.map(\.name), tables: sizes.tables, leftOut: sizes.few,
            hasLogProbabilities: isTold, source: try source.one().decode(0),
            header: request.format == .csv ? Array(header.utf8) : [])
        self.request = request
        pageSize = max(1, min(Self.promptsMax, Self.drawsMax / max(1, sizes.most)))
        sql = ExportQueries.rows(request, columns)
        parameters = ExportQueries.parameters(request, meanSpread: spread)
    }

    func pages(
        after cursor: Int64, _ connection: PostgresConnection,
        _ body: ([ExportRow], _ prompts: Int) async throws -> Void
    ) async throws {
        var cursor = cursor
        while true {
            let prompts = try await connection.query(
                ExportQueries.prompts(isPinned: isPinned),
                place + [.int64(cursor), .int64(Int64(pageSize))]
            ).map { try $0.decode(0, as: Int64.self) }
            guard let last = prompts.last else { return }
            cursor = last
            let rows = try await connection.query(
                sql,
                [
                    .string(request.run), .optional(request.snapshot, PostgresValue.string),
                    .int64Array(prompts),
                ] + parameters)
            try await body(try rows.map(exportRow), prompts.count)
        }
    }

    private func exportRow(_ row: PostgresRow) throws -> ExportRow {
        let prompt: Int64 = try row.decode("export_prompt")
        switch request.format {
        case .jsonl:
            return ExportRow(
                prompt: prompt, line: Array((try row.decode("line", as: String.self) + "\n").utf8))
        case .csv:
            let cells = try outline.columns.map {
                try Self.cell(row.decode($0, as: String?.self))
            }
            return ExportRow(
                prompt: prompt, line: Array((cells.joined(separator: ",") + "\n").utf8))
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
                    + "\(most). Have failures tried again (`ogive failures retry`), pin the run's "
                    + "own draws (`ogive snapshot`), or give --ref-rewards \(max(1, least)): the "
                    + "first \(max(1, least)) of each; prompts with fewer are left out.")
        }
        return (try row.decode("tables"), try row.decode("few"), most)
    }

    /// Whether all completions that may be in a pair have a log-probability.
    private static func isTold(
        _ request: ExportRequest, run: Int64, snapshot: Int64, sampling: Int64,
        _ connection: PostgresConnection
    ) async throws -> Bool {
        if request.strategy != "labels" {
            let draws: Bool = try await connection.query(
                ExportQueries.drawsAreTold, [.int64(sampling)]
            ).one().decode(0)
            if !draws { return false }
        }
        if request.strategy == "labels" || request.strategy == "balanced" {
            return try await connection.query(
                ExportQueries.candidatesAreTold, [.int64(run), .int64(snapshot)]
            ).one().decode(0)
        }
        return true
    }

    private static func untold(_ request: ExportRequest) -> StoreError {
        StoreError(
            .conflict,
            "\(request.target.rawValue) needs the reference log-probability of every completion, "
                + "and some have none: sample with `policy.logprobs: sum`, and ask for those of "
                + "candidates by `run.candidates: [score, logprobs]`.")
    }
}
