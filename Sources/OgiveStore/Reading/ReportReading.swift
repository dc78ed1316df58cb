internal import OgiveCore
internal import Postgres

/// Reads the parts of a report within one transaction.
struct ReportReading {
    /// Bins of a histogram, and columns and rows of a grid.
    static let bins = 40
    static let columns = 44
    static let rows = 26
    /// Shares whose quantiles a report names.
    static let shares = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]
    /// But for as many at each end, values decide the range of a chart.
    static let outer = [0.005, 0.995]
    /// Quantiles of each prompt, and the shares of prompts at which they are read.
    static let levels = [0.1, 0.5, 0.9]
    static let promptShares = (0...40).map { Double($0) / 40 }

    let run: Int64
    let connection: PostgresConnection
    /// Whether the connection asks the same again and again.
    var keepsStatements = false

    private func query(_ sql: String, _ more: PostgresValue...) async throws -> PostgresRows {
        let parameters = [.int64(run)] + more
        return keepsStatements
            ? try await connection.queryPrepared(sql, parameters)
            : try await connection.query(sql, parameters)
    }

    private func parameters(_ range: BinnedRange) -> [PostgresValue] {
        [.double(range.low), .double(range.high), .int32(Int32(range.bins))]
    }

    func snapshots() async throws -> [ReportedSnapshot] {
        try await query(ReportQueries.snapshots, .int64(Int64(ReportBounds.snapshots))).map { row in
            ReportedSnapshot(
                name: try row.decode("snapshot"), madeAt: try row.decode("made_at"),
                isComplete: try row.decode("complete"), sha256: try row.decode("sha256"))
        }
    }

    func rewards() async throws -> RewardSummary? {
        let row = try await query(
            ReportQueries.rewards, .doubleArray(Self.shares + Self.outer)
        ).one()
        let count: Int = try row.decode("rewards")
        guard count > 0 else { return nil }
        let quantiles: [Double] = try row.decode("quantiles")
        guard quantiles.count == Self.shares.count + Self.outer.count else {
            throw StoreError(.refused, "PostgreSQL gave \(quantiles.count) quantiles.")
        }
        let range = BinnedRange(
            least: try row.decode("least"), lower: quantiles[quantiles.count - 2],
            upper: quantiles[quantiles.count - 1], most: try row.decode("most"), bins: Self.bins)
        return RewardSummary(
            count: count, mean: try row.decode("mean"),
            deviation: try row.decode("deviation", as: Double?.self),
            quantiles: zip(Self.shares, quantiles).map(ReportQuantile.init),
            histogram: try await histogram(range))
    }

    private func histogram(_ range: BinnedRange) async throws -> HistogramData {
        let rows = try await connection.query(
            ReportQueries.histogram, [.int64(run)] + parameters(range))
        var data = HistogramData(range: range, bins: [])
        for row in rows {
            let (bin, count): (Int, Int) = (try row.decode("bin"), try row.decode("draws"))
            switch bin {
            case ...0: data.below += count
            case (range.bins + 1)...: data.above += count
            default:
                data.bins.append(
                    HistogramData.Bin(
                        index: bin - 1, count: count, least: try row.decode("least"),
                        most: try row.decode("most")))
            }
        }
        return data
    }

    func tables() async throws -> TableReport? {
        let row = try await query(ReportQueries.tables, .doubleArray(Self.outer)).one()
        var tables = TableReport()
        tables.count = try row.decode("tables")
        guard tables.count > 0 else { return nil }
        tables.complete = try row.decode("complete")
        tables.degenerate = try row.decode("degenerate")
        tables.single = try row.decode("single")
        tables.deviationBetween = try row.decode("between_prompts", as: Double?.self)
        tables.deviationWithin = try row.decode("within_prompts", as: Double?.self)
        tables.spread = try await spread(row)
        tables.quantiles = try await query(
            ReportQueries.quantiles, .doubleArray(Self.levels), .doubleArray(Self.promptShares)
        ).map { row in
            QuantilesOverPrompts(
                level: try row.decode("level"),
                values: zip(Self.promptShares, try row.decode("quantiles", as: [Double].self))
                    .map(ReportQuantile.init))
        }
        tables.sizes = try await query(ReportQueries.sizes).map { row in
            TableReport.Size(
                least: try row.decode("least"), most: try row.decode("most"),
                tables: try row.decode("tables"), effective: try row.decode("effective"),
                effectiveLeast: try row.decode("effective_least"))
        }
        let most = PostgresValue.int64(Int64(ReportBounds.degenerate))
        tables.degenerateRewards = try await query(ReportQueries.degenerateRewards, most).map {
            TableReport.EqualReward(
                reward: try $0.decode("reward"), tables: try $0.decode("tables"))
        }
        tables.degenerateExamples = try await query(ReportQueries.degenerateExamples, most).map {
            TableReport.Degenerate(
                promptKey: try $0.decode("prompt_key"), count: try $0.decode("n"),
                reward: try $0.decode("reward"))
        }
        return tables
    }

    /// Prompts by mean and standard deviation, where `row` knows their ranges; `nil` without any
    /// of two rewards.
    private func spread(_ row: PostgresRow) async throws -> DensityData? {
        guard try row.decode("spreads", as: Int.self) > 0 else { return nil }
        func range(_ name: String, _ bins: Int) throws -> BinnedRange {
            let outer: [Double] = try row.decode("\(name)s")
            return BinnedRange(
                least: try row.decode("\(name)_least"), lower: outer[0],
                upper: outer[outer.count - 1], most: try row.decode("\(name)_most"), bins: bins)
        }
        var data = DensityData(
            x: try range("mean", Self.columns), y: try range("deviation", Self.rows), cells: [])
        let rows = try await connection.query(
            ReportQueries.spread, [.int64(run)] + parameters(data.x) + parameters(data.y))
        for row in rows {
            data.add(
                try row.decode("x"), try row.decode("y"), count: try row.decode("pairs"))
        }
        return data
    }

    /// Completions by length and, where rewards have a `range`, by reward.
    func lengths(inTokens: Bool, rewards range: BinnedRange?) async throws -> LengthReport? {
        var range = range ?? BinnedRange(low: 0, high: 1, bins: 1)
        range.bins = Self.rows
        let rows = try await connection.query(
            ReportQueries.lengths(inTokens: inTokens),
            [.int64(run)] + parameters(range) + [.int32(Int32(Self.columns))])
        guard !rows.isEmpty else { return nil }
        var sums = LengthSums(rows: range, columns: Self.columns)
        for row in rows { try sums.add(row) }
        return sums.report(inTokens: inTokens)
    }

    func failures() async throws -> [FailureReport] {
        let rows = try await query(
            ReportQueries.failures, .int64(Int64(ReportBounds.failureExamples)),
            .int32(Int32(ReportBounds.messageCharacters)),
            .int64(Int64(ReportBounds.failureKinds)))
        return try FailureReport.grouped(rows)
    }

    func candidates() async throws -> [CandidateReport] {
        try await query(
            ReportQueries.candidates, .int64(Int64(ReportBounds.labels)),
            .int32(Int32(ReportBounds.messageCharacters))
        ).map { row in
            CandidateReport(
                label: try row.cut("label"), count: try row.decode("candidates"),
                rewards: try row.decode("rewards"),
                meanReward: try row.decode("mean", as: Double?.self),
                meanQuantileReward: try row.decode("mean_quantile", as: Double?.self),
                quartiles: try row.decode("quartiles", as: [Double]?.self) ?? [])
        }
    }

    func audit(named name: String) async throws -> ReportedAudit {
        guard let extent = try await RunExtent.read(RunID(run), connection) else {
            throw StoreError(.conflict, "Run \"\(name)\" was dropped.")
        }
        _ = try await connection.query(AuditQueries.joinByHash)
        let audit = try await RunAudit(run: name, extent: extent, listMax: ReportBounds.problems)
            .report(connection)
        return ReportedAudit(
            isSound: audit.isSound, isConsistent: audit.isConsistent, landed: audit.landed,
            failed: audit.failed, pending: audit.pendingItems, problemCount: audit.problemCount,
            problems: audit.problems)
    }
}

