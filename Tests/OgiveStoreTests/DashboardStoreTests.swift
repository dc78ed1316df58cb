import OgiveCore
import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    /// What the dashboard reads, and with which rights.
    @Suite("the dashboard's store", .timeLimit(.minutes(10)))
    struct DashboardStoreTests {
        static func with(
            prompts: Int, draws: Int32 = 4,
            _ body: (TestDatabase, DashboardStore, RunOverview) async throws -> Void
        ) async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: prompts, draws: Int(draws))
                let term = try await database.store.lead(as: "test")
                var landed = 0
                for prompt in try await database.pending(run) {
                    let number = landed
                    landed += 1
                    // One prompt has equal rewards only, the last one none at all.
                    guard number < prompts - 1 else { continue }
                    _ = try await database.store.land(
                        Made.batch(
                            run, prompt.prompt.id,
                            (0..<draws).map { draw in
                                Made.draw(
                                    draw, "text \(number) \(draw)",
                                    reward: number == 1 ? 2 : Double(number) + Double(draw))
                            }), term: term)
                }
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 2, timeout: .seconds(60))
                try await body(database, dashboard, try await dashboard.run(run.id))
                await dashboard.close()
            }
        }

        @Test("can change nothing, and has the rights of a reader")
        func onlyReads() async throws {
            try await Self.with(prompts: 2) { _, dashboard, _ in
                let role: String = try await dashboard.read("ask") { connection in
                    try await connection.query(
                        "SELECT current_user || ' ' || current_setting('transaction_read_only')"
                    )
                    .one().decode(0)
                }
                #expect(role == "ogive_reader on")
                // Planned once in a session, whatever is asked.
                let mode: String = try await dashboard.read("ask") { connection in
                    try await connection.query("SHOW plan_cache_mode").one().decode(0)
                }
                #expect(mode == "force_generic_plan")
                for statement in [
                    "DELETE FROM ogive.runs", "SELECT ogive_internal.record_history(now())",
                    "SELECT * FROM ogive.completion_rows", "CREATE TEMP TABLE t (i int)",
                ] {
                    await #expect(throws: StoreError.self, "\(statement)") {
                        try await dashboard.read("change") { connection in
                            try await connection.execute(statement)
                        }
                    }
                }
            }
        }

        @Test("lists prompts in order, by key, by filter, and none twice")
        func lists() async throws {
            try await Self.with(prompts: 120) { _, dashboard, run in
                var seen: [PromptID] = []
                var cursor: PromptID?
                for _ in 0..<4 {
                    let page = try await dashboard.prompts(
                        of: run, .inOrder(after: cursor, only: PromptFilter()))
                    seen += page.rows.map(\.id)
                    guard case .after(let next) = page.next else { break }
                    cursor = next
                }
                #expect(seen.count == 120 && seen == seen.sorted() && Set(seen).count == 120)
                func filtered(_ filter: PromptFilter) async throws -> [PromptSummary] {
                    try await dashboard.prompts(of: run, .inOrder(after: nil, only: filter)).rows
                }
                let degenerate = try await filtered(PromptFilter(property: .degenerate))
                #expect(degenerate.map(\.id) == [seen[1]])
                #expect(degenerate[0].rewards?.mean == 2 && degenerate[0].rewards?.deviation == 0)
                let incomplete = try await filtered(PromptFilter(property: .incomplete))
                #expect(incomplete.map(\.id) == [seen[119]] && incomplete[0].rewards == nil)
                #expect(try await filtered(PromptFilter(property: .failed)).isEmpty)
                // Means are number + 1.5.
                let band = try await filtered(PromptFilter(meanLeast: 50, meanMost: 52))
                #expect(band.map(\.id) == [seen[49], seen[50]])
                let byKey = try await dashboard.prompts(of: run, .byKey(from: "p98"))
                #expect(byKey.rows.map(\.key.beginning) == ["p98", "p99"])
                #expect(byKey.next == nil)
                let named = try await dashboard.prompts(
                    of: run, .named([seen[5], PromptID(1 << 40), seen[3]], only: PromptFilter()))
                #expect(named.rows.map(\.id) == [seen[5], seen[3]])
                let ranks = try await dashboard.ranks(of: run, after: seen[9], limit: 2)
                #expect(ranks.map(\.id) == [seen[10], seen[11]] && ranks[0].mean == 11.5)
                #expect(ranks[0].effective == 4 && ranks[0].quantiles == nil)
                #expect(ranks[0].failures == 0)
                // A list of given prompts, in its own order: those that pass, page by page.
                let backwards = Array(seen.reversed())
                let some = PromptFilter(meanMost: 60)
                let first = try await dashboard.prompts(of: run, .named(backwards, only: some))
                // Means from 60 down are those of the prompts 58 to 0.
                #expect(first.rows.map(\.id) == Array(backwards[61..<111]))
                #expect(first.next == .further(111))
                let rest = try await dashboard.prompts(
                    of: run, .named(Array(backwards.dropFirst(111)), only: some))
                #expect(rest.rows.map(\.id) == Array(backwards[111...]) && rest.next == nil)
                let open = try await dashboard.prompts(
                    of: run, .named(backwards, only: PromptFilter()))
                #expect(open.rows.count == 50 && open.next == .further(50))
            }
        }

        @Test("reads a table again when it has grown, and not before")
        func readsOnce() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 4, candidates: true)
                let term = try await database.store.lead(as: "test")
                let prompts = try await database.pending(run).map(\.prompt.id)
                func land(_ prompt: PromptID, _ items: [ItemResult]) async throws {
                    _ = try await database.store.land(
                        Made.batch(run, prompt, items), term: term)
                }
                try await land(prompts[0], (0..<2).map { Made.draw($0, "\($0)", reward: 1) })
                try await land(prompts[0], [Made.reward(.candidate(0), 1)])
                // A completion that waits for its reward.
                try await land(prompts[1], [Made.draw(2, "2", reward: nil)])
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 1, timeout: .seconds(60))
                let overview = try await dashboard.run(run.id)
                func listed(
                    _ filter: PromptFilter = PromptFilter()
                ) async throws -> [PromptSummary] {
                    try await dashboard.prompts(
                        of: overview, .inOrder(after: nil, only: filter)
                    ).rows
                }
                let first = try await listed()
                #expect(first.map { $0.rewards?.mean } == [1, nil])
                #expect(first.map(\.quantiles) == [[1], []])
                #expect(first.map { $0.target } == [4, nil])
                // Rewards that became others by hand, and not more, are not read again.
                try await database.query(
                    """
                    UPDATE ogive.quantile_table_rows SET draw_rewards = '{5,5}', rewards = '{5,5}'
                    WHERE tail_indexes IS NULL
                    """)
                #expect(try await listed().first?.rewards == first[0].rewards)
                #expect(try await listed(PromptFilter(meanMost: 1)).map(\.id) == [prompts[0]])
                #expect(try await listed(PromptFilter(property: .degenerate)).count == 1)
                try await land(prompts[0], [Made.draw(2, "2", reward: 8)])
                #expect(try await listed().map { $0.rewards?.mean } == [6, nil])
                #expect(try await listed().map(\.quantiles) == [[0], []])
                #expect(try await listed(PromptFilter(property: .degenerate)).isEmpty)
                #expect(try await listed(PromptFilter(property: .incomplete)).count == 2)
                // Another candidate, and as many rewards as before.
                try await land(prompts[0], [Made.reward(.candidate(1), 8)])
                #expect(try await listed().map(\.quantiles) == [[0, 1], []])
                try await land(prompts[0], [Made.draw(3, "3", reward: 8)])
                #expect(
                    try await listed(PromptFilter(property: .incomplete)).map(\.id)
                        == [prompts[1]])
                #expect(try await dashboard.prompt(prompts[0], of: overview).unscored.isEmpty)
                #expect(try await dashboard.prompt(prompts[1], of: overview).unscored == [2])
                await dashboard.close()
            }
        }

        @Test("ranks and filters prompts by candidates, failures and effective rewards")
        func ranksByCandidates() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 4, candidates: true)
                let term = try await database.store.lead(as: "test")
                let prompts = try await database.pending(run).map(\.prompt.id)
                for (place, prompt) in prompts.enumerated() {
                    // The first prompt has four rewards, the second two that are equal and failed
                    // draws, the third one none.
                    var items: [ItemResult] = []
                    switch place {
                    case 0:
                        items = (0..<4).map { Made.draw($0, "\($0)", reward: Double($0)) }
                        items += [
                            Made.reward(.candidate(0), 2.5), Made.reward(.candidate(1), -1),
                        ]
                    case 1:
                        items = (0..<2).map { Made.draw($0, "\($0)", reward: 1) }
                        items += (2..<4).map { Made.failure(.draw($0), .sampling) }
                        items.append(Made.reward(.candidate(0), 1))
                    default: items.append(Made.reward(.candidate(0), 1))
                    }
                    _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                }
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 2, timeout: .seconds(60))
                let overview = try await dashboard.run(run.id)
                let ranks = try await dashboard.ranks(of: overview, after: nil, limit: 9)
                #expect(ranks.map(\.effective) == [4, 1, 0])
                #expect(ranks.map(\.failures) == [0, 2, 0])
                #expect(ranks.map(\.quantiles) == [0...0.75, 1...1, nil])
                let all = try await dashboard.prompts(
                    of: overview, .inOrder(after: nil, only: PromptFilter()))
                #expect(all.rows.map(\.quantiles) == [[0.75, 0], [1], []])
                #expect(all.rows.map(\.candidates) == [2, 1, 0])
                #expect(all.rows.map { $0.rewards?.effective } == [4, 1, nil])
                for (least, most, wanted) in [
                    (0.7, 0.8, [0]), (0.7, nil, [0, 1]), (nil, 0.1, [0]), (0.1, 0.7, []),
                ] as [(Double?, Double?, [Int])] {
                    let filter = PromptFilter(quantileLeast: least, quantileMost: most)
                    let listed = try await dashboard.prompts(
                        of: overview, .inOrder(after: nil, only: filter)
                    ).rows.map(\.id)
                    #expect(listed == wanted.map { prompts[$0] }, "\(filter)")
                    let named = try await dashboard.prompts(
                        of: overview, .named(prompts, only: filter)
                    ).rows.map(\.id)
                    #expect(named == listed)
                }
                let failures = try await dashboard.failures(of: overview)
                #expect(failures.groups.map(\.count) == [2] && failures.isWhole)
                #expect(failures.groups[0].prompts == 1)
                #expect(failures.groups[0].examples.map(\.index) == [2, 3])
                #expect(failures.groups[0].examples[0].message.beginning == "took too long")
                await dashboard.close()
            }
        }

        /// A snapshot, compared with what is there now that a prompt has grown, and with itself.
        private static func comparesSnapshots(
            _ dashboard: DashboardStore, _ first: RunOverview, _ sha256: String, _ prompt: PromptID
        ) async throws {
            let known = try await dashboard.snapshots(of: first)
            #expect(known.map(\.name) == ["early"] && known[0].rewards == 10)
            #expect(known[0].sha256 == sha256 && !known[0].isComplete)
            let compared = try await dashboard.comparison(
                of: first, snapshot: known[0].id, with: 0)
            #expect(compared.isWhole && compared.prompts.map(\.isSame) == [false, true, true])
            let grown = try #require(compared.prompts.first)
            #expect(grown.id == prompt && grown.count == 2 && grown.otherCount == 4)
            #expect(grown.mean == 0.5 && grown.otherMean == 1.5 && grown.distance == 0.5)
            let same = try await dashboard.comparison(
                of: first, snapshot: known[0].id, with: known[0].id)
            #expect(same.prompts.count == 3 && same.prompts.allSatisfy(\.isSame))
        }

        @Test("compares reference versions by ogive.drift, and snapshots with what is there now")
        func compares() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 4)
                let term = try await database.store.lead(as: "test")
                let other = try await database.store.submit(
                    TestDatabase.spec("next", draws: 4, policy: "policy-2")
                ).run
                let scored = try await database.store.submit(
                    TestDatabase.spec("scored", draws: 4, scorer: "scorer-2")
                ).run
                _ = try await database.store.submit(
                    TestDatabase.spec("neither", draws: 4, policy: "p", scorer: "s"))
                let prompts = try await database.pending(run).map(\.prompt.id)
                func land(
                    _ run: RunDescription, _ prompt: PromptID, _ rewards: Range<Int32>,
                    _ shift: Double = 0
                ) async throws {
                    _ = try await database.store.land(
                        Made.batch(
                            run, prompt,
                            rewards.map { Made.draw($0, "\($0)", reward: Double($0) + shift) }),
                        term: term)
                }
                for prompt in prompts.prefix(2) { try await land(run, prompt, 0..<4) }
                try await land(run, prompts[2], 0..<2)
                for (place, prompt) in prompts.enumerated() {
                    try await land(other, prompt, 0..<4, place == 1 ? 10 : 0)
                }
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 2, timeout: .seconds(60))
                let (first, second) = (
                    try await dashboard.run(run.id), try await dashboard.run(other.id)
                )
                let related = try await dashboard.related(to: first)
                #expect(related.map(\.id) == [scored.id, other.id])
                #expect(related.map(\.relation) == [.scoring, .version])
                let drift = try await dashboard.drift(from: first, to: second)
                #expect(
                    drift.isWhole
                        && drift.prompts.map(\.id) == [prompts[1], prompts[2], prompts[0]])
                #expect(drift.prompts.map(\.distance) == [1, 0.5, 0])
                #expect(drift.prompts.map { $0.otherMean - $0.mean } == [10, 1, 0])
                #expect(drift.prompts[0].quantileShifts == Array(repeating: 10, count: 5))
                // As `ogive compare` has it.
                let report = try await database.store.drift(
                    from: "run", to: "next", falseDiscoveryRate: 0.05, most: 3)
                #expect(drift.moved == report.moved)
                #expect(drift.prompts.map(\.pValue) == report.farthest.map(\.pValue))
                #expect(drift.prompts.map(\.distance) == report.farthest.map(\.distance))
                let made = try await database.store.makeSnapshot(
                    ofRun: "run", named: "early", allowsPending: true, program: "test")
                try await land(run, prompts[2], 2..<4)
                try await Self.comparesSnapshots(dashboard, first, made.sha256, prompts[2])
                await dashboard.close()
            }
        }

        @Test("goes on behind a page of keys with a long prefix in common")
        func longKeys() async throws {
            try await TestDatabase.with { database in
                let prefix = String(repeating: "k", count: 900)
                let keys = (100..<220).map { prefix + "\($0)" }
                _ = try await database.store.importPrompts(into: "set") { importer in
                    try await importer.add(
                        keys.map {
                            ImportedPrompt(
                                key: $0, content: .text("Question?"), metadata: "{}",
                                candidates: [])
                        })
                }
                let made = try await database.store.submit(TestDatabase.spec(draws: 1)).run
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 1, timeout: .seconds(60))
                let run = try await dashboard.run(made.id)
                var (seen, cursor): ([PromptID], String?) = ([], "k")
                for _ in 0..<4 {
                    guard let key = cursor else { break }
                    let page = try await dashboard.prompts(of: run, .byKey(from: key))
                    seen += page.rows.map(\.id)
                    cursor = nil
                    if case .from(let next) = page.next { cursor = next }
                }
                #expect(cursor == nil)
                #expect(seen.count == keys.count && Set(seen).count == keys.count)
                await dashboard.close()
            }
        }

        @Test("names some kinds of failures, and counts the others")
        func manyKinds() async throws {
            try await TestDatabase.with { database in
                let submitted = try await database.run(prompts: 2_004, draws: 1)
                try await database.query(
                    """
                    INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_index, attempts,
                        failed_at, worker, item_kind, stage, code, message)
                    SELECT 1, p.id, 0, 3, now(), gen_random_uuid(), 'draw', 'scoring',
                        'code_' || CASE WHEN p.n < 2000 THEN p.n ELSE 1234 END, 'no'
                    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n
                        FROM ogive.prompt_rows) p
                    """)
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 1, timeout: .seconds(60))
                let run = try await dashboard.run(submitted.id)
                let sample = try await dashboard.failures(of: run)
                #expect(sample.isWhole)
                let failures = sample.groups
                #expect(failures.count == ReportBounds.failureKinds)
                #expect(failures.last?.further == 1999 - ReportBounds.failureKinds)
                #expect(failures.dropLast().allSatisfy { $0.further == 0 })
                // The most frequent one first.
                #expect(failures.first?.code == "code_1234" && failures.first?.count == 6)
                await dashboard.close()
            }
        }

        @Test("reads a long text by parts as it is stored")
        func readsByParts() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                // Characters of one to four bytes, and one that joins the one before.
                let text = String(repeating: "aé€😀\u{301}", count: 5000)
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, text, reward: 1)]), term: term)
                let dashboard = try await DashboardStore.open(
                    database.configuration, connectionsMax: 1, timeout: .seconds(60))
                let whole = try await dashboard.text(0, of: prompt, in: run.id, characters: 1 << 20)
                #expect(whole.characters == 25_000 && whole.bytes == text.utf8.count)
                var parts = ""
                for place in stride(from: 0, to: 25_000, by: 1001) {
                    let part = try await dashboard.part(of: whole, from: place, characters: 1001)
                    parts.unicodeScalars += part.unicodeScalars
                }
                #expect(parts == text)
                let cut = try await dashboard.text(0, of: prompt, in: run.id, characters: 3)
                #expect(cut.characters == 3 && cut.bytes == 6)
                await #expect(throws: StoreError.self) {
                    _ = try await dashboard.text(1, of: prompt, in: run.id, characters: 3)
                }
                var gone = whole
                gone.draw = 1
                await #expect(throws: StoreError.self) {
                    _ = try await dashboard.part(of: gone, from: 0, characters: 3)
                }
                await dashboard.close()
            }
        }

        @Test("reads samples, prompts and completions as they are stored")
        func reads() async throws {
            try await Self.with(prompts: 5) { database, dashboard, run in
                #expect(try await dashboard.runs(before: nil, limit: 9).map(\.id) == [run.id])
                #expect(run.counts.landed == 16 && run.counts.targetDraws == 20)
                let sample = try await dashboard.sample(of: run)
                #expect(sample.isWhole && sample.tables.count == 4 && sample.lengths.count == 16)
                #expect(sample.tables[0].rewards == [0, 1, 2, 3])
                let share = try await dashboard.degenerate(of: run)
                #expect(share.count == 1 && share.of == 4)
                let ids = try await dashboard.prompts(
                    of: run, .inOrder(after: nil, only: PromptFilter())
                ).rows.map(\.id)
                let prompt = try await dashboard.prompt(ids[2], of: run)
                #expect(prompt.previous == ids[1] && prompt.next == ids[3])
                #expect(prompt.distribution?.rewards == [2, 3, 4, 5])
                #expect(try await dashboard.prompt(ids[4], of: run).distribution == nil)
                let completion = try await dashboard.completion(
                    3, of: ids[2], in: run, characters: 6)
                #expect(completion.text == CutText("text 2", characters: 8))
                #expect(completion.reward == 5 && completion.quantileReward == 1)
                await #expect(throws: StoreError.self) {
                    _ = try await dashboard.completion(9, of: ids[2], in: run, characters: 6)
                }
                let source = try await dashboard.source(of: run)
                #expect(source.samplingSHA256.count == 64)
                #expect(!source.isAdopted && source.scoringSpec.contains("rerank"))
                #expect(sample.readAt.hasSuffix("Z") && sample.readAt.count == 20)
                #expect(try await dashboard.failures(of: run).groups.isEmpty)
                #expect(try await dashboard.fleet().coordinator == "test")
                #expect(try await dashboard.related(to: run).isEmpty)
                let same = try await dashboard.comparison(of: run, with: run)
                #expect(same.pairs.count == 16 && same.pairs.allSatisfy { $0.first == $0.second })
                _ = database
            }
        }

        @Test("of many prompts, takes some at even distances")
        func samplesEvenly() async throws {
            try await Self.with(prompts: 700, draws: 1) { _, dashboard, run in
                let sample = try await dashboard.sample(of: run)
                #expect(!sample.isWhole)
                #expect((380...400).contains(sample.tables.count))
                let rewards = sample.tables.map { $0.rewards[0] }.filter { $0 != 2 }
                #expect(rewards == rewards.sorted())
                #expect((rewards.first ?? 9) < 3 && (rewards.last ?? 0) > 695)
            }
        }

        @Test("the history has a row for each open run, and thins out with age")
        func history() async throws {
            try await Self.with(prompts: 2) { database, dashboard, run in
                // Renewing its term, a coordinator records the counters.
                let before = try await dashboard.history(of: run.id, limit: 10)
                #expect(before.isEmpty)
                let term: Int64 = try await database.value("SELECT term FROM ogive.leadership")
                try await database.store.renew(Term(term), for: .seconds(60), counts: [:])
                try await database.store.renew(Term(term), for: .seconds(60), counts: [:])
                let once = try await dashboard.history(of: run.id, limit: 10)
                #expect(once.map(\.draws) == [4])

                // A row each minute of a day, and each hour of a month.
                try await database.query("DELETE FROM ogive.run_history_rows")
                try await database.query(
                    """
                    INSERT INTO ogive.run_history_rows
                    SELECT r.id, t.at, 0, 0, 0 FROM ogive.runs r, (
                        SELECT timestamptz '2026-01-31 12:00:30Z' - i * interval '1 minute'
                        FROM generate_series(1, 1440) i
                        UNION
                        SELECT timestamptz '2026-01-31 12:00:30Z' - i * interval '1 hour'
                        FROM generate_series(25, 720) i) t(at)
                    """)
                try await database.query(
                    "SELECT 1 FROM ogive_internal.record_history('2026-01-31 12:00:30Z')")
                let rows: Int = try await database.value(
                    "SELECT count(*) FROM ogive.run_history_rows")
                // 361 minutes, 14 days of hours, the other days.
                #expect(rows < 361 + 14 * 24 + 20 && rows > 360 + 13 * 24 + 10)
                let last: Int = try await database.value(
                    """
                    SELECT count(*) FROM ogive.run_history_rows
                    WHERE at > timestamptz '2026-01-31 06:00:30Z'
                    """)
                #expect(last == 360)
                try await database.query(
                    "UPDATE ogive.runs SET state = 'cancelled'")
                try await database.query(
                    "SELECT 1 FROM ogive_internal.record_history('2026-01-31 12:01:30Z')")
                let closed: Int = try await database.value(
                    "SELECT count(*) FROM ogive.run_history WHERE at > '2026-01-31 12:01:00Z'")
                #expect(closed == 0)
            }
        }
    }
}
