import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("volume", .timeLimit(.minutes(10)))
    struct VolumeTests {
        @Test("lands large batches of several runs at once, and two landings at a time")
        func landsLargeBatches() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1000)
                let first = try await database.store.submit(TestDatabase.spec("one", draws: 8)).run
                let second = try await database.store.submit(
                    TestDatabase.spec("two", draws: 8, policy: "other")
                ).run
                let term = try await database.store.lead(as: "test")
                let ids = try await database.pending(
                    first, limit: PageLimit(prompts: 300, items: 100_000)
                ).map(\.prompt.id)
                #expect(ids.count == 1000)
                let text = String(repeating: "word ", count: 80)
                // Two halves that share half of their draws.
                let batches = [Int32(0)..<6, 2..<8].map { draws in
                    LandingBatch(
                        id: BatchID(1),
                        groups: [first, second].flatMap { run in
                            ids.map { id in
                                LandingGroup(
                                    run: run.id, prompt: id, worker: Made.worker,
                                    items: draws.map {
                                        Made.draw($0, text, reward: Double($0 % 3))
                                    })
                            }
                        })
                }
                let store = database.store
                async let left = store.land(batches[0], term: term)
                async let right = store.land(batches[1], term: term)
                let receipts = try await [left, right]
                #expect(receipts.map(\.completions).reduce(0, +) == 16_000)
                #expect(receipts.map(\.rewards).reduce(0, +) == 16_000)
                #expect(receipts.map(\.duplicates).reduce(0, +) == 8_000)
                for run in [first, second] {
                    #expect(try await database.pending(run).isEmpty)
                    #expect(try await store.finish(run.id, term: term) == .finished)
                    #expect(try await store.audit(run: run.spec.name).isSound)
                }
            }
        }
    }
}
