import OgiveCore
import OgiveStore
import OgiveTesting
import Testing

extension StoreTests {
    @Suite("conformance")
    struct ConformanceTests {
        @Test("keeps what every store must keep")
        func conforms() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 3)
                let suite = StoreConformance(store: database.store, run: run)
                #expect(try await suite.problems() == [])
            }
        }
    }
}
