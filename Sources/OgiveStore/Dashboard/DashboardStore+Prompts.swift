package import OgiveCore
internal import Postgres

extension DashboardStore {
    /// What most queries begin with.
    func parameters(_ run: RunOverview) -> [PostgresValue] {
        [.int64(run.id.rawValue), .int64(run.scoringID.rawValue)]
    }

    /// All tables of a small run, else some at even distances; of some of them the completions.
    package func sample(of run: RunOverview) async throws(StoreError) -> RunSample {
        let isAll = run.counts.prompts <= Self.sampleTables
        let draws = max(1, run.counts.draws)
        let tables = min(Self.sampleTables, max(1, Self.sampleRewards / draws))
        let isWhole = isAll && tables >= run.counts.prompts
        let inTokens = run.counts.tokens > 0
        return try await read("read tables of run \(run.id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.sample(isAll: isWhole),
                parameters(run) + [.int64(run.promptSetID), .int32(Int32(tables))])
            let measured = min(Self.lengthTables, tables)
            let lengths = try await connection.queryPrepared(
                DashboardQueries.lengths(
                    isAll: isWhole && measured >= run.counts.prompts, inTokens: inTokens),
                parameters(run) + [
                    .int64(run.promptSetID), .int32(Int32(measured)),
                    .int32(Int32(Self.lengthDraws)),
                ])
            let now = try await connection.queryPrepared(DashboardQueries.now).one()
            return RunSample(
                isWhole: isWhole,
                tables: try rows.map { row in
                    RunSample.Table(
                        isDegenerate: try row.decode("degenerate"),
                        rewards: try row.numbers("rewards"))
                },
                lengths: try lengths.map { row in
                    RunSample.Length(
                        length: try row.decode("length"), reward: try row.decode("reward"),
                        isTruncated: try row.decode("truncated"))
                }, isInTokens: inTokens, readAt: try now.decode("now"))
        }
    }

    /// Of some tables at even distances.
    package func degenerate(
        of run: RunOverview
    ) async throws(StoreError) -> (count: Int, of: Int) {
        let isAll = run.counts.prompts <= Self.degenerateTables
        return try await read("look at tables of run \(run.id.rawValue)") { connection in
            let row = try await connection.queryPrepared(
                DashboardQueries.degenerate(isAll: isAll),
                parameters(run) + [
                    .int64(run.promptSetID), .int32(Int32(Self.degenerateTables)),
                ]
            ).one()
            return (try row.decode("degenerate"), try row.decode("tables"))
        }
    }

    /// In order of number, those without a reward too.
    package func ranks(
        of run: RunOverview, after cursor: PromptID?, limit: Int
    ) async throws(StoreError) -> [PromptRank] {
        try await read("sort the prompts of run \(run.id.rawValue)") { connection in
            try await connection.queryPrepared(
                DashboardQueries.ranks(most: limit),
                parameters(run) + [.int64(run.promptSetID), .int64(cursor?.rawValue ?? 0)]
            ).map { row in
                var quantiles: ClosedRange<Double>?
                if let least = try row.decode("least", as: Double?.self),
                    let most = try row.decode("most", as: Double?.self), least <= most
                {
                    quantiles = least...most
                }
                let numbers =
                    try row.isNull("rewards")
                    ? nil : TableNumbers(try row.numbers("rewards"))
                return PromptRank(
                    id: PromptID(try row.decode("prompt_id")), mean: numbers?.mean,
                    deviation: numbers?.deviation ?? 0, effective: numbers?.effective ?? 0,
                    failures: try row.decode("failures"), quantiles: quantiles)
            }
        }
    }

    /// A page, its rows with what their rewards say.
    package func prompts(
        of run: RunOverview, _ query: PromptQuery
    ) async throws(StoreError) -> PromptListing {
        switch query {
        case .inOrder(let cursor, let filter) where filter.isOpen:
            let rows = try await rows(
                of: run, DashboardQueries.promptsInOrder,
                .int64(cursor?.rawValue ?? 0))
            let shown = rows.prefix(PromptListing.rowsMax).map { $0.summary }
            let next = rows.count > shown.count ? shown.last.map { $0.id } : nil
            return PromptListing(rows: shown, next: next.map { .after($0) })
        case .inOrder(let cursor, let filter):
            let most = looked(PromptListing.scannedMax, of: run, filter)
            let found = try await filtered(
                run, DashboardQueries.filter(filter, most: most), .int64(cursor?.rawValue ?? 0),
                most: most, filter)
            var listing = PromptListing(
                rows: try await named(found.passing, of: run),
                next: found.isLast ? nil : found.last.map { .after($0) })
            listing.looked = most
            return listing
        case .byKey(let key):
            let rows = try await rows(
                of: run, DashboardQueries.promptsByKey,
                .string(key))
            let shown = rows.prefix(PromptListing.rowsMax).map { $0.summary }
            let next = rows.count > shown.count ? rows.last : nil
            return PromptListing(rows: shown, next: next.map { .from(key: $0.key) })
        case .named(let ids, let filter) where filter.isOpen:
            let hasMore = ids.count > PromptListing.rowsMax
            return PromptListing(
                rows: try await named(Array(ids.prefix(PromptListing.rowsMax)), of: run),
                next: hasMore ? .further(PromptListing.rowsMax) : nil)
        case .named(let ids, let filter):
            let most = looked(PromptListing.namedMax, of: run, filter)
            let found = try await filtered(
                run, DashboardQueries.filterNamed(filter),
                .int64Array(ids.prefix(most).map(\.rawValue)), most: most, filter)
            let place = found.last.flatMap { ids.firstIndex(of: $0) }
            var listing = PromptListing(
                rows: try await named(found.passing, of: run),
                next: place.flatMap { $0 + 1 < ids.count ? .further($0 + 1) : nil })
            listing.looked = most
            return listing
        }
    }

    private func named(
        _ ids: [PromptID], of run: RunOverview
    ) async throws(StoreError) -> [PromptSummary] {
        try await rows(of: run, DashboardQueries.promptsNamed, .int64Array(ids.map(\.rawValue)))
            .map { $0.summary }
    }

    /// How many of at most `most` prompts a filter looks at.
    private func looked(_ most: Int, of run: RunOverview, _ filter: PromptFilter) -> Int {
        guard filter.hasRewards else { return most }
        return PromptListing.fitting(
            most, draws: run.counts.draws, least: PromptListing.rowsMax)
    }

    /// Prompts that pass among the next ones: the page ends when it is full, or when so many were
    /// looked at that a person would begin to wait.
    private func filtered(
        _ run: RunOverview, _ sql: String, _ page: PostgresValue, most: Int,
        _ filter: PromptFilter
    ) async throws(StoreError) -> (passing: [PromptID], last: PromptID?, isLast: Bool) {
        try await read("filter the prompts of run \(run.id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                sql, parameters(run) + [.int64(run.promptSetID), page]
            ).map { row in
                (state: try PromptState(row), failed: try row.decode("failed", as: Bool.self))
            }
            let states = rows.map(\.state)
            let numbers =
                filter.hasRewards ? try await numbers(of: run, states, connection) : [:]
            let quantiles =
                filter.hasQuantiles ? try await quantiles(of: run, states, connection) : [:]
            var passing: [PromptID] = []
            var last: PromptID?
            for (state, failed) in rows {
                if passing.count == PromptListing.rowsMax { return (passing, last, false) }
                last = state.id
                let isLike = filter.passes(
                    state, numbers[state.id], quantiles[state.id] ?? [], failed: failed)
                if isLike { passing.append(state.id) }
            }
            return (passing, last, rows.count < most)
        }
    }

    /// With their whole keys: a page begins at one, and a cut one may be the beginning of many.
    private func rows(
        of run: RunOverview, _ sql: String, _ more: PostgresValue...
    ) async throws(StoreError) -> [(summary: PromptSummary, key: String)] {
        try await read("read prompts of run \(run.id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                sql,
                parameters(run) + [.int32(Int32(ReportBounds.messageCharacters))]
                    + [.int64(run.promptSetID)] + more)
            let states = try rows.map { try PromptState($0) }
            let numbers = try await numbers(of: run, states, connection)
            let quantiles = try await quantiles(of: run, states, connection)
            return try zip(rows, states).map { row, state in
                let values = quantiles[state.id] ?? []
                let summary = PromptSummary(
                    id: state.id, key: try row.cut("key"), content: try row.cut("content"),
                    target: state.target,
                    rewards: numbers[state.id].map(PromptSummary.Rewards.init),
                    failures: try row.decode("failures"),
                    quantiles: Array(values.prefix(PromptSummary.quantilesMax)),
                    candidates: values.count)
                return (summary, try row.decode("prompt_key"))
            }
        }
    }

    /// With its distribution, and with what failed.
    package func prompt(
        _ id: PromptID, of run: RunOverview
    ) async throws(StoreError) -> PromptDetail {
        let prompt = PostgresValue.int64(id.rawValue)
        return try await read("read prompt \(id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.prompt,
                [.int64(run.promptSetID), prompt, .int32(Int32(ReportBounds.characters))])
            guard let row = rows.first else {
                throw StoreError(
                    .conflict, "Run \(run.id.rawValue) has no prompt \(id.rawValue).")
            }
            let table = try await connection.queryPrepared(
                DashboardQueries.tableState, parameters(run) + [prompt]
            ).first
            let reading = ReportReading(
                run: run.id.rawValue, connection: connection, keepsStatements: true)
            var unscored: [Int32] = []
            let isComplete = try table.map { table in
                try table.decode("n", as: Int.self) == table.decode("draws", as: Int.self)
            }
            if isComplete != true {
                unscored = try await connection.queryPrepared(
                    DashboardQueries.unscored, parameters(run) + [prompt]
                ).map { try $0.decode("draw_index") }
            }
            let failures = try await connection.queryPrepared(
                DashboardQueries.promptFailures,
                parameters(run) + [prompt, .int32(Int32(ReportBounds.characters))]
            ).map { row in
                PromptDetail.Failure(
                    kind: try row.decode("item_kind"), index: try row.decode("item_index"),
                    stage: try row.decode("stage"), code: try row.decode("code"),
                    message: try row.cut("message"))
            }
            return PromptDetail(
                id: id, key: try row.decode("prompt_key"), content: try row.cut("content"),
                distribution: table == nil
                    ? nil : try await reading.example(id.rawValue, share: 0, drawCharacters: 0),
                unscored: unscored, failures: failures,
                previous: try row.decode("previous", as: Int64?.self).map { PromptID($0) },
                next: try row.decode("next", as: Int64?.self).map { PromptID($0) })
        }
    }

    /// With the first of its tokens, where they are stored.
    package func completion(
        _ draw: Int32, of prompt: PromptID, in run: RunOverview, characters: Int
    ) async throws(StoreError) -> CompletionDetail {
        try await read("read a completion of prompt \(prompt.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.completion,
                [
                    .int64(run.id.rawValue), .int64(prompt.rawValue), .int32(draw),
                    .int32(Int32(characters)), .int32(Int32(CompletionDetail.tokensMax)),
                ])
            guard let row = rows.first else { throw Self.none(draw, of: prompt, in: run.id) }
            return try CompletionDetail(row)
        }
    }

    private static func none(_ draw: Int32, of prompt: PromptID, in run: RunID) -> StoreError {
        StoreError(
            .conflict,
            "Prompt \(prompt.rawValue) of run \(run.rawValue) has no draw \(draw) yet.")
    }

    /// Without the text.
    package func text(
        _ draw: Int32, of prompt: PromptID, in run: RunID, characters: Int
    ) async throws(StoreError) -> LongText {
        try await read("read a completion of prompt \(prompt.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.textLength,
                [
                    .int64(run.rawValue), .int64(prompt.rawValue), .int32(draw),
                    .int32(Int32(clamping: characters)),
                ])
            guard let row = rows.first else { throw Self.none(draw, of: prompt, in: run) }
            return LongText(
                run: run, prompt: prompt, draw: draw,
                characters: try row.decode("characters"), bytes: try row.decode("bytes"))
        }
    }

    /// In a statement of its own: nothing is held between two parts.
    package func part(
        of text: LongText, from: Int, characters: Int
    ) async throws(StoreError) -> String {
        try await read("read a completion of prompt \(text.prompt.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.textPart,
                [
                    .int64(text.run.rawValue), .int64(text.prompt.rawValue), .int32(text.draw),
                    .int32(Int32(clamping: from)), .int32(Int32(clamping: characters)),
                ])
            guard let row = rows.first else {
                throw Self.none(text.draw, of: text.prompt, in: text.run)
            }
            return try row.decode("part")
        }
    }

    /// Of some prompts at even distances, some draws each.
    package func comparison(
        of first: RunOverview, with second: RunOverview
    ) async throws(StoreError) -> ScoringComparison {
        let isAll = first.counts.prompts <= Self.lengthTables
        return try await read("compare runs") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.comparison(isAll: isAll),
                parameters(first)
                    + [.int64(first.promptSetID), .int32(Int32(Self.lengthTables))]
                    + parameters(second) + [.int32(Int32(Self.lengthDraws))])
            return ScoringComparison(
                pairs: try rows.map { row in
                    ScoringComparison.Pair(
                        prompt: PromptID(try row.decode("prompt_id")),
                        draw: try row.decode("draw_index"), first: try row.decode("first"),
                        second: try row.decode("second"),
                        firstQuantile: try row.decode("first_quantile"),
                        secondQuantile: try row.decode("second_quantile"))
                })
        }
    }
}

