import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import QuantileRewards
import Testing

extension StoreTests {
    /// What a report reads, computed again from what landed.
    @Suite("a report", .timeLimit(.minutes(10)))
    struct ReportTests {
        private static let prompts = 6
        private static let draws: Int32 = 4

        /// The reward of a draw; `nil` for the one that fails. All of the last prompt are equal.
        private static func reward(_ prompt: Int, _ draw: Int32) -> Double? {
            if prompt == 0, draw == 3 { return nil }
            if prompt == 5 { return 2 }
            return Double(prompt) + Double((Int(draw) * 7 + prompt * 3) % 5) / 4
        }

        private static func tokens(_ prompt: Int, _ draw: Int32) -> Int {
            10 * (Int(draw) + 1) + prompt
        }

        private static func candidateReward(_ prompt: Int, _ candidate: Int32) -> Double {
            Double(prompt) + (candidate == 0 ? 0.75 : 0.25)
        }

        /// The rewards of each prompt, ascending.
        private static let tables = (0..<prompts).map { prompt in
            (0..<draws).compactMap { reward(prompt, $0) }.sorted()
        }

        private static func item(_ prompt: Int, _ draw: Int32) -> ItemResult {
            guard let reward = reward(prompt, draw) else {
                return Made.failure(.draw(draw), .sampling)
            }
            var item = Made.draw(draw, "text \(prompt) \(draw)", reward: reward)
            item.completion = Completion(
                text: "text \(prompt) \(draw)", tokenCount: tokens(prompt, draw),
                finishReason: prompt == 1 && draw == 2 ? .length : .stop, logProbability: nil)
            return item
        }

        /// A finished run of all of it.
        private static func run(_ database: TestDatabase) async throws -> [PromptID] {
            let run = try await database.run(
                prompts: prompts, draws: Int(draws), candidates: true)
            let term = try await database.store.lead(as: "test")
            let pending = try await database.pending(run).map(\.prompt.id)
            for (number, prompt) in pending.enumerated() {
                let items =
                    (0..<draws).map { item(number, $0) }
                    + (Int32(0)..<2).map {
                        Made.reward(.candidate($0), candidateReward(number, $0))
                    }
                _ = try await database.store.land(
                    Made.batch(run, prompt, items), term: term)
            }
            #expect(try await database.store.finish(run.id, term: term) == .finished)
            return pending
        }

        private func isNear(_ left: Double?, _ right: Double?) -> Bool {
            guard let left, let right else { return left == nil && right == nil }
            return abs(left - right) <= 1e-12 * (1 + abs(right))
        }

