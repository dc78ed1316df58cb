import Foundation
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Failures {}
}

extension EndToEndTests.Failures {
    @Test func `Failures are listed by kind, and tried again by kind`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url), draws: 2)
            try await workspace.ogive(["run", "--no-preflight", config])
            let connection = try await database.connect()
            try await connection.execute(
                """
                INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_index, attempts,
                    failed_at, worker, item_kind, stage, code, message)
                SELECT t.scoring_id, t.prompt_id, 2, 5, now(), gen_random_uuid(), 'draw',
                    'sampling', CASE WHEN t.prompt_id = 1 THEN 'malformed' ELSE 'timeout' END,
                    'no answer' || chr(10) || 'after 5 attempts'
                FROM ogive.quantile_table_rows t
                """)
            try await connection.execute(
                "UPDATE ogive.scoring_progress SET draw_failures = draw_failures + 3")
            await connection.close()
            let draws = ["-o", "run.draws=3"]
            try await workspace.ogive(["submit", config] + draws)
            let list = try await workspace.ogive(["failures", "list", "--config", config])
            #expect(list.output.contains("after 5 attempts"), "\(list.output)")
            let lines = list.output.split(separator: "\n")
            #expect(lines.first?.hasPrefix("CODE") == true)
            #expect(lines.dropFirst().first?.hasPrefix("timeout") == true)
            let json = try await workspace.ogive(
                ["failures", "list", "--json", "--code", "malformed", "--config", config])
            #expect(json.output.contains("\"prompt_key\":\"p0\""), "\(json.output)")
            #expect(!json.output.contains("timeout"))
            let retry = try await workspace.ogive(
                ["failures", "retry", "--code", "timeout", "--config", config])
            #expect(retry.output.contains("2 failures will be tried again"))
            // One failure stays, and says so with its exit code.
            let run = try await workspace.ogive(["run", "--no-preflight", config] + draws, exit: 1)
            #expect(run.errors.contains("1 draw and 0 candidates"), "\(run.errors)")
            #expect(try await database.landed() == 8)
            let bad = try await workspace.ogive(
                ["failures", "list", "--stage", "thinking", "--config", config], exit: 2)
            #expect(bad.errors.contains("logprob"))
        }
    }
}
