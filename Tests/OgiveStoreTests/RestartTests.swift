import OgiveCore
import OgiveStore
import OgiveTesting
import Testing

extension StoreTests {
    @Suite("restart", .timeLimit(.minutes(10)))
    struct RestartTests {
        @Test("A first page begins near the end of what is done; what it leaves out is found later")
        func skipsDone() async throws {
            try await TestDatabase.with { database in
                let count = 100_000
                let done = 70_000
                let run = try await database.run(prompts: 1, draws: 1)
                try await database.query(
                    """
                    INSERT INTO ogive.prompt_rows
                        (prompt_set_id, key, content_sha256, content, metadata)
                    SELECT prompt_set_id, 'p' || i, content_sha256, content, metadata
                    FROM ogive.prompt_rows, generate_series(1, \(count - 1)) i
                    """)
                // All but one of the first ones, and one that came early.
                try await database.query(
                    """
                    INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
                        updated_at, draw_indexes, draw_rewards, rewards)
                    SELECT r.scoring_id, p.id, 1, 1, now(), '{0}', '{1}', '{1}'
                    FROM ogive.runs r, ogive.prompt_rows p
                    WHERE substr(p.key, 2)::integer < \(done)
                            AND p.key <> 'p700' AND p.key <> 'p\(done - 2)'
                        OR p.key = 'p\(done + 1)'
                    """)
                var limit = PageLimit(prompts: 2, items: 100)
                limit.skipsDone = true
                let page = try await database.store.pendingPage(
                    of: run, after: nil, limit: limit)
                #expect(page.prompts.isEmpty, "the page looks at what is done before the end")
                let next = try await database.store.pendingPage(
                    of: run, after: page.next, limit: limit)
                let rest = try await database.store.pendingPage(
                    of: run, after: next.next, limit: limit)
                #expect(
                    (next.prompts + rest.prompts).prefix(3).map(\.prompt.key) == [
                        "p\(done - 2)", "p\(done)", "p\(done + 2)",
                    ])
                limit.skipsDone = false
                let anew = try await database.store.pendingPage(
                    of: run, after: nil, limit: limit)
                #expect(anew.prompts.first?.prompt.key == "p700")
            }
        }

        @Test("A first page of a run of which nothing, or all, is done is as any other")
        func skipsNothing() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 1)
                var limit = PageLimit(prompts: 10, items: 100)
                limit.skipsDone = true
                let all = try await database.store.pendingPage(
                    of: run, after: nil, limit: limit)
                #expect(all.prompts.map(\.prompt.key) == ["p0", "p1", "p2"])
                let term = try await database.store.lead(as: "test")
                for prompt in all.prompts {
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, [Made.draw(0, "a", reward: 1)]),
                        term: term)
                }
                let none = try await database.store.pendingPage(
                    of: run, after: nil, limit: limit)
                #expect(none == PendingPage(prompts: [], next: nil))
            }
        }
    }
}
