import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("a run's own draws", .timeLimit(.minutes(10)))
    struct OwnDrawsTests {
        /// Rewards of draws 0 to 3 of the one prompt.
        private static let rewards: [Double] = [3, 1, 4, 2]

        /// A run of two draws beside one of four on the same scoring, and two candidates.
        private static func runs(
            _ database: TestDatabase
        ) async throws -> (narrow: RunDescription, prompt: PromptID, term: Term) {
            try await database.importPrompts(1, candidates: true)
            var specs = [("narrow", 2), ("wide", 4)].map { TestDatabase.spec($0, draws: $1) }
            for index in specs.indices { specs[index].candidates = [.score] }
            let narrow = try await database.store.submit(specs[0]).run
            let wide = try await database.store.submit(specs[1]).run
            let term = try await database.store.lead(as: "test")
            let prompt = try #require(try await database.pending(wide).first).prompt.id
            _ = try await database.store.land(
                Made.batch(
                    wide, prompt,
                    rewards.enumerated().map {
                        Made.draw(Int32($0), "draw \($0)", reward: $1)
                    } + [Made.reward(.candidate(0), 2.5)]), term: term)
            return (narrow, prompt, term)
        }

        @Test("are all that views and functions show, whatever a run beside it asked for")
        func showOwn() async throws {
            try await TestDatabase.with { database in
                let (_, prompt, _) = try await Self.runs(database)
                let table = try await database.store.table(ofRun: "narrow", prompt: .id(prompt))
                #expect(table.rewards == [1, 3] && table.drawRewards == [3, 1])
                #expect(table.drawIndexes == [0, 1] && table.draws == 2 && table.isComplete)
                let wide = try await database.store.table(ofRun: "wide", prompt: .id(prompt))
                #expect(wide.rewards == [1, 2, 3, 4] && wide.drawRewards == Self.rewards)
                let shown: [(String, [Double])] = [
                    (
                        "SELECT quantile_reward FROM ogive.scored_completions ORDER BY draw_index",
                        [
                            1, 0.5,
                        ]
                    ),
                    (
                        "SELECT quantile_reward FROM ogive.candidates WHERE reward IS NOT NULL",
                        [0.5]
                    ),
                    ("SELECT quantile_reward FROM ogive.candidate_rewards", [0.5]),
                    ("SELECT n::float8 FROM ogive.candidate_rewards", [2]),
                    (
                        "SELECT quantile_reward FROM ogive.training_rows('narrow', 0.1) x "
                            + "CROSS JOIN (VALUES ('narrow')) r(run) "
                            + "ORDER BY item_kind DESC, item_index", [1, 0.5, 0.5]
                    ),
                    (
                        "SELECT value FROM ogive.value_rows('narrow') x "
                            + "CROSS JOIN (VALUES ('narrow')) r(run)", [2]
                    ),
                    (
                        "SELECT draws::float8 FROM ogive.prompt_features('narrow') x "
                            + "CROSS JOIN (VALUES ('narrow')) r(run)", [2]
                    ),
                    (
                        "SELECT chosen_reward FROM ogive.preference_pairs('narrow', 'best-worst') x"
                            + " CROSS JOIN (VALUES ('narrow')) r(run)", [3]
                    ),
                    ("SELECT reward FROM ogive.reward_pairs ORDER BY draw_index", [3, 1]),
                    (
                        "SELECT quantile_reward FROM ogive.reward_pairs ORDER BY draw_index",
                        [1, 0.5]
                    ),
                    ("SELECT landed::float8 FROM ogive.run_status", [2]),
                    ("SELECT sampled::float8 FROM ogive.run_status", [2]),
                    ("SELECT tokens::float8 FROM ogive.run_status", [6]),
                    ("SELECT mean_reward FROM ogive.run_status", [2]),
                ]
                for (sql, expected) in shown {
                    let parts = sql.split(separator: " ORDER BY ")
                    let order = parts.count > 1 ? " ORDER BY \(parts[1])" : ""
                    let condition =
                        parts[0].contains(" WHERE ")
                        ? " AND run = 'narrow'" : " WHERE run = 'narrow'"
                    let found = try await database.query(parts[0] + condition + order).map {
                        try $0.decode(0, as: Double.self)
                    }
                    #expect(found == expected, "\(sql)")
                }
            }
        }

        @Test("are all that exports and snapshots of it hold")
        func exportOwn() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.runs(database)
                for snapshot in [nil, "v1"] {
                    if let snapshot {
                        _ = try await database.store.makeSnapshot(
                            ofRun: "narrow", named: snapshot, allowsPending: true, program: "1")
                    }
                    var request = ExportRequest(run: "narrow", target: .astarPO, format: .csv)
                    request.snapshot = snapshot
                    var text = ""
                    try await database.store.export(request) { _ in
                    } page: { rows, _ in
                        for row in rows { text += String(decoding: row.line, as: UTF8.self) }
                    }
                    #expect(text.hasSuffix(",3.0,1.0\n"), "\(text)")
                }
            }
        }

        @Test("do not count as landed what only another run asked for")
        func statusCountsOwn() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                _ = try await database.store.submit(TestDatabase.spec("narrow", draws: 2))
                let wide = try await database.store.submit(TestDatabase.spec("wide", draws: 4)).run
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(wide).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(
                        wide, prompt,
                        (0..<4).map { Made.draw($0, "draw \($0)", reward: Double($0)) }),
                    term: term)
                let status = try #require(try await database.store.status(ofRun: "narrow").first)
                #expect(status.landed == 2 && status.pending == 2 && status.sampled == 2)
                #expect(status.meanReward == 0.5)
            }
        }

        @Test("of an adaptive run are those that it asks for of each prompt")
        func adaptive() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                _ = try await database.store.submit(TestDatabase.spec("wide", draws: 4))
                var spec = TestDatabase.spec("adaptive", draws: 4)
                spec.adaptive = AdaptiveDraws(min: 2, mean: 3)
                _ = try await database.store.submit(spec)
                let wide = try await database.store.run(named: "wide")
                let term = try await database.store.lead(as: "test")
                for pending in try await database.pending(wide) {
                    _ = try await database.store.land(
                        Made.batch(
                            wide, pending.prompt.id,
                            (0..<4).map { Made.draw($0, "draw \($0)", reward: Double(4 - $0)) }),
                        term: term)
                }
                try await database.query(
                    """
                    INSERT INTO ogive.prompt_target_rows (run_id, prompt_id, draws, raises)
                    SELECT r.id, p.id, 3, 1 FROM ogive.runs r, ogive.prompt_rows p
                    WHERE r.name = 'adaptive' AND p.key = 'p1'
                    """)
                let tables = try await database.store.tables(ofRun: "adaptive", limit: 10)
                #expect(tables.map(\.rewards) == [[3, 4], [2, 3, 4]])
                let shown: Int64 = try await database.value(
                    "SELECT count(*) FROM ogive.scored_completions WHERE run = 'adaptive'")
                #expect(shown == 5)
            }
        }

        @Test("with a reward stand in one view, those without in another, with the reason")
        func views() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 3)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.draw(0, "a", reward: 1), Made.draw(1, "b", reward: nil),
                            Made.failure(.draw(2), .scoring, completion: Made.completion("c")),
                        ]), term: term)
                let scored = try await database.query(
                    "SELECT text FROM ogive.scored_completions ORDER BY reward DESC"
                ).map { try $0.decode(0, as: String.self) }
                #expect(scored == ["a"])
                let others = try await database.query(
                    """
                    SELECT text || coalesce(' ' || failure_code, '')
                    FROM ogive.unscored_completions ORDER BY draw_index
                    """
                ).map { try $0.decode(0, as: String.self) }
                #expect(others == ["b", "c timeout"])
            }
        }

        @Test("whose text lost bytes have no log-probability, and say so")
        func lossyText() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 4)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let texts = ["whole", "br\u{FFFD}ken", "nul \0", "nul \0 and \u{FFFD}"]
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        texts.enumerated().map {
                            Made.draw(Int32($0), $1, reward: Double($0))
                        }), term: term)
                for rows in ["ogive.scored_completions", "ogive.training_rows('run', 0.1)"] {
                    let isRow = rows.hasSuffix(")")
                    let found = try await database.query(
                        """
                        SELECT \(isRow ? "ref_log_probability" : "log_probability") IS NULL,
                            text_is_lossy
                        FROM \(rows) ORDER BY \(isRow ? "item_index" : "draw_index")
                        """
                    ).map { [try $0.decode(0, as: Bool.self), try $0.decode(1, as: Bool.self)] }
                    #expect(found.map(\.[0]) == [false, true, false, true], "\(rows)")
                    #expect(found.map(\.[1]) == [false, true, false, true], "\(rows)")
                }
            }
        }
    }
}
