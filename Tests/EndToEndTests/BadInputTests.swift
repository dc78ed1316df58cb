import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct BadInput {}
}

/// Each with its message and exit code, without a stack trace, and with nothing lost.
extension EndToEndTests.BadInput {
    /// Runs `ogive` to its end and expects the exit code and what it says on standard error.
    private func expect(
        _ workspace: Workspace, _ arguments: [String], exit code: Int32, says texts: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let program = try await workspace.ogive(arguments, exit: code)
        for text in texts {
            #expect(
                program.errors.contains(text), "\(program.transcript)",
                sourceLocation: sourceLocation)
        }
        for trace in ["Fatal error", "Current stack trace", " at /", "Error(code"] {
            #expect(
                !program.errors.contains(trace), "\(program.transcript)",
                sourceLocation: sourceLocation)
        }
    }

    private func submitted(
        _ workspace: Workspace, server: String
    ) async throws -> (config: String, database: Database) {
        try workspace.write(
            "prompts.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"2\"}\n")
        let database = try await Database.make()
        let config = try Settings.gsm8k(workspace, database: .url(database.url), server: server)
        return (config, database)
    }

    @Test func `A server that cannot be reached`() async throws {
        try await Workspace.with { workspace in
            let (config, _) = try await submitted(
                workspace, server: "url: http://127.0.0.1:\(closedPort)")
            try await expect(
                workspace,
                ["run", config, "-o", "worker.attempts_max=2", "-o", "worker.outage_timeout=1s"],
                exit: 3, says: ["no answer from http://127.0.0.1", "check that the server runs"])
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A model that the server does not serve`() async throws {
        try await serving { workspace, url in
            let (config, database) = try await submitted(workspace, server: "url: \(url)")
            try await expect(
                workspace, ["run", config, "-o", "policy.model=nope"], exit: 2,
                says: ["does not serve a model named `nope`", "tiny-policy"])
            #expect(try await database.landed() == 0)
        }
    }

    @Test func `A server that wants another key`() async throws {
        try await serving(key: "right") { workspace, url in
            let key = try workspace.write("key", "wrong\n")
            let (config, database) = try await submitted(workspace, server: "url: \(url)")
            try await expect(
                workspace, ["run", config, "-o", "policy.api_key_file=\(key)"], exit: 2,
                says: ["answered 401", "check the api_key"])
            #expect(try await database.landed() == 0)
            try workspace.write("key", "right\n")
            try await workspace.ogive(["run", config, "-o", "policy.api_key_file=\(key)"])
            #expect(try await database.landed() == 8)
        }
    }

    @Test func `A prompt too long for the context fails alone`() async throws {
        try await serving { workspace, url in
            let (config, database) = try await submitted(workspace, server: "url: \(url)")
            let long = String(repeating: "many words ", count: 2000)
            try workspace.write(
                "prompts.jsonl",
                """
                {"key": "short", "question": "1 + 1?", "answer": "2"}
                {"key": "long", "question": "\(long)", "answer": "3"}
                {"key": "other", "question": "2 + 2?", "answer": "4"}

                """)
            try await expect(
                workspace, ["run", config], exit: 1,
                says: ["8 draws", "ogive failures", "--retry-failures"])
            #expect(try await database.landed() == 16)
            let failures: String = try await database.value(
                """
                SELECT string_agg(DISTINCT prompt_key || ' ' || code || ' ' || stage, ',')
                    || ' ' || count(*) FROM ogive.failures
                """)
            #expect(failures == "long prompt_too_long sampling 8")
            let audit = try await workspace.ogive(["audit", "--config", config])
            #expect(audit.output.contains("failed: prompt long draw 7: "))
            // The totals are those of a coordinator that leads.
            let status = try await workspace.ogive(["status", "--config", config])
            #expect(!status.output.contains("ogive_failures_total"), "\(status.output)")
        }
    }

    @Test func `A key that does not exist`() async throws {
        try await Workspace.with { workspace in
            let config = try workspace.write("bad.yaml", "run:\n  name: a\n  drawz: 8\n")
            try await expect(
                workspace, ["run", config], exit: 2, says: ["bad.yaml:3", "drawz", "draws"])
            try await expect(
                workspace, ["run", workspace.path("none.yaml")], exit: 2, says: ["none.yaml"])
        }
    }

    @Test func `A file of prompts that is not there`() async throws {
        try await Workspace.with { workspace in
            let folder = workspace.path("database")
            let config = try Settings.synthetic(workspace, database: .embedded(folder))
            for command in ["run", "submit", "doctor"] {
                try await expect(
                    workspace, [command, config], exit: 2,
                    says: ["`prompts.file`: cannot open", "prompts.jsonl: No such file"])
            }
            #expect(!FileManager.default.fileExists(atPath: folder), "nothing was begun")
        }
    }

    @Test func `A database that is down`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let url = "postgresql://ogive@127.0.0.1:\(closedPort)/ogive"
            let config = try Settings.synthetic(workspace, database: .url(url))
            for command in ["run", "coordinator", "submit"] {
                try await expect(workspace, [command, config], exit: 3, says: ["127.0.0.1"])
            }
        }
    }

    @Test func `A port that is taken`() async throws {
        try await serving { workspace, url in
            try Settings.writePrompts(workspace, 1)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let taken = url.replacing("http://", with: "tcp://")
            try await expect(
                workspace, ["coordinator", config, "-o", "coordinator.listen=\(taken)"], exit: 3,
                says: ["in use", taken])
            try await expect(
                workspace, ["run", config, "-o", "coordinator.listen=\(taken)"], exit: 3,
                says: ["in use", taken])
            try await workspace.expectOnlyServers()
        }
    }

    @Test func `A database folder that cannot be made`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let file = try workspace.write("file", "")
            for folder in ["\(file)/database", "/proc/ogive"] {
                let config = try Settings.synthetic(workspace, database: .embedded(folder))
                try await expect(
                    workspace, ["run", config], exit: 1, says: [folder, "cannot be made"])
            }
        }
    }

    @Test func `A broken line in the prompts`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let prompts = try workspace.write(
                "prompts.jsonl", "{\"prompt\": \"one\"}\n{\"prompt\": \n{\"prompt\": \"three\"}\n")
            try await expect(
                workspace, ["run", config], exit: 1,
                says: ["\(prompts):2", "`-o prompts.skip_bad_rows=true`"])
            let none: Int = try await database.value("SELECT count(*) FROM ogive.prompt_rows")
            #expect(none == 0)
            try await workspace.ogive(["run", config, "-o", "prompts.skip_bad_rows=true"])
            #expect(try await database.landed() == 16)
            let bad = try String(contentsOfFile: prompts + ".bad.jsonl", encoding: .utf8)
            #expect(bad.contains("prompt"))
        }
    }

    @Test func `A run's name with another specification makes a new sampling and says so`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", config])
            let moved = try await workspace.ogive([
                "run", config, "-o", "policy.sampling.seed=7",
            ])
            #expect(moved.output.contains("stands for another specification now"))
            #expect(
                moved.output.contains("was submitted with other settings before"),
                "\(moved.output)")
            #expect(moved.output.contains("policy.sampling.seed: 0 → 7"))
            #expect(moved.output.contains("give the new ones another `run.name`"))
            // Said before the models are looked at, too: there is time to interrupt it.
            #expect(
                moved.errors.contains("(policy.sampling.seed: 0 → 7): interrupt now"),
                "\(moved.errors)")
            #expect(try await database.landed() == 32, "what had landed is kept")
            let back = try await workspace.ogive(["run", config])
            #expect(back.output.contains("0 of them new"))
            #expect(!back.output.contains("takes the first"))
            #expect(back.output.contains("policy.sampling.seed: 7 → 0"))
            let json = try await workspace.ogive([
                "submit", config, "--json", "-o", "policy.sampling.seed=7",
            ])
            #expect(json.output.contains(#""changes":["policy.sampling.seed: 0 → 7"]"#))
            let fewer = try await workspace.ogive(["submit", config, "-o", "run.draws=4"])
            #expect(fewer.output.contains("takes the first 4 of up to 8 draws"), "\(fewer.output)")
            let again = try await workspace.ogive(["submit", config, "-o", "run.draws=4"])
            #expect(!again.output.contains("takes the first"), "\(again.output)")
        }
    }

    /// A port that nobody listens on.
    private var closedPort: Int { 1 }

    /// Runs `body` beside a llama.cpp server; skipped, with the reason printed, without one.
    private func serving(
        key: String? = nil, _ body: (Workspace, String) async throws -> Void
    ) async throws {
        guard let python = Checkout.python() else { return }
        try await Workspace.with { workspace in
            var options: [String] = []
            if let key {
                options = ["--api-key-file", try workspace.write("keys", key + "\n")]
            }
            let url = try await workspace.llamaServer(python: python, options: options)
            try await body(workspace, url)
        }
    }
}
