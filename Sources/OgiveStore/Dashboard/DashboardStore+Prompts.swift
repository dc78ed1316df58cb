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
            let rows = try await connection.query(
                DashboardQueries.sample(isAll: isWhole),
                parameters(run) + [.int64(run.promptSetID), .int32(Int32(tables))])
            let measured = min(Self.lengthTables, tables)
            let lengths = try await connection.query(
                DashboardQueries.lengths(
                    isAll: isWhole && measured >= run.counts.prompts, inTokens: inTokens),
                parameters(run) + [
                    .int64(run.promptSetID), .int32(Int32(measured)),
                    .int32(Int32(Self.lengthDraws)),
                ])
            let now = try await connection.query(DashboardQueries.now).one()
            return RunSample(
                isWhole: isWhole,
                tables: try rows.map { row in
                    RunSample.Table(
                        isDegenerate: try row.decode("degenerate"),
                        rewards: try row.decode("rewards"))
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
            let row = try await connection.query(
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
            try await connection.query(
                DashboardQueries.ranks,
                parameters(run) + [
                    .int64(run.promptSetID), .int64(cursor?.rawValue ?? 0), .int64(Int64(limit)),
                ]
            ).map { row in
                var quantiles: ClosedRange<Double>?
                if let least = try row.decode("least", as: Double?.self),
                    let most = try row.decode("most", as: Double?.self), least <= most
                {
                    quantiles = least...most
                }
                return PromptRank(
                    id: PromptID(try row.decode("prompt_id")),
                    mean: try row.decode("mean", as: Double?.self),
                    deviation: try row.decode("deviation", as: Double?.self) ?? 0,
                    effective: try row.decode("effective", as: Double?.self) ?? 0,
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
                .int64(cursor?.rawValue ?? 0), .int64(Int64(PromptListing.rowsMax + 1)))
            let shown = rows.prefix(PromptListing.rowsMax).map { $0.summary }
            let next = rows.count > shown.count ? shown.last.map { $0.id } : nil
            return PromptListing(rows: shown, next: next.map { .after($0) })
        case .inOrder(let cursor, let filter):
            let most = PromptListing.scannedMax
            let found = try await filtered(
                run, DashboardQueries.filter, .int64(cursor?.rawValue ?? 0), most: most, filter)
            return PromptListing(
                rows: try await named(found.passing, of: run),
                next: found.isLast ? nil : found.last.map { .after($0) })
        case .byKey(let key):
            let rows = try await rows(
                of: run, DashboardQueries.promptsByKey,
                .string(key), .int64(Int64(PromptListing.rowsMax + 1)))
            let shown = rows.prefix(PromptListing.rowsMax).map { $0.summary }
            let next = rows.count > shown.count ? rows.last : nil
            return PromptListing(rows: shown, next: next.map { .from(key: $0.key) })
        case .named(let ids, let filter) where filter.isOpen:
            let hasMore = ids.count > PromptListing.rowsMax
            return PromptListing(
                rows: try await named(Array(ids.prefix(PromptListing.rowsMax)), of: run),
                next: hasMore ? .further(PromptListing.rowsMax) : nil)
        case .named(let ids, let filter):
            let most = PromptListing.namedMax
            let found = try await filtered(
                run, DashboardQueries.filterNamed,
                .int64Array(ids.prefix(most).map(\.rawValue)), most: most, filter)
            let place = found.last.flatMap { ids.firstIndex(of: $0) }
            return PromptListing(
                rows: try await named(found.passing, of: run),
                next: place.flatMap { $0 + 1 < ids.count ? .further($0 + 1) : nil })
        }
    }

    private func named(
        _ ids: [PromptID], of run: RunOverview
    ) async throws(StoreError) -> [PromptSummary] {
        try await rows(of: run, DashboardQueries.promptsNamed, .int64Array(ids.map(\.rawValue)))
            .map { $0.summary }
    }

    /// Prompts that pass among the next ones: the page ends when it is full, or when so many were
    /// looked at that a person would begin to wait.
    private func filtered(
        _ run: RunOverview, _ sql: String, _ page: PostgresValue, most: Int,
        _ filter: PromptFilter
    ) async throws(StoreError) -> (passing: [PromptID], last: PromptID?, isLast: Bool) {
        let numbers = [
            filter.meanLeast, filter.meanMost, filter.quantileLeast, filter.quantileMost,
        ].map { PostgresValue.optional($0) { .double($0) } }
        return try await read("filter the prompts of run \(run.id.rawValue)") { connection in
            let rows = try await connection.query(
                sql,
                parameters(run) + [
                    .int64(run.promptSetID), page, .int64(Int64(most)),
                    .string(filter.property.rawValue),
                ] + numbers)
            var passing: [PromptID] = []
            var last: PromptID?
            for row in rows {
                let id = PromptID(try row.decode("prompt_id"))
                if passing.count == PromptListing.rowsMax { return (passing, last, false) }
                last = id
                if try row.decode("passes") { passing.append(id) }
            }
            return (passing, last, rows.count < most)
        }
    }

    /// With their whole keys: a page begins at one, and a cut one may be the beginning of many.
    private func rows(
        of run: RunOverview, _ sql: String, _ more: PostgresValue...
    ) async throws(StoreError) -> [(summary: PromptSummary, key: String)] {
        try await read("read prompts of run \(run.id.rawValue)") { connection in
            try await connection.query(
                sql,
                parameters(run) + [.int32(Int32(ReportBounds.messageCharacters))]
                    + [.int64(run.promptSetID)] + more
            ).map { row in
                var rewards: PromptSummary.Rewards?
                if let mean = try row.decode("mean", as: Double?.self) {
                    rewards = PromptSummary.Rewards(
                        count: try row.decode("n"), mean: mean,
                        deviation: try row.decode("deviation", as: Double?.self),
                        isDegenerate: try row.decode("degenerate"),
                        effective: try row.decode("effective", as: Double?.self) ?? 0)
                }
                let summary = PromptSummary(
                    id: PromptID(try row.decode("prompt_id")), key: try row.cut("key"),
                    content: try row.cut("content"),
                    target: try row.decode("draws", as: Int?.self), rewards: rewards,
                    failures: try row.decode("failures"),
                    quantiles: try row.decode("quantiles", as: [Double]?.self) ?? [],
                    candidates: try row.decode("candidates"))
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
            let rows = try await connection.query(
                DashboardQueries.prompt,
                [.int64(run.promptSetID), prompt, .int32(Int32(ReportBounds.characters))])
            guard let row = rows.first else {
                throw StoreError(
                    .conflict, "Run \(run.id.rawValue) has no prompt \(id.rawValue).")
            }
            let tables: Int = try await connection.query(
                DashboardQueries.hasTable, parameters(run) + [prompt]
            ).one().decode("tables")
            let reading = ReportReading(run: run.id.rawValue, connection: connection)
            let most = PostgresValue.int64(Int64(ReportBounds.draws))
            let unscored = try await connection.query(
                DashboardQueries.unscored, [.int64(run.id.rawValue), prompt, most]
            ).map { try $0.decode("draw_index", as: Int32.self) }
            let failures = try await connection.query(
                DashboardQueries.promptFailures,
                parameters(run) + [prompt, most, .int32(Int32(ReportBounds.characters))]
            ).map { row in
                PromptDetail.Failure(
                    kind: try row.decode("item_kind"), index: try row.decode("item_index"),
                    stage: try row.decode("stage"), code: try row.decode("code"),
                    message: try row.cut("message"))
            }
            return PromptDetail(
                id: id, key: try row.decode("prompt_key"), content: try row.cut("content"),
                distribution: tables > 0
                    ? try await reading.example(id.rawValue, share: 0, drawCharacters: 0) : nil,
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
            let rows = try await connection.query(
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
            let rows = try await connection.query(
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
            let rows = try await connection.query(
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
            let rows = try await connection.query(
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
