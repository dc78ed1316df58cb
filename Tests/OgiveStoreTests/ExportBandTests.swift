import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("exports by pass rates", .timeLimit(.minutes(10)))
    struct ExportBandTests {
        /// The prompts p0, p1, …: of the first one a draw is missing.
        private static let rewards: [[Double]] = [
            [0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1],
        ]
        private static let band = PassRateBand(minRate: 0.1, maxRate: 0.9)
        private static let reason = "has a pass rate below --min-rate or above --max-rate"

        /// A run with a snapshot `v1`; `pass` is what a draw gets that passed.
        private static func run(_ database: TestDatabase, pass: Double = 1) async throws {
            let run = try await database.run(prompts: rewards.count + 1, draws: 6)
            let term = try await database.store.lead(as: "test")
            // Nothing landed of the last prompt.
            for (prompt, rewards) in zip(try await database.pending(run), rewards) {
                let items = rewards.enumerated().map { index, reward in
                    Made.draw(Int32(index), "draw \(index)", reward: reward * pass)
                }
                _ = try await database.store.land(
                    Made.batch(run, prompt.prompt.id, items), term: term)
            }
            _ = try await database.store.makeSnapshot(
                ofRun: "run", named: "v1", allowsPending: true, program: "1")
        }

        /// The prompts of the rows, and what is said of them.
        private static func export(
            _ database: TestDatabase, _ target: ExportTarget,
            _ change: (inout ExportRequest) -> Void
        ) async throws -> (prompts: [Int64], outline: ExportOutline) {
            var request = ExportRequest(run: "run", target: target, format: .jsonl)
            request.strategy = "best-worst"
            request.k = 6
            change(&request)
            var prompts: [Int64] = []
            var outline: ExportOutline?
            try await database.store.export(request) {
                outline = $0
            } page: { rows, _ in
                prompts += rows.map(\.prompt)
            }
            return (prompts, try #require(outline))
        }

        @Test("have the rows of the prompts that pass_rates chooses", arguments: [nil, "v1"])
        func chosen(snapshot: String?) async throws {
            try await TestDatabase.with { database in
                try await Self.run(database)
                let chosen: [Int64] = try await database.value(
                    """
                    SELECT array_agg(prompt_id ORDER BY prompt_id)
                    FROM ogive.pass_rates('run', min_rate => 0.1, max_rate => 0.9)
                    """)
                #expect(chosen.count == 2)
                // The prompts are plain texts, of which some trainers cannot make rows.
                let others: [ExportTarget] = [.rebel, .verl, .qrpoVerl]
                for target in ExportTarget.allCases where !others.contains(target) {
                    // All that were chosen have six rewards: the missing draw is another's.
                    let (prompts, outline) = try await Self.export(database, target) {
                        $0.snapshot = snapshot
                        $0.band = Self.band
                        $0.transform = target == .raw ? "scaled-normal-icdf" : "identity"
                    }
                    #expect(Array(Set(prompts)).sorted() == chosen, "\(target.rawValue)")
                    #expect(outline.tables == 4 && outline.outside == 2)
                    #expect(outline.leftOut.map(\.reason) == [Self.reason])
                    #expect(outline.leftOut.map(\.prompts) == [2])
                    let (all, without) = try await Self.export(database, target) {
                        $0.snapshot = snapshot
                        if target.options.contains(.refRewards) { $0.refRewards = 5 }
                    }
                    #expect(all.filter(chosen.contains) == prompts, "\(target.rawValue)")
                    #expect(without.outside == 0)
                    #expect(!without.leftOut.map(\.reason).contains(Self.reason))
                }
            }
        }

        @Test("take one end of the band, or the rewards that pass")
        func ends() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, pass: 0.75)
                func keys(_ band: PassRateBand) async throws -> Int {
                    try await Self.export(database, .value) { $0.band = band }.prompts.count
                }
                #expect(try await keys(PassRateBand(minRate: 0.5, passesFrom: 0.75)) == 2)
                #expect(try await keys(PassRateBand(maxRate: 0.5, passesFrom: 0.75)) == 3)
                #expect(try await keys(PassRateBand(maxRate: 0, passesFrom: 0.8)) == 4)
                await #expect {
                    _ = try await keys(Self.band)
                } throws: {
                    "\($0)".contains("0.75 is neither 0 nor 1")
                }
                await #expect {
                    _ = try await keys(PassRateBand(minRate: 0.6, maxRate: 0.7, passesFrom: 0.5))
                } throws: {
                    "\($0)".contains("no prompt of run \"run\" has a pass rate in 0.6…0.7")
                }
            }
        }

        @Test("are said by the certificate", arguments: [nil, "v1"])
        func certificate(snapshot: String?) async throws {
            try await TestDatabase.with { database in
                try await Self.run(database)
                let text: String = try await database.value(
                    """
                    SELECT concat_ws(' ', s ->> 'min_rate', s ->> 'max_rate', s ->> 'passes_from',
                        s ->> 'prompts', s ->> 'left_out', c #>> '{tables,count}')
                    FROM (SELECT ogive.certificate('run', $1, 0.5, 0.1, 0.9) AS c) q,
                        LATERAL (SELECT c -> 'selection' AS s) t
                    """, [.optional(snapshot, PostgresValue.string)])
                #expect(text == "0.1 0.9 0.5 2 2 4")
                let none: Bool = try await database.value(
                    "SELECT ogive.certificate('run') -> 'selection' = 'null'")
                #expect(none)
            }
        }
    }
}
