import OgiveCore
import OgiveStore
import OgiveTesting
import Testing

extension StoreTests {
    @Suite("what the metrics of runs read", .timeLimit(.minutes(10)))
    struct CensusTests {
        @Test("A pass over the tables, some prompts at a time, counts each once")
        func passes() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 7, draws: 2)
                let term = try await database.store.lead(as: "test")
                let pending = try await database.pending(run)
                // Prompts 0, 2 and 4 have equal rewards, 1 and 3 have not, 5 and 6 have none.
                for (number, each) in pending.prefix(5).enumerated() {
                    let other = number.isMultiple(of: 2) ? 1.0 : 2
                    let items = [
                        Made.draw(0, "\(number) a", reward: 1),
                        Made.draw(1, "\(number) b", reward: other),
                    ]
                    _ = try await database.store.land(
                        Made.batch(run, each.prompt.id, items), term: term)
                }
                let status = try #require(try await database.store.status(ofRun: "run").first)
                for span: Int64 in [1, 3, 1_000] {
                    var (tables, degenerate, steps) = (0, 0, 0)
                    var cursor: PromptID?
                    repeat {
                        let census = try await database.store.census(
                            of: status, after: cursor, span: span)
                        tables += census.tables
                        degenerate += census.degenerate
                        cursor = census.last
                        steps += 1
                    } while cursor != nil
                    #expect(tables == 5 && degenerate == 3)
                    #expect(steps == Int((7 + span - 1) / span) + 1)
                }
            }
        }

        @Test("Only open runs are read, the oldest ones first, and no more than asked for")
        func open() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 1, draws: 1)
                let store = database.store
                #expect(try await store.openStatus(most: 2).map(\.run) == ["run"])
                _ = try await store.submit(TestDatabase.spec("later", draws: 2))
                #expect(try await store.openStatus(most: 2).map(\.run) == ["run", "later"])
                #expect(try await store.openStatus(most: 1).map(\.run) == ["run"])
                _ = try await store.cancel(run: "run")
                #expect(try await store.openStatus(most: 2).map(\.run) == ["later"])
            }
        }
    }
}
