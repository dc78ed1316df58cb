import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    /// What the values of exports are, whatever the prompts and the rewards were.
    @Suite("the form of exports", .timeLimit(.minutes(10)))
    struct ExportFormTests {
        private static let question = ChatMessage(role: "user", content: "Question?")

        /// A run over these prompts, each with the draws 0 to 2 of these rewards.
        private static func run(
            _ database: TestDatabase, _ contents: [PromptContent], rewards: [Double] = [0, 1, 1],
            finish: FinishReason = .stop, text: String = "draw",
            change: (inout RunSpec) -> Void = { _ in }
        ) async throws {
            _ = try await database.store.importPrompts(into: "set") { importer in
                try await importer.add(
                    contents.enumerated().map { number, content in
                        ImportedPrompt(
                            key: "p\(number)", content: content,
                            metadata: "{\"answer\": \"\(number)\"}", candidates: [])
                    })
            }
            var spec = TestDatabase.spec(draws: rewards.count)
            change(&spec)
            let run = try await database.store.submit(spec).run
            let term = try await database.store.lead(as: "test")
            for prompt in try await database.pending(run).map(\.prompt.id) {
                let items = rewards.enumerated().map { index, reward in
                    var item = Made.draw(Int32(index), "\(text) \(index)", reward: reward)
                    item.completion = Made.completion("\(text) \(index)", finish: finish)
                    return item
                }
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
            }
        }

        private static func bestWorst(_ request: inout ExportRequest) {
            request.strategy = "best-worst"
        }

        private static func text(
            _ database: TestDatabase, _ target: ExportTarget,
            _ change: (inout ExportRequest) -> Void = bestWorst
        ) async throws -> String {
            try await ExportTests.lines(database, target, .jsonl, change).text
        }

        @Test("write rewards as floats, whole numbers too")
        func floats() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.text("Question?")])
                let claire = try await Self.text(database, .qrpoClaire)
                #expect(claire.contains("\"chosen_rewards\" : 1.0,"))
                #expect(claire.contains("\"ref_rewards\" : [0.0, 1.0, 1.0],"))
                let raw = try await Self.text(database, .raw)
                #expect(raw.contains("\"reward\" : 0.0,") && raw.contains("\"n\" : 3,"))
                #expect(raw.contains("\"quantile_reward\" : 1.0,"))
            }
        }

        @Test("write numbers so that they are the same float again, and no number as nothing")
        func numbers() async throws {
            try await TestDatabase.with { database in
                let values: [Double] = [0, -0.0, 1, -2.5, 1e20, 1e-7, .pi, 1e300]
                let found: String = try await database.value(
                    "SELECT ogive.float_json($1::float8[])::text",
                    [.doubleArray(values + [.nan, .infinity])])
                let parts = found.dropFirst().dropLast().split(separator: ", ").map(String.init)
                #expect(parts.count == 10 && parts.suffix(2) == ["null", "null"])
                #expect(parts.prefix(8).map { Double($0) } == values)
                #expect(parts.prefix(8).allSatisfy { $0.contains(".") || $0.contains("e") })
            }
        }

        @Test("have chats of what was sampled as chats, plain texts among them")
        func chats() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.text("Question?")]) {
                    $0.scoring.sampling.policy.api = .chat
                }
                let user = #"{"role": "user", "content": "Question?"}"#
                let best = #"{"role": "assistant", "content": "draw 1"}"#
                for target in [ExportTarget.qrpoClaire, .qrpoSwiss] {
                    #expect(
                        try await Self.text(database, target)
                            .contains("\"chosen\" : [\(user), \(best)]"))
                }
                for target in [ExportTarget.trlDPO, .trlReward] {
                    let text = try await Self.text(database, target)
                    #expect(text.contains("\"prompt\" : [\(user)]"))
                    #expect(text.contains("\"chosen\" : [\(best)]"))
                }
                for target in [ExportTarget.trlKTO, .trlSFT, .raw, .value, .verl, .trlA2PO] {
                    #expect(
                        try await Self.text(database, target).contains("\"prompt\" : [\(user)]"))
                }
                let (_, outline) = try await ExportTests.rows(
                    database, .trlDPO, Self.bestWorst)
                #expect(outline.columns.first?.type == .chat && outline.hasLogProbabilities)
            }
        }

        @Test("refuse chats and plain texts in one column")
        func mixed() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.text("Question?"), .chat([Self.question])])
                await #expect {
                    _ = try await Self.text(database, .trlDPO)
                } throws: {
                    "\($0)".contains("1 of run") && "\($0)".contains("policy.api: chat")
                }
                #expect(try await Self.text(database, .raw).split(separator: "\n").count == 6)
            }
        }

        @Test("leave out, or join, what a trainer would take for another completion")
        func partialTurns() async throws {
            try await TestDatabase.with { database in
                let partial = ChatMessage(role: "assistant", content: "Well, ")
                try await Self.run(
                    database,
                    [.chat([Self.question, partial]), .chat([Self.question])])
                for target in [
                    ExportTarget.qrpoClaire, .qrpoSwiss, .trlKTO, .trlSFT, .trlA2PO, .verl,
                ] {
                    let (rows, outline) = try await ExportTests.rows(
                        database, target, Self.bestWorst)
                    #expect(rows.count == (target == .trlKTO ? 3 : 1))
                    #expect(outline.leftOut.map(\.prompts) == [1], "\(target.rawValue)")
                }
                let (rows, _) = try await ExportTests.rows(database, .trlDPO, Self.bestWorst)
                #expect(rows.count == 2)
                let chosen = rows[0]["chosen"] as? [[String: String]]
                #expect(chosen?.first?["content"] == "Well, draw 1")
                #expect((rows[0]["prompt"] as? [[String: String]])?.count == 1)
                #expect(rows.map { $0["ref_chosen_logps"] as? Double } == [nil, -1.5])
            }
        }

        @Test("have no log-probability of what a trainer would put an end behind, and say why")
        func truncated() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.chat([Self.question])], finish: .length)
                var request = ExportRequest(run: "run", target: .trlDPO, format: .jsonl)
                request.strategy = "best-worst"
                var reasons: [String?] = []
                try await database.store.export(request) { _ in
                } page: { rows, _ in
                    reasons += rows.map(\.missing)
                }
                #expect(reasons == ["truncated"])
                await #expect(throws: StoreError.self) {
                    _ = try await Self.text(database, .trlSFT)
                }
            }
        }

        @Test("have no log-probabilities of another distribution than the draws'")
        func temperature() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.chat([Self.question])]) {
                    $0.scoring.sampling.parameters.temperature = 0.7
                }
                let (_, outline) = try await ExportTests.rows(
                    database, .trlDPO, Self.bestWorst)
                #expect(!outline.hasLogProbabilities)
                #expect(outline.lackingAdvice?.contains("temperature 0.7") == true)
            }
        }

        @Test("leave out pairs that are too close, and equal ones")
        func gaps() async throws {
            try await TestDatabase.with { database in
                try await Self.run(
                    database, [.chat([Self.question])], rewards: [1, 1, 0, 0.25, 5, 5])
                for (gap, drop, count) in [
                    (nil, false, 3), (nil, true, 1), (0.25, false, 1), (0, false, 3),
                ] as [(Double?, Bool, Int)] {
                    let (rows, _) = try await ExportTests.rows(database, .trlReward) {
                        $0.strategy = "consecutive"
                        $0.minGap = gap
                        $0.dropEqual = drop
                    }
                    #expect(rows.count == count)
                }
                await #expect {
                    _ = try await ExportTests.rows(database, .trlReward) {
                        $0.strategy = "consecutive"
                        $0.minGap = 2
                    }
                } throws: {
                    "\($0)".contains("--min-gap")
                }
            }
        }

        @Test("label completions by the middle of their table, or by a threshold")
        func labels() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.chat([Self.question])], rewards: [3, 1, 2])
                let (middle, _) = try await ExportTests.rows(database, .trlKTO)
                #expect(middle.map { $0["label"] as? Bool } == [true, false])
                let (above, _) = try await ExportTests.rows(database, .trlKTO) {
                    $0.threshold = 2
                }
                #expect(above.map { $0["label"] as? Bool } == [true, false, true])
            }
        }

        @Test(
            "have a column for each reward where trainers want one, however many there are",
            arguments: [60, 600])
        func manyColumns(count: Int) async throws {
            let last = count - 1
            try await TestDatabase.with { database in
                let rewards = (0..<count).map(Double.init)
                try await Self.run(database, [.chat([Self.question])], rewards: rewards)
                let (rows, outline) = try await ExportTests.rows(database, .rebel)
                #expect(outline.columns.count == 1 + 2 * count && rows.count == 1)
                #expect(rows[0]["response_\(last)"] as? String == "draw \(last)")
                #expect(rows[0]["response_\(last)_reward"] as? Double == Double(last))
                let (values, _) = try await ExportTests.rows(database, .astarPO)
                let evals = (0..<count).map { values[0]["eval_\($0)"] as? Double }
                #expect(evals == rewards)
                let truth = values[0]["reward_model"] as? [String: String]
                #expect(truth == ["style": "rule", "ground_truth": "0"])
            }
        }

        @Test("for the store of QRPO on verl have references, and trajectories with their rewards")
        func store() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.chat([Self.question])], rewards: [0.5, 2, 1])
                let (rows, outline) = try await ExportTests.rows(database, .qrpoVerl) {
                    $0.refRewards = 2
                }
                #expect(rows.count == 1 && rows[0]["prompt_id"] as? String == "p0")
                #expect(rows[0]["ref_completions"] as? [String] == ["draw 0", "draw 1"])
                #expect(rows[0]["ref_rewards"] as? [Double] == [0.5, 2])
                let trajectories = rows[0]["offline_trajectories"] as? [[[String: String]]]
                #expect(
                    trajectories?.map { $0.first?["content"] } == ["draw 0", "draw 1", "draw 2"])
                #expect(rows[0]["offline_rewards"] as? [Double] == [0.5, 2, 1])
                let types = outline.columns.map { "\($0.type)" }
                #expect(types[4] == "list<list<object<role: text, content: text>>>")
            }
        }

        @Test("are in CSV what they are in JSON", arguments: ExportTarget.allCases)
        func csv(target: ExportTarget) async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, [.chat([Self.question])])
                let (csv, outline) = try await ExportTests.lines(
                    database, target, .csv, Self.bestWorst)
                let (rows, json) = try await ExportTests.rows(database, target, Self.bestWorst)
                #expect(csv.split(separator: "\n").count == rows.count + 1)
                #expect(outline.columns == json.columns)
            }
        }

        @Test("keep the log-probabilities when a text lost bytes and has none")
        func lossyTextWithoutLogProbability() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2)
                let term = try await database.store.lead(as: "test")
                var broken = Made.draw(1, "br\u{FFFD}ken", reward: 2)
                broken.completion?.logProbability = nil
                for (prompt, last) in zip(
                    try await database.pending(run), [Made.draw(1, "b", reward: 2), broken])
                {
                    let items = [Made.draw(0, "a", reward: 1), last]
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, items), term: term)
                }
                let (rows, outline) = try await ExportTests.rows(database, .trlDPO) {
                    $0.strategy = "best-worst"
                }
                #expect(outline.hasLogProbabilities && outline.columnsLacking.isEmpty)
                let isMissing = rows.map { $0["ref_chosen_logps"] is NSNull }
                #expect(isMissing == [false, true])
            }
        }
    }
}