extension PromptState {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            id: PromptID(try row.decode("prompt_id")),
            count: try row.decode("n", as: Int?.self) ?? 0,
            target: try row.decode("draws", as: Int?.self),
            candidates: try row.decode("candidates"))
    }
}

extension PromptSummary.Rewards {
    fileprivate init(_ numbers: TableNumbers) {
        self.init(
            count: numbers.count, mean: numbers.mean, deviation: numbers.deviation,
            isDegenerate: numbers.isDegenerate, effective: numbers.effective)
    }
}

extension PromptFilter {
    /// Whether a prompt is to be listed.
    fileprivate func passes(
        _ state: PromptState, _ numbers: TableNumbers?, _ quantiles: [Double], failed: Bool
    ) -> Bool {
        let isLike =
            switch property {
            case .all: true
            case .degenerate: numbers.map { $0.isDegenerate && $0.count > 1 } ?? false
            case .incomplete: state.count != state.target
            case .failed: failed
            }
        guard isLike else { return false }
        if let least = meanLeast, !(numbers.map { $0.mean >= least } ?? false) { return false }
        if let most = meanMost, !(numbers.map { $0.mean <= most } ?? false) { return false }
        guard hasQuantiles else { return true }
        let (least, most) = (quantileLeast ?? 0, quantileMost ?? 1)
        return quantiles.contains { $0 >= least && $0 <= most }
    }
}

extension CompletionDetail {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        let ids = try row.decode("token_ids", as: [Int32]?.self) ?? []
        let logs = try row.decode("token_log_probabilities", as: [Double]?.self) ?? []
        self.init(
            draw: try row.decode("draw_index"), text: try row.cut("text"),
            reward: try row.decode("reward", as: Double?.self),
            quantileReward: try row.decode("quantile_reward", as: Double?.self),
            logProbability: try row.decode("log_probability", as: Double?.self),
            tokenCount: try row.decode("token_count", as: Int32?.self),
            finishReason: try row.decode("finish_reason"),
            seed: try row.decode("seed", as: Int64?.self),
            milliseconds: try row.decode("sample_ms", as: Double?.self),
            worker: try row.decode("worker"), landedAt: try row.decode("landed_at"),
            tokens: zip(ids, logs).map { Token(id: $0, logProbability: $1) })
    }
}
