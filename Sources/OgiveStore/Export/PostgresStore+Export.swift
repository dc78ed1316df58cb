package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads an export in one transaction, page by page of bounded size: `begin` learns what it
    /// will be, then `page` gets its rows and after how many prompts it stands. Rows are of prompts
    /// after `cursor` only. Throws `.conflict` when the rows cannot be what the trainer needs, when
    /// a snapshot is not whole any more, and, of an export from the beginning, when there are none.
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
                let rows = try await reading.pages(after: cursor, connection, page)
                if rows == 0, cursor == 0 { throw request.nothing(reading.outline) }
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
    private let lines: ExportLines
    private let statement: ExportStatement
    /// What all rows of a prompt have.
    private let shared: ExportStatement?

    init(_ request: ExportRequest, _ connection: PostgresConnection) async throws {
        let names: [PostgresValue] = [
            .string(request.run), .optional(request.snapshot, PostgresValue.string),
        ]
        let row = try await connection.query(ExportQueries.place, names).one()
        let snapshot: Int64 = try row.decode("snapshot_id")
        isPinned = snapshot != 0
        place = [.int64(snapshot), .int64(try row.decode("run_id"))]
        if isPinned { try await Self.requireWhole(request, snapshot, connection) }
        var survey = try await ExportSurvey(
            request, place, isPinned: isPinned, policy: row, connection)
        try survey.requireOneForm(request)
        if request.target.isRectangular {
            survey.references = try await Self.references(
                request, survey, place, isPinned, connection)
        }
        var advice: String?
        if request.target.logProbabilities != nil {
            advice = try await ExportAdvice(request, place: row, survey).text(connection)
            survey.hasLogProbabilities = advice == nil
        }
        let columns = request.target.columns(survey)
        var spread: Double?
        if request.target.rows.takesMeanSpread, request.transform == "scaled-normal-icdf" {
            spread = try await connection.query(ExportQueries.meanSpread, names).one().decode(
                0, as: Double?.self)
        }
        let source = try await connection.query(
            isPinned ? ExportQueries.manifest : ExportQueries.source,
            isPinned ? names : [.string(request.run)])
        let header = columns.map(\.name).joined(separator: ",") + "\n"
        let lacking = request.target.logProbabilities.map { [$0.chosen, $0.rejected] } ?? []
        outline = ExportOutline(
            columns: columns, tables: survey.tables + survey.outside, outside: survey.outside,
            leftOut: survey.leftOut(request.target),
            hasLogProbabilities: survey.hasLogProbabilities,
            columnsLacking: advice == nil ? [] : lacking, lackingAdvice: advice,
            source: try source.one().decode(0),
            header: request.format == .csv ? Array(header.utf8) : [])
        self.request = request
        pageSize = max(1, min(Self.promptsMax, Self.drawsMax / max(1, survey.most)))
        lines = ExportLines(request.format, columns)
        statement = try await ExportStatement(
            ExportQueries.rows(
                request, columns, hasLogProbabilities: survey.hasLogProbabilities),
            names, prompts: 3, ExportQueries.parameters(request, meanSpread: spread), connection)
        if let sql = ExportQueries.shared(request, columns) {
            shared = try await ExportStatement(sql, names, prompts: 3, [], connection)
        } else {
            shared = nil
        }
    }

    /// Reads the rows, and returns their number. While one page is written, the server makes the
    /// next one.
    func pages(
        after cursor: Int64, _ connection: PostgresConnection,
        _ body: ([ExportRow], _ prompts: Int) async throws -> Void
    ) async throws -> Int {
        let statements = [statement] + (shared.map { [$0] } ?? [])
        for statement in statements { try await connection.execute(statement.prepare) }
        var count = 0
        var former: Page?
        func write(_ page: Page) async throws {
            let rows = try lines.rows(of: page.rows, shared: page.shared)
            count += rows.count
            try await body(rows, page.prompts)
        }
        try await connection.forEachPage(
            ExportQueries.prompts(isPinned: isPinned), place + [.int64(cursor)], size: pageSize
        ) { found in
            let prompts = try found.map { try $0.decode(0, as: Int64.self) }
            async let next = page(of: prompts, connection)
            if let page = former { try await write(page) }
            former = try await next
        }
        if let page = former { try await write(page) }
        for statement in statements { try await connection.execute(statement.deallocate) }
        return count
    }

    /// A page as the server sends it.
    private struct Page: Sendable {
        let prompts: Int
        let rows: PostgresRows
        let shared: PostgresRows?
    }

    /// The rows of some prompts.
    private func page(
        of prompts: [Int64], _ connection: PostgresConnection
    ) async throws -> Page {
        var beside: PostgresRows?
        if let shared { beside = try await connection.query(shared.execute(prompts)) }
        let rows = try await connection.query(statement.execute(prompts))
        return Page(prompts: prompts.count, rows: rows, shared: beside)
    }

    /// How many reference rewards each row has. Throws when tables differ, unless it is said.
    private static func references(
        _ request: ExportRequest, _ survey: ExportSurvey, _ place: [PostgresValue],
        _ isPinned: Bool, _ connection: PostgresConnection
    ) async throws -> Int {
        if let wanted = request.refRewards { return wanted }
        let (least, most) = (survey.least, survey.most)
        if least == most { return most }
        let short = try await connection.query(
            ExportQueries.shortTables(isPinned: isPinned, hasBand: request.band != nil),
            place + [.int64(Int64(most))] + ExportQueries.bandParameters(request)
        ).map {
            "\(try $0.decode("key", as: String.self)) (\(try $0.decode("n", as: Int.self)))"
        }
        throw StoreError(
            .conflict,
            "\(request.target.rawValue) needs as many reference rewards of every prompt, and they "
                + "have \(least) to \(most): \(short.joined(separator: ", ")), … have fewer than "
                + "\(most). Have failures tried again (`ogive failures retry`), or give "
                + "--ref-rewards \(max(1, least)): the first \(max(1, least)) of each; prompts "
                + "with fewer are left out.")
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
}
