import Foundation
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Commands {}
}

extension EndToEndTests.Commands {
    @Test func `The schema is made, removed and made again in a plain database`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make(isEmpty: true)
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let option = ["--config", config]
            try Settings.writePrompts(workspace, 1)
            let early = try await workspace.ogive(["submit", config], exit: 2)
            #expect(early.errors.contains("migrate up"))

            let pending = try await workspace.ogive(["migrate", "status"] + option)
            #expect(pending.output.contains("pending  1 initial"))
            #expect(pending.output.contains("files of functions and views"))
            let up = try await workspace.ogive(["migrate", "up"] + option)
            #expect(up.output.contains("applied 1 initial"))
            let again = try await workspace.ogive(["migrate", "up"] + option)
            #expect(again.output.contains("nothing to do"))
            let status = try await workspace.ogive(["migrate", "status"] + option)
            #expect(!status.output.contains("pending"))
            try await workspace.ogive(["run", "--no-preflight", config])

            let refused = try await workspace.ogive(["migrate", "uninstall"] + option, exit: 2)
            #expect(refused.errors.contains("1 run (made), 1 prompt, 8 completions"))
            #expect(refused.errors.contains("--yes"))
            let removed = try await workspace.ogive(["migrate", "uninstall", "--yes"] + option)
            #expect(removed.output.contains("are removed"))
            let schemas: Int = try await database.value(
                "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ogive%'")
            #expect(schemas == 0)
            let nothing = try await workspace.ogive(["migrate", "uninstall", "--yes"] + option)
            #expect(nothing.output.contains("nothing to do"))
            try await workspace.ogive(["migrate", "up"] + option)
            try await workspace.ogive(["run", "--no-preflight", config])
        }
    }

    @Test func `A schema from before the first release is refused with what to do`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make(isEmpty: true)
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try Settings.writePrompts(workspace, 1)
            _ = try await database.rows("CREATE SCHEMA ogive")
            _ = try await database.rows(
                "CREATE TABLE ogive.migrations (number integer, name text, applied_at date)")
            _ = try await database.rows(
                "INSERT INTO ogive.migrations VALUES (31, 'lease_key', now())")
            for command in [["run", "--no-preflight"], ["migrate", "up"], ["status"]] {
                let program = try await workspace.ogive(command + ["--config", config], exit: 2)
                #expect(program.errors.contains("before the first release (0031_lease_key)"))
                #expect(program.errors.contains("ogive migrate uninstall"))
            }
        }
    }

    @Test func `Status, query and audit speak to people and to scripts`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            let option = ["--config", config]

            let status = try await workspace.ogive(["status", "--json"] + option)
            let object = try json(status.output)
            let run = try #require((object["runs"] as? [[String: Any]])?.first)
            #expect(run["run"] as? String == "made")
            #expect(run["state"] as? String == "finished")
            #expect(run["landed"] as? Int == 24)
            #expect(run["synthetic"] as? Bool == true)
            let shown = try await workspace.ogive(["status"] + option)
            #expect(shown.output.contains("SYNTHETIC"))

            let text = try await workspace.ogive(
                ["query", "made", "--prompt", "p1", "--json"] + option
            ).output
            let table = try json(text)
            let rewards = try #require(table["rewards"] as? [Double])
            #expect(rewards.count == 8)
            #expect(rewards == rewards.sorted())
            // As it is written: a reader of JSON may round it.
            let numbers = try #require(text.firstMatch(of: /"rewards":\[([^\]]*)\]/)).output.1
            let third = numbers.split(separator: ",")[2]
            let quantile = try await workspace.ogive(
                ["query", "made", "--prompt", "p1", "--reward=\(third)"] + option)
            #expect(quantile.output == "0.375\n")
            let unknown = try await workspace.ogive(
                ["query", "made", "--prompt", "nope"] + option, exit: 1)
            #expect(unknown.errors.contains("nope"))

            let audit = try json(try await workspace.ogive(["audit", "--json"] + option).output)
            #expect(audit["sound"] as? Bool == true)
            // A draw that vanishes is found, and named.
            let connection = try await database.connect()
            try await connection.execute(
                "DELETE FROM ogive.completion_rows WHERE draw_index = 5 AND prompt_id = "
                    + "(SELECT id FROM ogive.prompt_rows WHERE key = 'p2')")
            await connection.close()
            let broken = try await workspace.ogive(["audit"] + option, exit: 1)
            #expect(broken.output.contains("NOT sound"))
            #expect(broken.output.contains("a reward belongs to no completion"))
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `Shells get completions`(_ shell: String) async throws {
        try await Workspace.with { workspace in
            let script = try await workspace.ogive(["completions", shell])
            #expect(script.output.contains("quickstart") || script.output.contains("coordinator"))
            #expect(!script.output.contains("supervise"), "a hidden command stays hidden")
        }
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}
