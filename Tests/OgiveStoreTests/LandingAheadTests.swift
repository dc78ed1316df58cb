import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("landing ahead of the queue", .timeLimit(.minutes(10)))
    struct LandingAheadTests {
        @Test("lands whole tables beside each other, and beside parts of them, as in a row")
        func landsWholeTables() async throws {
            let rows = try await Self.land(parallel: 1)
            #expect(rows.count == 2 * LandingAheadTests.prompts + 2)
            for _ in 0..<3 {
                let beside = try await Self.land(parallel: 6)
                #expect(beside == rows)
            }
        }

        @Test("looks again at what was copied ahead when a failure resolved one of its draws")
        func givesWay() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 3)
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let draws = (0..<3).map { Made.draw($0, "text \($0)", reward: Double($0)) }
                // Both have read that nothing is there, and wait for who holds the counters.
                let holder = try await PostgresConnection.connect(database.configuration)
                try await holder.execute("BEGIN")
                try await holder.execute("SELECT FROM ogive.sampling_progress FOR UPDATE")
                async let failed = store.land(
                    Made.batch(run, prompt, [Made.failure(.draw(1), .scoring)]), term: term)
                try await database.waits(1)
                async let landed = store.land(Made.batch(run, prompt, draws), term: term)
                try await database.waits(2)
                try await holder.execute("COMMIT")
                await holder.close()
                #expect(
                    try await failed
                        == LandingReceipt(completions: 0, rewards: 0, failures: 1, duplicates: 0))
                #expect(
                    try await landed
                        == LandingReceipt(completions: 2, rewards: 2, failures: 0, duplicates: 1))
                let table = try await store.table(ofRun: "run", prompt: .id(prompt))
                #expect(table.drawIndexes == [0, 2] && table.drawRewards == [0, 2])
                let sum: Double = try await database.value(
                    "SELECT reward_sum::float8 FROM ogive.scoring_progress")
                #expect(sum == 2)
                #expect(try await store.finish(run.id, term: term) == .finished)
                #expect(try await store.audit(run: "run").isSound)
            }
        }

        private static let prompts = 6
        private static let draws: Int32 = 4

        /// Lands three batches with whole tables of two prompts each and, shuffled among them,
        /// each draw again; the rows then.
        private static func land(parallel: Int) async throws -> [String] {
            var rows: [String] = []
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: prompts, draws: Int(draws))
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                let groups = try await database.pending(run).map { pending in
                    let number = Double(pending.prompt.id.rawValue)
                    return LandingGroup(
                        run: run.id, prompt: pending.prompt.id, worker: Made.worker,
                        items: (0..<draws).map {
                            Made.draw($0, "\(number) \($0)", reward: number + Double($0) / 4)
                        })
                }
                var random = SeededRandom(seed: UInt64(parallel))
                var batches = stride(from: 0, to: prompts, by: 2).map {
                    LandingBatch(id: BatchID(1), groups: Array(groups[$0...($0 + 1)]))
                }
                for group in groups {
                    for item in group.items {
                        batches.append(Made.batch(run, group.prompt, [item]))
                    }
                }
                batches.shuffle(using: &random)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for (number, batch) in batches.enumerated() {
                        if number >= parallel { try await tasks.next() }
                        tasks.addTask { _ = try await store.land(batch, term: term) }
                    }
                    try await tasks.waitForAll()
                }
                #expect(try await store.finish(run.id, term: term) == .finished)
                #expect(try await store.audit(run: "run").isSound)
                for table in ["quantile_table_rows", "scoring_progress", "sampling_progress"] {
                    for row in try await database.query(
                        "SELECT t::text FROM ogive.\(table) t ORDER BY 1")
                    {
                        rows.append(try row.decode(0))
                    }
                }
                for row in try await database.query(
                    "SELECT string_agg(text, ',' ORDER BY draw_index) FROM ogive.completion_rows"
                        + " GROUP BY prompt_id ORDER BY prompt_id")
                {
                    rows.append(try row.decode(0))
                }
            }
            return rows
        }
    }
}

extension TestDatabase {
    /// Returns when so many statements wait for a lock.
    fileprivate func waits(_ count: Int64) async throws {
        try await eventually("\(count) statements to wait for a lock") {
            let waiting: Int64 = try await value(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)
            return waiting >= count
        }
    }
}