extension ReportReading {
    /// The prompts at `shares` of the tables; one that stands at several is there once.
    func examples(_ shares: [Double]) async throws -> [ExamplePrompt] {
        let places = try await query(ReportQueries.examples, .doubleArray(shares)).map { row in
            (
                share: try row.decode("share", as: Double.self),
                prompt: try row.decode("prompt_id", as: Int64.self)
            )
        }
        var examples: [ExamplePrompt] = []
        for place in places where !examples.contains(where: { $0.id.rawValue == place.prompt }) {
            examples.append(try await example(place.prompt, share: place.share))
        }
        return examples
    }

    /// A prompt with its distribution; of draws, at most `drawCharacters` of each text.
    func example(
        _ prompt: Int64, share: Double, drawCharacters: Int = ReportBounds.characters
    ) async throws -> ExamplePrompt {
        let characters = PostgresValue.int32(Int32(ReportBounds.characters))
        let most = PostgresValue.int64(Int64(ReportBounds.draws))
        let row = try await query(ReportQueries.example, .int64(prompt), characters).one()
        let draws = try await query(
            ReportQueries.exampleDraws, .int64(prompt), most, .int32(Int32(drawCharacters))
        ).map { row in
            ExamplePrompt.Draw(
                index: try row.decode("draw_index"), reward: try row.decode("reward"),
                tokens: try row.decode("token_count", as: Int32?.self),
                isTruncated: try row.decode("truncated"),
                seed: try row.decode("seed", as: Int64?.self),
                text: try row.isNull("text") ? nil : try row.cut("text"))
        }
        let candidates = try await query(
            ReportQueries.exampleCandidates, .int64(prompt), most, characters
        ).map { row in
            ExamplePrompt.Candidate(
                index: try row.decode("candidate_index"), label: try row.cut("label"),
                reward: try row.decode("reward"), text: try row.cut("text"))
        }
        return ExamplePrompt(
            share: share, key: try row.decode("prompt_key"), id: PromptID(prompt),
            content: try row.cut("content"), target: try row.decode("draws"),
            rewards: try row.decode("rewards"), draws: draws, candidates: candidates)
    }
}