        @Test("counts rewards as they are, all together")
        func rewards() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                let report = try await database.store.report(ReportRequest(run: "run"))
                let all = try #require(EmpiricalDistribution(Self.tables.flatMap { $0 }))
                let rewards = try #require(report.rewards)
                #expect(rewards.count == 23)
                #expect(isNear(rewards.mean, all.mean))
                #expect(isNear(rewards.deviation, all.standardDeviation))
                #expect(rewards.quantiles.count == 9)
                for quantile in rewards.quantiles {
                    #expect(quantile.value == all.quantile(quantile.share))
                }
                // A bin for each value: they are 0.25 apart, and bins narrower.
                let histogram = rewards.histogram
                #expect(histogram.isDiscrete && histogram.below + histogram.above == 0)
                let counted = Dictionary(
                    uniqueKeysWithValues: histogram.bins.map { ($0.least, $0.count) })
                #expect(counted == Dictionary(all.rewards.map { ($0, 1) }, uniquingKeysWith: +))
                for bin in histogram.bins {
                    #expect(bin.least >= histogram.range.edge(bin.index) - 1e-9)
                    #expect(bin.most <= histogram.range.edge(bin.index + 1) + 1e-9)
                }
            }
        }

        @Test("describes tables by mean and spread, quantiles, sizes and equal rewards")
        func tables() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                let report = try await database.store.report(ReportRequest(run: "run"))
                let distributions = Self.tables.compactMap { EmpiricalDistribution($0) }
                let tables = try #require(report.tables)
                #expect(tables.count == 6 && tables.complete == 5)
                #expect(tables.degenerate == 1 && tables.single == 0)
                let means = try #require(EmpiricalDistribution(distributions.map(\.mean)))
                #expect(isNear(tables.deviationBetween, means.standardDeviation))
                let variances = distributions.map { ($0.standardDeviation ?? 0) }.map { $0 * $0 }
                #expect(
                    isNear(
                        tables.deviationWithin, (variances.reduce(0, +) / 6).squareRoot()))
                let spread = try #require(tables.spread)
                #expect(spread.cells.reduce(spread.outside) { $0 + $1.count } == 6)
                for cell in spread.cells {
                    let (x, y) = (spread.x, spread.y)
                    #expect(
                        distributions.contains {
                            let deviation = $0.standardDeviation ?? 0
                            return x.edge(cell.column) - 1e-9 <= $0.mean
                                && $0.mean <= x.edge(cell.column + 1) + 1e-9
                                && y.edge(cell.row) - 1e-9 <= deviation
                                && deviation <= y.edge(cell.row + 1) + 1e-9
                        })
                }
                #expect(tables.quantiles.map(\.level) == [0.1, 0.5, 0.9])
                for curve in tables.quantiles {
                    let values = try #require(
                        EmpiricalDistribution(distributions.compactMap { $0.quantile(curve.level) })
                    )
                    #expect(curve.values.count == 41)
                    for value in curve.values {
                        #expect(value.value == values.quantile(value.share))
                    }
                }
                #expect(tables.sizes.map(\.least) == [3, 4] && tables.sizes.map(\.most) == [3, 4])
                #expect(tables.sizes.map(\.tables) == [1, 5])
                let effective = distributions.dropFirst().map(\.effectiveCount)
                #expect(isNear(tables.sizes.last?.effective, effective.reduce(0, +) / 5))
                #expect(tables.sizes.last?.effectiveLeast == 1)
                #expect(tables.degenerateRewards == [.init(reward: 2, tables: 1)])
                #expect(
                    tables.degenerateExamples == [.init(promptKey: "p5", count: 4, reward: 2)])
            }
        }

        @Test("sorts completions by length, reward and ending")
        func lengths() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                let report = try await database.store.report(ReportRequest(run: "run"))
                let lengths = try #require(report.lengths)
                #expect(lengths.isInTokens && lengths.seeded == 23)
                #expect(
                    lengths.endings
                        == [.init(reason: "stop", count: 22), .init(reason: "length", count: 1)])
                let density = try #require(lengths.density)
                #expect(density.x.low == 10 && density.x.high == 45)
                #expect(density.cells.reduce(density.outside) { $0 + $1.count } == 23)
                #expect(density.cells.reduce(0) { $0 + $1.marked } == 1)
                let marked = try #require(density.cells.first { $0.marked > 0 })
                let length = Double(Self.tokens(1, 2))
                #expect(density.x.edge(marked.column) <= length + 1e-9)
                #expect(density.x.edge(marked.column + 1) >= length - 1e-9)
                #expect(lengths.means.reduce(0) { $0 + $1.count } == 23)
                let total = lengths.means.reduce(0) { $0 + $1.mean * Double($1.count) }
                #expect(isNear(total, Self.tables.flatMap { $0 }.reduce(0, +)))
                #expect(lengths.firstLandedAt == "2023-11-14T22:13:20Z")
                #expect(lengths.lastLandedAt == lengths.firstLandedAt)
            }
        }

        @Test("names failures, candidates and the specification, and audits the rows")
        func items() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                let snapshot = try await database.store.makeSnapshot(
                    ofRun: "run", named: "v1", program: "1.2.3")
                var parts: [ReportPart] = []
                let report = try await database.store.report(ReportRequest(run: "run")) {
                    parts.append($0)
                }
                #expect(parts == ReportPart.allCases)
                let failure = try #require(report.failures.first)
                #expect(report.failures.count == 1)
                #expect(failure.code == "timeout" && failure.stage == "sampling")
                #expect(failure.count == 1 && failure.prompts == 1)
                #expect(
                    failure.examples == [
                        .init(
                            promptKey: "p0", kind: "draw", index: 3,
                            message: CutText("took too long"))
                    ])
                let distributions = Self.tables.compactMap { EmpiricalDistribution($0) }
                #expect(report.candidates.map(\.label.beginning) == ["chosen", "rejected"])
                for (index, candidates) in report.candidates.enumerated() {
                    let quantiles = distributions.enumerated().map {
                        $0.element.quantileReward(
                            of: Self.candidateReward($0.offset, Int32(index)))
                    }
                    #expect(candidates.count == 6 && candidates.rewards == 6)
                    #expect(isNear(candidates.meanQuantileReward, quantiles.reduce(0, +) / 6))
                    let all = try #require(EmpiricalDistribution(quantiles))
                    #expect(candidates.quartiles == [0.25, 0.5, 0.75].map { all.quantile($0) })
                }
                let source = report.source
                let spec = TestDatabase.spec(draws: 4)
                #expect(source.samplingSHA256 == spec.scoring.sampling.digest.hex)
                #expect(source.scoringSHA256 == spec.scoring.digest.hex)
                #expect(source.scoringSpec.contains("\"rerank\""))
                #expect(!source.runSpec.contains("rerank") && source.runSpec.contains("\"run\""))
                #expect(source.state == "finished" && source.finishedAt != nil)
                #expect(source.snapshots.map(\.sha256) == [snapshot.sha256])
                let audit = try #require(report.audit)
                #expect(audit.isSound && audit.isConsistent && audit.problems.isEmpty)
                #expect(audit.landed == 23 && audit.failed == 1 && audit.pending == 0)
                #expect(report.counts.landed == 23 && report.counts.truncated == 1)
            }
        }

        @Test("shows the prompts at shares of all, in order of mean reward")
        func examples() async throws {
            try await TestDatabase.with { database in
                let prompts = try await Self.run(database)
                let means = Self.tables.map { $0.reduce(0, +) / Double($0.count) }
                let order = (0..<Self.prompts).sorted { (means[$0], $0) < (means[$1], $1) }
                let request = ReportRequest(run: "run", examples: [0, 0.1, 0.5, 1])
                let report = try await database.store.report(request)
                // 0 and 0.1 mean the same prompt.
                let expected = [order[0], order[2], order[5]]
                #expect(report.examples.map(\.id) == expected.map { prompts[$0] })
                #expect(report.examples.map(\.share) == [0, 0.5, 1])
                for (example, number) in zip(report.examples, expected) {
                    #expect(example.key == "p\(number)" && example.target == 4)
                    #expect(example.content == CutText("Question \(number)?"))
                    #expect(example.rewards == Self.tables[number])
                    #expect(example.draws.map(\.reward) == Self.tables[number])
                    for draw in example.draws {
                        #expect(Self.reward(number, draw.index) == draw.reward)
                        #expect(draw.tokens.map { Int($0) } == Self.tokens(number, draw.index))
                        #expect(draw.isTruncated == (number == 1 && draw.index == 2))
                        #expect(draw.seed == 100 + Int64(draw.index))
                    }
                    // The first, the middle and the last one have their texts.
                    let count = example.draws.count
                    let shown = example.draws.indices.filter { example.draws[$0].text != nil }
                    #expect(shown == Set([0, count / 2, count - 1]).sorted())
                    #expect(
                        example.draws[0].text
                            == CutText("text \(number) \(example.draws[0].index)"))
                    #expect(
                        example.candidates.map(\.reward)
                            == [0, 1].map { Self.candidateReward(number, $0) })
                    #expect(example.candidates.first?.text == CutText("good \(number)"))
                }
            }
        }

        @Test("needs no more than the reader's rights, but for the audit")
        func reader() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                let name = "login_\(UInt32.random(in: 0 ... .max))"
                try await database.query("CREATE ROLE \(name) LOGIN IN ROLE ogive_reader")
                var configuration = database.configuration
                configuration["user"] = name
                // As the command does, before it reads.
                try await Migrator(configuration).check()
                await #expect {
                    try await Migrator(configuration).up()
                } throws: { error in
                    (error as? StoreError)?.code == .forbidden
                }
                let store = PostgresStore(configuration)
                var read = try await store.report(ReportRequest(run: "run"))
                await store.close()
                var whole = try await database.store.report(
                    ReportRequest(run: "run", audits: false))
                #expect(read.audit == nil && whole.audit == nil)
                read.source.madeAt = ""
                whole.source.madeAt = ""
                #expect(read == whole)
                try await database.query(
                    """
                    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)
                try await database.query("DROP ROLE \(name)")
            }
        }

        @Test("is bounded: long texts and many draws are cut")
        func isBounded() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 700)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let long = String(repeating: "\u{202e}<b>", count: 250_000)
                let items = (Int32(0)..<700).map { index in
                    Made.draw(
                        index, index == 0 ? long : "short \(index)", reward: Double(index))
                }
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                let report = try await database.store.report(ReportRequest(run: "run"))
                let example = try #require(report.examples.first)
                #expect(report.examples.count == 1 && example.rewards.count == 700)
                #expect((200...ReportBounds.draws).contains(example.draws.count))
                #expect(example.draws.first?.index == 0 && example.draws.last?.index == 699)
                let rewards = example.draws.map(\.reward)
                #expect(zip(rewards, rewards.dropFirst()).allSatisfy(<))
                let text = try #require(example.draws.first?.text)
                #expect(text.characters == 1_000_000)
                #expect(
                    text.beginning == String(long.unicodeScalars.prefix(ReportBounds.characters)))
                #expect(report.tables?.sizes.map(\.least) == [700])
            }
        }

        @Test("takes rewards of every legal size", arguments: [1e78, -1e78, 1e140])
        func largeRewards(reward: Double) async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 2)
                let term = try await database.store.lead(as: "test")
                for (number, prompt) in try await database.pending(run).enumerated() {
                    let rewards = number == 1 ? [reward, 0] : [Double(number), 1]
                    let items = rewards.enumerated().map { index, reward in
                        Made.draw(Int32(index), "text \(index)", reward: reward)
                    }
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, items), term: term)
                }
                let report = try await database.store.report(ReportRequest(run: "run"))
                let tables = try #require(report.tables)
                // The variance of the large reward and 0 is half of its square, and a third of
                // that the mean of the three.
                let within = try #require(tables.deviationWithin)
                #expect(abs(within / (abs(reward) / 6.squareRoot()) - 1) < 1e-12)
                #expect(report.rewards?.deviation?.isFinite == true)
                let features: Int = try await database.value(
                    "SELECT count(*) FROM ogive.prompt_features('run') WHERE kurtosis IS NOT NULL")
                #expect(features == 3)
                let spread: Double? = try await database.value(
                    "SELECT ogive.mean_reward_spread('run')")
                #expect(spread?.isFinite == true)
            }
        }

        @Test("of a run without results is empty; of no run there is none")
        func isEmpty() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 2, draws: 3)
                let report = try await database.store.report(ReportRequest(run: "run"))
                #expect(report.rewards == nil && report.tables == nil && report.lengths == nil)
                #expect(report.examples.isEmpty && report.failures.isEmpty)
                #expect(report.candidates.isEmpty && report.source.policyFingerprint == nil)
                #expect(report.counts.pending == 6 && report.source.state == "open")
                #expect(report.audit?.isSound == false && report.audit?.isConsistent == true)
                await #expect {
                    _ = try await database.store.report(ReportRequest(run: "nobody"))
                } throws: { error in
                    (error as? StoreError)?.code == .conflict
                }
            }
        }
    }
}
