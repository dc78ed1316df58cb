import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("removing the schema", .timeLimit(.minutes(10)))
    struct UninstallTests {
        @Test("says what goes, takes it all, and can be followed by a new one")
        func removes() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                let migrator = Migrator(database.configuration)
                await #expect { try await migrator.uninstall() } throws: { error in
                    (error as? StoreError)?.message.contains("Coordinator test serves") == true
                }
                await database.store.resign(term)
                let outline = try #require(try await migrator.outlineOfUninstall())
                #expect(outline.runs == ["run"] && outline.prompts == 2 && outline.bytes > 0)
                #expect(outline.completions == 1 && outline.rewards == 1)
                let removed = try #require(try await migrator.uninstall())
                // Other databases of the server use the roles.
                #expect(removed.runs == ["run"] && removed.roles == [])
                let schemas: Int = try await database.value(
                    "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ogive%'")
                #expect(schemas == 0)
                #expect(try await migrator.uninstall() == nil)
                try await migrator.up()
                try await migrator.check()
            }
        }

        @Test("names what uses it, and removes nothing")
        func refuses() async throws {
            try await TestDatabase.with { database in
                try await database.query(
                    "CREATE VIEW public.mine AS SELECT run FROM ogive.run_status")
                let migrator = Migrator(database.configuration)
                await #expect { try await migrator.uninstall() } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .schema
                        && error?.message.contains("view public.mine") == true
                }
                try await migrator.check()
            }
        }
    }
}