/// Adds up completions by length, reward and ending.
private struct LengthSums {
    let rows: BinnedRange
    let columns: Int
    private var span: (low: Double, high: Double)?
    private var endings: [String: Int] = [:]
    private var seeded = 0
    private var landedAt: (first: String, last: String)?
    private var cells: [[Int]: (count: Int, marked: Int)] = [:]
    private var means: [Int: (count: Int, total: Double)] = [:]
    private var outside = 0

    init(rows: BinnedRange, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    mutating func add(_ row: PostgresRow) throws(PostgresError) {
        let reason: String = try row.decode("finish_reason")
        let (draws, rewards): (Int, Int) = (try row.decode("draws"), try row.decode("rewards"))
        endings[reason, default: 0] += draws
        seeded += try row.decode("seeds", as: Int.self)
        let times: (first: String, last: String) = (
            try row.decode("first_landed"), try row.decode("last_landed")
        )
        // In this form, texts are in the order of times.
        landedAt = (
            min(landedAt?.first ?? times.first, times.first),
            max(landedAt?.last ?? times.last, times.last)
        )
        guard rewards > 0 else { return }
        guard let x = try row.decode("x", as: Int?.self), let y = try row.decode("y", as: Int?.self)
        else {
            // Its length is not known.
            outside += draws
            return
        }
        span = (try row.decode("low"), try row.decode("high"))
        let column = means[x - 1] ?? (0, 0)
        means[x - 1] = (
            column.count + rewards, column.total + (try row.decode("total", as: Double.self))
        )
        guard (1...rows.bins).contains(y) else {
            outside += draws
            return
        }
        let cell = cells[[x - 1, y - 1]] ?? (0, 0)
        cells[[x - 1, y - 1]] = (
            cell.count + draws, cell.marked + (reason == "length" ? draws : 0)
        )
    }

    func report(inTokens: Bool) -> LengthReport {
        var density: DensityData?
        if let span {
            density = DensityData(
                x: BinnedRange(low: span.low, high: span.high, bins: columns), y: rows,
                cells: cells.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
                    DensityData.Cell(
                        column: $0.key[0], row: $0.key[1], count: $0.value.count,
                        marked: $0.value.marked)
                }, outside: outside)
        }
        return LengthReport(
            isInTokens: inTokens,
            endings: endings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                LengthReport.Ending(reason: $0.key, count: $0.value)
            }, seeded: seeded, firstLandedAt: landedAt?.first ?? "",
            lastLandedAt: landedAt?.last ?? "", density: density,
            means: means.sorted { $0.key < $1.key }.map {
                LengthReport.Column(
                    index: $0.key, count: $0.value.count,
                    mean: $0.value.total / Double($0.value.count))
            })
    }
}

extension DensityData {
    /// Counts pairs of a cell that is named as `width_bucket` does, from 1, with what lies outside
    /// at 0 and beyond.
    fileprivate mutating func add(_ x: Int, _ y: Int, count: Int) {
        guard (1...self.x.bins).contains(x), (1...self.y.bins).contains(y) else {
            outside += count
            return
        }
        cells.append(Cell(column: x - 1, row: y - 1, count: count))
    }
}

extension PostgresRow {
    /// A text that the query cut, with the length of the whole.
    func cut(_ name: String) throws(PostgresError) -> CutText {
        CutText(try decode(name), characters: try decode("\(name)_characters"))
    }
}

extension FailureReport {
    /// Groups of rows that have an example each, those of a group one behind the other.
    static func grouped(_ rows: PostgresRows) throws(PostgresError) -> [FailureReport] {
        var failures: [FailureReport] = []
        for row in rows {
            let (code, stage): (String, String) = (try row.decode("code"), try row.decode("stage"))
            if failures.last?.code != code || failures.last?.stage != stage {
                failures.append(
                    FailureReport(
                        code: code, stage: stage, count: try row.decode("failures"),
                        prompts: try row.decode("prompts"), examples: []))
            }
            failures[failures.count - 1].examples.append(
                FailureReport.Example(
                    promptKey: try row.decode("prompt_key"), kind: try row.decode("item_kind"),
                    index: try row.decode("item_index"), message: try row.cut("message")))
        }
        if let kinds = try rows.first?.decode("kinds", as: Int.self) {
            failures[failures.count - 1].further = kinds - failures.count
        }
        return failures
    }
}
