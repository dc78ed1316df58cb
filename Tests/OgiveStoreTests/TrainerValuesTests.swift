import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import QuantileRewards
import Testing

extension StoreTests.TrainerRowsTests {
    /// The functions that files for trainers are made of.
    static let forFiles = [
        "qrpo_claire", "qrpo_swiss", "qrpo_verl", "trl_dpo", "trl_reward", "trl_kto", "trl_sft",
        "trl_a2po", "rebel", "astar_po", "verl", "raw",
    ].map { "\($0)_rows('run')" }

    @Test("value_rows agree with Swift")
    func values() async throws {
        try await TestDatabase.with { database in
            _ = try await Self.run(database)
            let rows = Array(
                try await database.query(
                    "SELECT * FROM ogive.value_rows('run', 0.7) ORDER BY prompt_id"))
            try #require(rows.count == 3)
            for (number, row) in rows.enumerated() {
                let table = try #require(Self.table(number))
                #expect(try row.decode("n") == table.count)
                #expect(try Self.isClose(row.decode("value"), table.mean))
                let error = try #require(table.standardErrorOfMean)
                #expect(try Self.isClose(row.decode("standard_error"), error))
                #expect(try Self.isClose(row.decode("soft_value"), table.softValue(beta: 0.7)))
                #expect(try row.decode("minimum") == table.rewards[0])
                #expect(try row.decode("maximum") == table.rewards[table.count - 1])
            }
        }
    }

    @Test("prompt_features agree with Swift, and are NULL where there is no spread")
    func features() async throws {
        try await TestDatabase.with { database in
            _ = try await Self.run(database)
            let rows = Array(
                try await database.query(
                    "SELECT * FROM ogive.prompt_features('run') ORDER BY prompt_id"))
            try #require(rows.count == 3)
            for (number, row) in rows.enumerated() {
                let table = try #require(Self.table(number))
                func moment(_ power: Double) -> Double {
                    let sum = table.rewards.reduce(0) { $0 + pow($1 - table.mean, power) }
                    return sum / Double(table.count)
                }
                #expect(try Self.isClose(row.decode("mean"), table.mean))
                let spread = try #require(table.standardDeviation)
                #expect(try Self.isClose(row.decode("spread"), spread))
                let skewness = try row.decode("skewness", as: Double?.self)
                let kurtosis = try row.decode("kurtosis", as: Double?.self)
                if table.isDegenerate {
                    #expect(try row.decode("spread") == 0.0)
                    #expect(skewness == nil && kurtosis == nil)
                } else {
                    #expect(Self.isClose(skewness, moment(3) / pow(moment(2), 1.5)))
                    #expect(Self.isClose(kurtosis, moment(4) / pow(moment(2), 2) - 3))
                }
                for share in [5, 10, 25, 50, 75, 90, 95] {
                    let name = share == 5 ? "p05" : "p\(share)"
                    #expect(try row.decode(name) == table.quantile(Double(share) / 100))
                }
                #expect(try Self.isClose(row.decode("effective_count"), table.effectiveCount))
                #expect(try row.decode("draws") == 6)
                #expect(try row.decode("mean_tokens") == 3.0)
                #expect(try row.decode("truncated_share") == 0.0)
                #expect(try row.decode("mean_log_probability") == -1.5)
                #expect(try row.decode("prompt_characters") == "Question 0?".count)
                #expect(try row.decode("candidates") == 2)
            }
        }
    }

    @Test("prompt_features survive powers that are too small for PostgreSQL")
    func smallPowers() async throws {
        try await TestDatabase.with { database in
            let run = try await database.run(prompts: 1, draws: 3)
            let prompt = try await database.pending(run)[0].prompt.id
            let term = try await database.store.lead(as: "test")
            let draws = [-1, 1e-200, 1].enumerated().map {
                Made.draw(Int32($0.offset), "\($0.offset)", reward: $0.element)
            }
            _ = try await database.store.land(Made.batch(run, prompt, draws), term: term)
            let skewness: Double = try await database.value(
                "SELECT skewness FROM ogive.prompt_features('run')")
            #expect(skewness == 0)
        }
    }

    @Test("the order in which prompts and draws landed does not show in a mean")
    func meansHaveOneOrder() async throws {
        var spreads: [Double] = []
        var means: [Double] = []
        for isReversed in [false, true] {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 40, draws: 3)
                var prompts = try await database.pending(run).map(\.prompt.id).sorted()
                let first = try #require(prompts.first).rawValue
                if isReversed { prompts.reverse() }
                let term = try await database.store.lead(as: "test")
                for prompt in prompts {
                    // Summed in another order, these end in other digits.
                    let scale = 0.1 * Double(prompt.rawValue - first + 1)
                    var draws = [-scale, scale / 3, scale].enumerated().map { index, reward in
                        var draw = Made.draw(Int32(index), "\(index)", reward: reward)
                        draw.completion = Made.completion(
                            "\(index)", log: [-0.1, -0.2, -0.3][index])
                        return draw
                    }
                    if isReversed { draws.reverse() }
                    for draw in draws {
                        _ = try await database.store.land(
                            Made.batch(run, prompt, [draw]), term: term)
                    }
                }
                // Else the planner reads these few rows by an index, in its order.
                try await database.query("ANALYZE")
                spreads.append(
                    try await database.value("SELECT ogive.mean_reward_spread('run')"))
                means.append(
                    try await database.value(
                        "SELECT min(mean_log_probability) FROM ogive.prompt_features('run')"))
            }
        }
        #expect(spreads[0] == spreads[1])
        #expect(means[0] == means[1])
    }

    @Test("ogive_reader may call all of them")
    func readerMay() async throws {
        try await TestDatabase.with { database in
            _ = try await Self.run(database)
            for call in [
                "training_rows('run', 1, 'scaled-normal-icdf')", "preference_pairs('run')",
                "preference_pairs('run', 'balanced')", "value_rows('run')",
                "prompt_features('run')", "run_id('run')", "mean_reward_spread('run')",
                "reward_spread('{1,2}')", "is_one_of('a', 'b', 'b')",
                "choose_pairs('first-two', '{1,2}', '{}', '{}')", "trainer_pairs('run')",
            ] + Self.forFiles {
                try await database.run("SELECT * FROM ogive.\(call)", as: "ogive_reader")
            }
        }
    }

    @Test("a page reads the prompts asked for: the functions are inlined")
    func areInlined() async throws {
        try await TestDatabase.with { database in
            _ = try await Self.run(database)
            for call in [
                "training_rows('run', 1)", "preference_pairs('run')", "value_rows('run')",
                "prompt_features('run')",
            ] + Self.forFiles {
                let plan = try await database.query(
                    "EXPLAIN SELECT * FROM ogive.\(call) WHERE prompt_id = ANY ('{1,2}')"
                ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
                #expect(!plan.contains("Function Scan on \(call.prefix { $0 != "(" })"), "\(plan)")
                #expect(plan.contains("'{1,2}'::bigint[]"), "\(plan)")
            }
            for query in [
                "training_rows('run', 1)", "candidates", "scored_completions",
            ] {
                let plan = try await database.query(
                    "EXPLAIN VERBOSE SELECT quantile_reward FROM ogive.\(query)"
                ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
                #expect(plan.contains("width_bucket("), "\(plan)")
                // Where a larger run shares the table, a call cuts its first rewards out once.
                #expect(!plan.contains("quantile_reward(t.rewards"), "\(plan)")
            }
        }
    }
}
