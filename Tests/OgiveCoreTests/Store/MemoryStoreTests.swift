import OgiveCore
import OgiveTesting
import Testing

@Suite("The store in memory")
struct MemoryStoreTests {
    @Test("keeps what every store must keep")
    func conforms() async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 3)
        run.spec.candidates = []
        database.add(SimulatedModel.prompts(3), to: "prompts")
        database.submit(run)
        let store = MemoryStore(database)
        #expect(try await StoreConformance(store: store, run: run).problems() == [])
    }

    @Test("A commit whose reply is lost happened all the same")
    func unnoticed() async throws {
        let store = MemoryStore(MemoryDatabase())
        store.setFate { _ in .happenUnnoticed }
        let error = await #expect(throws: StoreError.self) {
            _ = try await store.lead(as: "test")
        }
        #expect(error?.code == .unknownOutcome)
        #expect(store.database.term == Term(1))
    }
}
