import Logging
import OgiveCore
import OgiveTesting
import Postgres
import Synchronization
import Testing

@testable import OgiveStore

extension StoreTests {
    /// What grows with the age of a database, and must not make it slow.
    @Suite("growth", .timeLimit(.minutes(10)))
    struct GrowthTests {
        /// Rewards in no order.
        private static func reward(_ index: Int32) -> Double {
            Double((Int(index) * 7919) % 1009) / 8
        }

        @Test("Fault 56: views show a growing table as it is, tail and all", arguments: 1...2)
        func showsTails(seed: Int) async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 400, candidates: true)
                _ = try await database.store.submit(TestDatabase.spec("few", draws: 100))
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await store.land(
                    Made.batch(run, prompt, [Made.reward(.candidate(0), 50)]), term: term)
                var random = SeededRandom(seed: UInt64(seed))
                var left = Array(Int32(0)..<397).shuffled(using: &random)
                var landed: [Int32] = []
                var tails = 0
                while !left.isEmpty {
                    let count = min(left.count, Int.random(in: 1...12, using: &random))
                    let batch = left.prefix(count).sorted()
                    left.removeFirst(count)
                    let results = batch.map {
                        Made.draw($0, "text \($0)", reward: Self.reward($0))
                    }
                    _ = try await store.land(Made.batch(run, prompt, results), term: term)
                    // What is there already is there once.
                    let again = try await store.land(
                        Made.batch(run, prompt, results), term: term)
                    #expect(again.rewards == 0)
                    landed.append(contentsOf: batch)
                    try await Self.expect(landed, "run", database)
                    try await Self.expect(landed.filter { $0 < 100 }, "few", database)
                    tails += try await database.value(
                        "SELECT count(tail_indexes) FROM ogive.quantile_table_rows", as: Int.self)
                }
                #expect(tails > 10)
                let report = try await store.audit(run: "run")
                #expect(report.problems == [] && report.landed == 397 && report.pending == 3)
                try await Self.closes(run, prompt, database, term)
            }
        }

        /// Failures of the last draws end the run, and the tail goes into the table.
        private static func closes(
            _ run: RunDescription, _ prompt: PromptID, _ database: TestDatabase, _ term: Term
        ) async throws {
            let store = database.store
            let failures = (Int32(397)..<400).map { Made.failure(.draw($0), .sampling) }
            _ = try await store.land(
                Made.batch(run, prompt, failures + [Made.reward(.candidate(1), 5)]), term: term)
            #expect(try await store.finish(run.id, term: term) == .finished)
            let tails: Int = try await database.value(
                "SELECT count(tail_indexes) FROM ogive.quantile_table_rows")
            #expect(tails == 0)
            try await expect(Array(0..<397), "run", database)
            #expect(try await store.audit(run: "run").isSound)
        }

        @Test("what keeps tails from being folded at a run's end is reported, and tried again")
        func tellsOfTails() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 200)
                let log = LogLines()
                let store = PostgresStore(
                    database.configuration, logger: Logger(label: "test") { _ in log })
                let term = try await store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                for draws in [Array(Int32(0)..<150), Array(150..<158)] {
                    let results = draws.map { Made.draw($0, "\($0)", reward: Self.reward($0)) }
                    _ = try await store.land(Made.batch(run, prompt, results), term: term)
                }
                let failures = (Int32(158)..<200).map { Made.failure(.draw($0), .sampling) }
                _ = try await store.land(Made.batch(run, prompt, failures), term: term)
                try await Self.refuseFolding(database, code: "P0001")
                // The run is whole, and another attempt would end alike.
                #expect(try await store.finish(run.id, term: term) == .finished)
                #expect(log.lines.count == 1)
                #expect(log.lines.first?.contains("no folding today") == true)
                // A full disk may have room later.
                try await Self.refuseFolding(database, code: "53100")
                let error = await #expect(throws: StoreError.self) {
                    try await store.finish(run.id, term: term)
                }
                #expect(error?.code == .exhausted)
                #expect(log.lines.count == 2)
                let tails = "SELECT count(tail_indexes) FROM ogive.quantile_table_rows"
                #expect(try await database.value(tails, as: Int.self) == 1)
                try await database.query("DROP TRIGGER refuse ON ogive.quantile_table_rows")
                #expect(try await store.finish(run.id, term: term) == .finished)
                #expect(log.lines.count == 2)
                #expect(try await database.value(tails, as: Int.self) == 0)
                await store.close()
            }
        }

        /// Makes the database refuse to take a tail into its table, with this code.
        private static func refuseFolding(_ database: TestDatabase, code: String) async throws {
            try await database.query(
                """
                CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE 'no folding today' USING ERRCODE = '\(code)'; END $$
                """)
            try await database.query(
                """
                CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON ogive.quantile_table_rows
                FOR EACH ROW WHEN (new.tail_indexes IS NULL) EXECUTE FUNCTION refuse()
                """)
        }

        /// Compares the views with what landed of the one prompt.
        private static func expect(
            _ landed: [Int32], _ run: String, _ database: TestDatabase
        ) async throws {
            let name = [PostgresValue.string(run)]
            let tables = try await database.query(
                """
                SELECT n, draw_indexes, draw_rewards, rewards, degenerate
                FROM ogive.quantile_tables WHERE run = $1
                """, name)
            if landed.isEmpty {
                #expect(tables.isEmpty)
                return
            }
            let (table, indexes) = (try tables.one(), landed.sorted())
            let rewards = indexes.map(reward)
            #expect(try table.decode("n", as: Int.self) == landed.count)
            #expect(try table.decode("draw_indexes", as: [Int32].self) == indexes)
            #expect(try table.decode("draw_rewards", as: [Double].self) == rewards)
            #expect(try table.decode("rewards", as: [Double].self) == rewards.sorted())
            #expect(
                try table.decode("degenerate", as: Bool.self) == (Set(rewards).count == 1))
            func share(_ reward: Double) -> Double {
                Double(rewards.count { $0 <= reward }) / Double(rewards.count)
            }
            let drawn = try await database.query(
                """
                SELECT draw_index, reward, quantile_reward FROM ogive.scored_completions
                WHERE run = $1 ORDER BY draw_index
                """, name)
            #expect(try drawn.map { try $0.decode(0, as: Int32.self) } == indexes)
            #expect(try drawn.map { try $0.decode(1, as: Double.self) } == rewards)
            #expect(try drawn.map { try $0.decode(2, as: Double.self) } == rewards.map(share))
            for view in ["candidates", "candidate_rewards"] {
                let candidate: Double = try await database.value(
                    "SELECT quantile_reward FROM ogive.\(view) WHERE run = $1 AND reward = 50",
                    name)
                #expect(candidate == share(50), "\(view)")
            }
        }

        @Test("workers that are gone are forgotten: the last thousand are kept, for a week")
        func forgetsWorkers() async throws {
            try await TestDatabase.with { database in
                let term = try await database.store.lead(as: "test")
                try await database.query(
                    """
                    INSERT INTO ogive.workers (id, name, state, seen_at, term)
                    SELECT gen_random_uuid(), 'w' || i,
                        (ARRAY['left', 'lost', 'active'])[i % 3 + 1],
                        to_timestamp(1700000000) - i * interval '1 minute', $1 - 1
                    FROM generate_series(1, 3000) i
                    UNION ALL
                    SELECT gen_random_uuid(), 'old' || i, 'active', to_timestamp(1600000000), $1
                    FROM generate_series(1, 2) i
                    """, [.int64(term.rawValue)])
                let record = WorkerRecord(id: Made.worker, name: "new", state: .left, note: nil)
                try await database.store.record([record], term: term)
                let kept: Int = try await database.value("SELECT count(*) FROM ogive.workers")
                // One that is of this term and not gone is kept, however old.
                #expect(kept == 1002)
                let oldest: String = try await database.value(
                    "SELECT name FROM ogive.workers WHERE name LIKE 'w%' ORDER BY seen_at LIMIT 1")
                #expect(oldest == "w999")
                try await database.query(
                    "UPDATE ogive.workers SET seen_at = seen_at - interval '8 days'")
                try await database.store.record([record], term: term)
                #expect(
                    try await database.value(
                        "SELECT count(*) FROM ogive.workers", as: Int.self) == 2)
            }
        }
    }
}

/// A log that keeps its lines.
private final class LogLines: LogHandler {
    private let kept = Mutex<[String]>([])

    /// What was written.
    var lines: [String] { kept.withLock(\.self) }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        kept.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}
