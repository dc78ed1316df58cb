import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("exports", .timeLimit(.minutes(10)))
    struct ExportTests {
        /// The rows of an export as objects, and its outline.
        static func rows(
            _ database: TestDatabase, _ target: ExportTarget,
            _ change: (inout ExportRequest) -> Void = { _ in }
        ) async throws -> (rows: [[String: Any]], outline: ExportOutline) {
            let (text, outline) = try await lines(database, target, .jsonl, change)
            let rows = try text.split(separator: "\n").map {
                try #require(
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            for row in rows { #expect(Set(row.keys) == Set(outline.columns.map(\.name))) }
            return (rows, outline)
        }

        static func lines(
            _ database: TestDatabase, _ target: ExportTarget, _ format: ExportFormat,
            _ change: (inout ExportRequest) -> Void = { _ in }
        ) async throws -> (text: String, outline: ExportOutline) {
            var request = ExportRequest(run: "run", target: target, format: format)
            change(&request)
            var bytes: [UInt8] = []
            var outline: ExportOutline?
            try await database.store.export(request) {
                outline = $0
                bytes += $0.header
            } page: { rows, _ in
                for row in rows { bytes += row.line }
            }
            return (String(decoding: bytes, as: UTF8.self), try #require(outline))
        }

        @Test("of best draws say that all are truncated, or too bad, when there is none")
        func noDrawEnded() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                await #expect {
                    _ = try await Self.rows(database, .trlSFT) { $0.threshold = 1_000 }
                } throws: {
                    "\($0)".contains("a reward of 1000.0 or more that ended by itself")
                }
            }
        }

        @Test("for trainers of tables are rectangular, or refused with the prompts and what to do")
        func rectangular() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                await #expect {
                    _ = try await Self.rows(database, .qrpoClaire)
                } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .conflict && error?.message.contains("p0 (5)") == true
                        && error?.message.contains("--ref-rewards 5") == true
                }
                let (rows, _) = try await Self.rows(database, .qrpoClaire) { $0.refRewards = 5 }
                #expect(
                    rows.map { $0["ref_rewards"] as? [Double] } == [
                        [1, 2, 2, 3, 0.5], [-1.5, 0.25, 7, -0.75, 2],
                    ])
                #expect(rows.map { $0["chosen_rewards"] as? Double } == [2, -9])
                #expect(rows.map { $0["rejected_rewards"] as? Double } == [2.5, 9])
                #expect(rows[0]["chosen"] as? String == "Question 0?good 0")
                let (six, outline) = try await Self.rows(database, .qrpoClaire) {
                    $0.refRewards = 6
                }
                #expect(six.count == 1)
                #expect(outline.leftOut.map(\.prompts) == [1])
                for target in [ExportTarget.qrpoSwiss, .qrpoVerl, .rebel, .astarPO] {
                    await #expect {
                        _ = try await Self.rows(database, target)
                    } throws: {
                        "\($0)".contains("\(target.rawValue) needs as many reference rewards")
                    }
                }
                let (swiss, _) = try await Self.rows(database, .qrpoSwiss) { $0.refRewards = 2 }
                #expect(swiss.map { $0["ref_rewards"] as? [Double] } == [[1, 2], [-1.5, 0.25]])
                #expect(swiss.map { $0["chosen_quantile_reward"] as? Double } == [1, 0])
            }
        }

        @Test("of a snapshot are of the snapshot")
        func ofSnapshot() async throws {
            try await TestDatabase.with { database in
                let prompts = try await TrainerRowsTests.run(database)
                _ = try await database.store.makeSnapshot(
                    ofRun: "run", named: "v1", allowsPending: true, program: "1")
                let before = try await Self.lines(database, .raw, .jsonl).text
                let run = try await database.store.submit(TestDatabase.spec(draws: 7)).run
                let term = try await database.store.lead(as: "later")
                _ = try await database.store.land(
                    Made.batch(run, prompts[1], [Made.draw(6, "late", reward: 9)]), term: term)
                #expect(try await Self.lines(database, .raw, .jsonl).text != before)
                // The prompts are plain texts, of which some trainers cannot make rows.
                let others: [ExportTarget] = [.rebel, .verl, .qrpoVerl]
                for target in ExportTarget.allCases where !others.contains(target) {
                    let (_, outline) = try await Self.rows(database, target) {
                        $0.snapshot = "v1"
                        if target.options.contains(.refRewards) { $0.refRewards = 5 }
                    }
                    #expect(outline.source.contains("\"snapshot\": \"v1\""))
                    #expect(outline.tables == 3)
                }
                let pinned = try await Self.lines(database, .raw, .jsonl) { $0.snapshot = "v1" }
                #expect(pinned.text == before)
                await #expect(throws: StoreError.self) {
                    _ = try await Self.rows(database, .raw) { $0.snapshot = "v2" }
                }
            }
        }

        @Test("of a snapshot whose completions are gone are refused, not empty")
        func lostCompletions() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                _ = try await database.store.makeSnapshot(
                    ofRun: "run", named: "v1", allowsPending: true, program: "1")
                try await database.query("DELETE FROM ogive.completion_rows WHERE draw_index = 1")
                for target in [ExportTarget.raw, .trlDPO, .value] {
                    await #expect {
                        _ = try await Self.rows(database, target) { $0.snapshot = "v1" }
                    } throws: { error in
                        let message = (error as? StoreError)?.message
                        return message?.contains("pins 24 completions, and 20 of them") == true
                            && message?.contains("ogive audit run") == true
                    }
                }
            }
        }

        @Test("that find nothing are errors that say what to do")
        func empty() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 2)
                await #expect {
                    _ = try await Self.rows(database, .raw)
                } throws: {
                    ($0 as? StoreError)?.message.contains("no rewards yet") == true
                }
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                let advice = [
                    "labels": "--strategy best-worst", "best-worst": "different rewards",
                    "first-two": "two draws", "consecutive": "two draws",
                ]
                for (strategy, words) in advice {
                    await #expect {
                        _ = try await Self.rows(database, .trlDPO) {
                            $0.strategy = strategy
                        }
                    } throws: {
                        ($0 as? StoreError)?.message.contains(words) == true
                    }
                }
            }
        }

        @Test("have the columns of each trainer")
        func columns() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                let pair = ["prompt", "chosen", "rejected"]
                let verl = ["data_source", "prompt", "ability", "reward_model", "extra_info"]
                let expected: [(target: ExportTarget, columns: [String], rows: Int)] = [
                    (
                        .qrpoSwiss,
                        [
                            "chosen", "rejected", "chosen_reward", "rejected_reward",
                            "ref_rewards", "chosen_quantile_reward", "rejected_quantile_reward",
                        ], 2
                    ),
                    (.trlDPO, pair + ["ref_chosen_logps", "ref_rejected_logps"], 2),
                    (.trlReward, pair + ["margin"], 2),
                    // 17 draws and 5 candidates, less 6 and 1 of a table that is all one value.
                    (.trlKTO, ["prompt", "completion", "label"], 15),
                    (.trlSFT, ["prompt", "completion"], 3),
                    (
                        .trlA2PO,
                        ["prompt", "ground_truth", "beta1", "optimal_value", "all_incorrect"], 3
                    ),
                    (.astarPO, verl + ["eval_0", "eval_1"], 3),
                ]
                for (target, columns, count) in expected {
                    let (rows, outline) = try await Self.rows(database, target) {
                        if target.options.contains(.refRewards) { $0.refRewards = 2 }
                    }
                    #expect(outline.columns.map(\.name) == columns)
                    #expect(rows.count == count, "\(target.rawValue)")
                }
                let (swiss, outline) = try await Self.rows(database, .qrpoSwiss) {
                    $0.strategy = "best-worst"
                    $0.refRewards = 5
                }
                #expect(swiss[0]["chosen_quantile_reward"] as? Double == 1)
                #expect(swiss[0]["rejected_quantile_reward"] as? Double == 0.2)
                // Their trainer puts no end token behind a plain text, and ours counts it.
                #expect(outline.columnsLacking == ["ref_chosen_logprob", "ref_rejected_logprob"])
                #expect(outline.lackingAdvice?.hasPrefix("the trainer puts no end token") == true)
            }
        }

        @Test("say nothing in place of NaN, and nothing of log-probabilities that are missing")
        func missingNumbers() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1, candidates: true)
                let term = try await database.store.lead(as: "test")
                let prompt = try await database.pending(run)[0].prompt.id
                let text = "a \"b\", c\n\u{0}d"
                let items = [
                    Made.draw(0, text, reward: 0.1), Made.reward(.candidate(0), 1),
                    Made.reward(.candidate(1), 1e-300),
                ]
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                let (rows, _) = try await Self.rows(database, .raw) {
                    $0.transform = "normal-icdf"
                }
                #expect(rows.count == 3)
                #expect(rows.allSatisfy { $0["target"] is NSNull })
                #expect(rows[0]["completion"] as? String == "a \"b\", c\n\u{FFFD}d")
                #expect(rows[2]["reward"] as? Double == 1e-300)
                let (csv, outline) = try await Self.lines(database, .raw, .csv)
                #expect(csv.hasPrefix(outline.columns.map(\.name).joined(separator: ",") + "\np0,"))
                #expect(csv.contains(",draw,0,,\"a \"\"b\"\", c\n\u{FFFD}d\",false,0.1,1.0,0.0,1,"))
                let (pairs, dpo) = try await Self.rows(database, .trlDPO)
                #expect(pairs.count == 1 && !dpo.hasLogProbabilities)
                #expect(dpo.columns.map(\.name) == ["prompt", "chosen", "rejected"])
                let advice = try #require(dpo.lackingAdvice)
                for words in ["candidates", "llama.cpp cannot give", "--strategy best-worst"] {
                    #expect(advice.contains(words))
                }
            }
        }

        @Test("go on after a prompt, in pages of any size")
        func goOn() async throws {
            try await TestDatabase.with { database in
                let prompts = try await TrainerRowsTests.run(database)
                var seen: [Int64] = []
                var request = ExportRequest(run: "run", target: .value, format: .jsonl)
                request.beta = 1
                try await database.store.export(request, after: prompts[0].rawValue) { _ in
                } page: { rows, _ in
                    seen += rows.map(\.prompt)
                }
                #expect(seen == [prompts[1].rawValue, prompts[2].rawValue])
            }
        }
    }
}
