import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("adopted completions", .timeLimit(.minutes(10)))
    struct AdoptTests {
        private static let file = SHA256Digest(hashing: "file")

        private static func row(
            _ key: String, _ completions: [AdoptedCompletion]
        ) -> ImportedPrompt {
            var row = ImportedPrompt(
                key: key, content: .text("Question \(key)?"), metadata: #"{"answer": "1"}"#,
                candidates: [])
            row.adopted = completions
            return row
        }

        private static func texts(_ texts: [String], _ rewards: [Double?]) -> [AdoptedCompletion] {
            zip(texts, rewards).map { AdoptedCompletion(text: $0, reward: $1) }
        }

        /// Two prompts with three draws each.
        private static let rows = [
            row("a", texts(["a0", "a1", "a2"], [3, 1, 2])),
            row("b", texts(["b0", "b1", "b2"], [-1, -1, 5])),
        ]

        @discardableResult
        private static func adopt(
            _ database: TestDatabase, _ rows: [ImportedPrompt] = rows, run: String = "ref",
            file: SHA256Digest = file, _ change: (inout Adoption) -> Void = { _ in }
        ) async throws -> AdoptionReceipt {
            var adoption = Adoption(run: run, promptSet: "set", model: "org/policy")
            adoption.rewardModel = "org/reward"
            change(&adoption)
            return try await database.store.adopt(adoption) { importer in
                for row in rows { try await importer.add([row]) }
                return file
            }
        }

        @Test("become a finished run whose tables are those of the file, without seeds")
        func whole() async throws {
            try await TestDatabase.with { database in
                let receipt = try await Self.adopt(database)
                #expect(receipt.outcome == .adopted && receipt.draws == 3 && receipt.prompts == 2)
                #expect(receipt.completions == 6 && receipt.rewards == 6)
                #expect(receipt.failures == 0 && receipt.otherRewards == 0)
                let status = try await database.store.status(ofRun: "ref")[0]
                #expect(status.state == "finished" && status.isAdopted && !status.samples)
                #expect(status.landed == 6 && status.pending == 0 && status.policy == "org/policy")
                let table: [Double] = try await database.value(
                    "SELECT draw_rewards FROM ogive.quantile_tables WHERE prompt_key = 'a'")
                #expect(table == [3, 1, 2])
                let texts: String = try await database.value(
                    """
                    SELECT string_agg(text, ' ' ORDER BY prompt_id, draw_index)
                    FROM ogive.completion_rows WHERE seed IS NULL
                        AND worker = '00000000-0000-0000-0000-000000000000'
                    """)
                #expect(texts == "a0 a1 a2 b0 b1 b2")
                let report = try await database.store.audit(run: "ref")
                #expect(report.isSound && report.landed == 6, "\(report)")
                #expect(report.origin?.sha256 == Self.file.hex)
                #expect(report.origin?.model == "org/policy")
                #expect(try await database.store.openRuns().isEmpty)
            }
        }

        @Test("are marked in manifests of exports and in certificates", arguments: [nil, "v1"])
        func marked(snapshot: String?) async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                if let snapshot {
                    _ = try await database.store.makeSnapshot(
                        ofRun: "ref", named: snapshot, allowsPending: false, program: "1")
                }
                for target in ExportTarget.allCases {
                    var request = ExportRequest(run: "ref", target: target, format: .parquet)
                    request.snapshot = snapshot
                    var source = ""
                    var advice: String?
                    try await database.store.export(request, after: .max) {
                        source = $0.source
                        advice = $0.lackingAdvice
                    } page: { _, _ in
                    }
                    #expect(
                        source.replacing(" ", with: "").contains("\"adopted\":true"),
                        "\(target.rawValue): \(source)")
                    if [.trlDPO, .qrpoSwiss].contains(target) {
                        #expect(advice?.contains("adopted from a file") == true)
                    }
                }
                let sampling: String = try await database.value(
                    """
                    SELECT concat_ws(' ', c.s -> 'adopted', c.s -> 'samples_model')
                    FROM (SELECT ogive.certificate('ref', $1) -> 'sampling' AS s) c
                    """, [.optional(snapshot, PostgresValue.string)])
                #expect(sampling == "true false")
            }
        }

        @Test("come with their prompts one row each, in the order of the file")
        func oneRowEach() async throws {
            try await TestDatabase.with { database in
                let rows = ["a", "b", "a", "b"].enumerated().map { number, key in
                    Self.row(key, Self.texts(["\(key)\(number)"], [Double(number)]))
                }
                let receipt = try await Self.adopt(database, rows)
                #expect(receipt.draws == 2 && receipt.completions == 4)
                let table: [Double] = try await database.value(
                    "SELECT draw_rewards FROM ogive.quantile_tables WHERE prompt_key = 'b'")
                #expect(table == [1, 3])
            }
        }

        @Test("are there once: the same file again changes nothing, another is another run")
        func again() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                let again = try await Self.adopt(database)
                #expect(again.outcome == .unchanged && again.completions == 0)
                #expect(again.draws == 3 && again.prompts == 2)
                let other = SHA256Digest(hashing: "other")
                let taken = await #expect(throws: StoreError.self) {
                    try await Self.adopt(database, file: other)
                }
                #expect(taken?.message.contains("another name") == true, "\(taken as Any)")
                let twice = await #expect(throws: StoreError.self) {
                    try await Self.adopt(database, run: "copy")
                }
                #expect(twice?.message.contains("adopted already, as run \"ref\"") == true)
                try await Self.adopt(database, run: "two", file: other)
                #expect(
                    try await database.value(
                        "SELECT count(*) FROM ogive.samplings", as: Int.self) == 2)
            }
        }

        @Test("go on after an adoption that broke off, which no coordinator takes up")
        func resumes() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                // As if the program had ended before the second prompt landed.
                try await database.query(
                    """
                    WITH gone AS (DELETE FROM ogive.completion_rows c USING ogive.prompt_rows p
                        WHERE p.id = c.prompt_id AND p.key = 'b'),
                    rewards AS (DELETE FROM ogive.quantile_table_rows t USING ogive.prompt_rows p
                        WHERE p.id = t.prompt_id AND p.key = 'b'),
                    draws AS (UPDATE ogive.sampling_progress SET draws = 3),
                    scores AS (UPDATE ogive.scoring_progress SET rewards = 3, reward_sum = 6)
                    UPDATE ogive.runs SET state = 'cancelled', finished_at = NULL
                    """)
                var report = try await database.store.audit(run: "ref")
                #expect(!report.isSound && report.isConsistent && report.pending == 3)
                #expect(report.isPartlyAdopted)
                #expect(try await database.store.openRuns().isEmpty)
                let receipt = try await Self.adopt(database)
                #expect(receipt.outcome == .resumed && receipt.completions == 3)
                #expect(receipt.rewards == 3 && receipt.otherRewards == 0)
                report = try await database.store.audit(run: "ref")
                #expect(report.isSound && report.landed == 6, "\(report)")
            }
        }

        @Test("of prompts with different numbers are refused, or failures where that is asked for")
        func uneven() async throws {
            try await TestDatabase.with { database in
                let rows = [Self.rows[0], Self.row("b", Self.texts(["b0"], [4]))]
                let error = await #expect(throws: StoreError.self) {
                    try await Self.adopt(database, rows)
                }
                #expect(error?.message.contains("first key \"b\": 1") == true, "\(error as Any)")
                #expect(
                    try await database.value(
                        "SELECT count(*) FROM ogive.prompt_rows", as: Int.self) == 0)
                let receipt = try await Self.adopt(database, rows) { $0.uneven = .failures }
                #expect(receipt.unevenPrompts == 1 && receipt.failures == 2)
                let report = try await database.store.audit(run: "ref")
                #expect(report.isSound && report.failed == 2 && report.landed == 4, "\(report)")
                let (groups, _) = try await database.store.failures(
                    ofRun: "ref", FailureFilter(), limit: 0)
                #expect(groups.map(\.code) == ["not_given"] && groups[0].stage == "sampling")
            }
        }

        @Test("count the prompts of the set that the file does not have as uneven")
        func otherPrompts() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                let error = await #expect(throws: StoreError.self) {
                    try await Self.adopt(database)
                }
                #expect(error?.message.contains("first key \"p0\": 0") == true, "\(error as Any)")
            }
        }

        @Test("without a reward, or with one that cannot be, have a failure and keep their text")
        func withoutRewards() async throws {
            try await TestDatabase.with { database in
                let rows = [
                    Self.row("a", Self.texts(["x", "y"], [nil, .infinity])),
                    Self.row("b", [AdoptedCompletion(text: "z", reward: 1), .init(error: "no")]),
                ]
                let receipt = try await Self.adopt(database, rows)
                #expect(receipt.completions == 3 && receipt.rewards == 1 && receipt.failures == 3)
                let codes: String = try await database.value(
                    """
                    SELECT string_agg(stage || ' ' || code, ', ' ORDER BY prompt_id, item_index)
                    FROM ogive.failure_rows
                    """)
                #expect(codes == "scoring not_given, scoring not_finite, sampling not_given")
                #expect(try await database.store.audit(run: "ref").isSound)
                let error = await #expect(throws: StoreError.self) {
                    try await database.store.retryFailures(ofRun: "ref")
                }
                #expect(error?.message.contains("nobody can try again") == true)
            }
        }

        @Test("with one text twice have one reward, and the other is reported")
        func oneReward() async throws {
            try await TestDatabase.with { database in
                var texts = Self.texts(["x", "x", "y"], [1, 2, 3])
                for index in texts.indices { texts[index].tokenCount = 5 }
                let receipt = try await Self.adopt(database, [Self.row("a", texts)])
                #expect(receipt.rewards == 3 && receipt.otherRewards == 1)
                // The run spent nothing on them.
                let status = try await database.store.status(ofRun: "ref")[0]
                #expect(status.tokens == 15 && status.spending.tokens == 0)
                let table: [Double] = try await database.value(
                    "SELECT draw_rewards FROM ogive.quantile_tables")
                #expect(table == [1, 1, 3])
            }
        }

        @Test("are scored again by a scorer, but never topped up, whoever asks")
        func rescored() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                let source = try await database.store.run(named: "ref").spec
                var spec = RunSpec(
                    name: "again",
                    scoring: ScoringSpec(
                        sampling: source.scoring.sampling,
                        scorer: ScorerSpec(kind: .rerank, model: "mine")), draws: 3)
                spec.candidates = []
                spec.samples = false
                let run = try await database.store.submit(spec).run
                let pending = try await database.pending(run)
                #expect(pending.flatMap(\.items).compactMap(\.text).count == 6)
                let term = try await database.store.lead(as: "test")
                for prompt in pending {
                    let items = prompt.items.map { Made.reward($0.name, Double($0.name.index)) }
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, items), term: term)
                }
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                let report = try await database.store.audit(run: "again")
                #expect(report.isSound && report.origin != nil, "\(report)")
                #expect(try await database.store.status(ofRun: "again")[0].isAdopted)

                spec.draws = 4
                let more = await #expect(throws: StoreError.self) {
                    try await database.store.submit(spec)
                }
                #expect(more?.message.contains("no more can be sampled") == true)
                spec.samples = true
                let sampled = await #expect(throws: StoreError.self) {
                    try await database.store.submit(spec)
                }
                #expect(sampled?.message.contains("no more can be sampled") == true)
            }
        }

        @Test("are pinned by snapshots that say so, and dropped with their run")
        func pinned() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                let snapshot = try await database.store.makeSnapshot(
                    ofRun: "ref", named: "v1", allowsPending: false, program: "1")
                #expect(snapshot.isComplete && snapshot.rewards == 6)
                #expect(snapshot.manifest.contains("\"adopted\": true"), "\(snapshot.manifest)")
                #expect(!snapshot.manifest.contains("temperature"))
                try await Self.adopt(database, run: "gone", file: SHA256Digest(hashing: "x"))
                _ = try await database.store.drop(run: "gone", isDryRun: false)
                #expect(
                    try await database.value(
                        "SELECT count(*) FROM ogive.samplings", as: Int.self) == 1)
            }
        }

        @Test("need no more rights than the writer has, and land page by page")
        func writer() async throws {
            try await TestDatabase.with { database in
                let rows = (0..<3).map { number in
                    Self.row(
                        "p\(number)",
                        (0..<2_500).map {
                            AdoptedCompletion(text: "\(number) \($0)", reward: Double($0))
                        })
                }
                try await database.withTwoLogins { one, _ in
                    let receipt = try await Self.adopt(one, rows)
                    #expect(receipt.completions == 7_500 && receipt.rewards == 7_500)
                }
                let tails: Int = try await database.value(
                    """
                    SELECT count(*) FROM ogive.quantile_table_rows
                    WHERE tail_indexes IS NOT NULL OR complete_to <> 2500
                    """)
                #expect(tails == 0)
                let report = try await database.store.audit(run: "ref")
                #expect(report.isSound && report.landed == 7_500, "\(report)")
            }
        }

        @Test("in which a worker sampled are found by audit")
        func tampered() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                try await database.query(
                    "UPDATE ogive.completion_rows SET seed = 7 WHERE draw_index = 1")
                let report = try await database.store.audit(run: "ref")
                #expect(!report.isSound && report.problemCount == 2)
                #expect(report.problems[0].contains("draw 1 was not adopted"))
            }
        }

        @Test("that were read otherwise from the same file are refused, and texts stay")
        func otherTexts() async throws {
            try await TestDatabase.with { database in
                try await Self.adopt(database)
                let others = [
                    Self.row("a", Self.texts(["A0", "A1", "A2"], [3, 1, 2])), Self.rows[1],
                ]
                let error = await #expect(throws: StoreError.self) {
                    try await Self.adopt(database, others, run: "copy") {
                        $0.rewardModel = "another"
                    }
                }
                #expect(error?.message.contains("holds other texts") == true, "\(error as Any)")
                #expect(try await database.store.audit(run: "ref").isSound)
                // A field map is another identity.
                try await Self.adopt(database, others, run: "mapped") {
                    $0.fields = ["completions": "other"]
                }
                #expect(try await database.store.audit(run: "mapped").isSound)
            }
        }
    }
}
