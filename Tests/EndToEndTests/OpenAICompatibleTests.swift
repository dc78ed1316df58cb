import Foundation
import Glibc
import Harness
import Postgres
import Testing

extension EndToEndTests {
    /// `deploy/workers/openai_compatible.py`, models for the worker in Python.
    @Suite(.timeLimit(.minutes(10))) struct OpenAICompatible {}
}

extension EndToEndTests.OpenAICompatible {
    /// A draw as it is stored.
    private struct Draw {
        var name: String
        var text: String
        var logProbability: Double
        var reward: Double
    }

    private static func draws(_ database: Database) async throws -> [Draw] {
        try await database.rows(
            """
            SELECT prompt_key || ' ' || draw_index || ' ' || seed || ' ' || token_count || ' '
                || truncated AS name, text, log_probability, reward
            FROM ogive.scored_completions ORDER BY prompt_key, draw_index
            """
        ).map { row in
            Draw(
                name: try row.decode("name"), text: try row.decode("text"),
                logProbability: try row.decode("log_probability"),
                reward: try row.decode("reward"))
        }
    }

    @Test func `Behind llama.cpp it gives the draws and rewards that a Swift worker gets there`()
        async throws
    {
        guard let llama = Checkout.python(), let python = EndToEndTests.PythonWorker.python()
        else { return }
        try await Workspace.with { workspace in
            // Chats, and a plain text, which goes to the other API.
            let chats = (1...8).map { number in
                """
                {"key": "c\(number)", "prompt": [{"role": "user", "content": "Leo has \(number) \
                marbles and buys 4 more. How many marbles now?"}]}

                """
            }
            try workspace.write(
                "prompts.jsonl",
                chats.joined() + "{\"key\": \"plain\", \"prompt\": \"Tom has 3 pens.\"}\n")
            let policy = try await workspace.llamaServer(
                python: llama, options: ["--reproducible"])
            let reward = try await workspace.llamaServer(
                python: llama, model: "reward", options: ["--rank"])
            var found: [[Draw]] = []
            for name in ["swift", "python"] {
                let database = try await Database.make()
                let config = try Settings.served(
                    workspace, database: .url(database.url), policy: policy, scorer: reward,
                    name: name + ".yaml")
                try await workspace.ogive(["submit", config])
                let coordinator = try workspace.start(["coordinator", config])
                try await coordinator.says("leading")
                let worker =
                    name == "swift"
                    ? try workspace.start(["worker", config])
                    : try workspace.run(
                        [
                            python, Checkout.root + "/deploy/workers/worker.py", "--connect",
                            "ipc://" + workspace.path("coordinator.sock"), "--models",
                            Checkout.root + "/deploy/workers/openai_compatible.py",
                        ], environment: ["POLICY_URL": policy, "REWARD_URL": reward])
                try await eventually("the run to finish", detail: { worker.transcript }) {
                    try await database.value("SELECT state FROM ogive.runs") == "finished"
                }
                for program in [worker, coordinator] {
                    program.signal(SIGTERM)
                    #expect(try await program.status() == 0, "\(program.transcript)")
                }
                try await workspace.ogive(["audit", "--config", config])
                let failures: Int = try await database.value("SELECT count(*) FROM ogive.failures")
                #expect(failures == 0)
                found.append(try await Self.draws(database))
            }
            #expect(found[0].count == 36)
            #expect(found[1].map(\.name) == found[0].map(\.name))
            #expect(found[1].map(\.text) == found[0].map(\.text))
            for (own, other) in zip(found[0], found[1]) {
                // The one asks for several draws at once: 32-bit floats differ in the last bits.
                #expect(abs(own.logProbability - other.logProbability) < 1e-4, "\(own.name)")
                #expect(abs(own.reward - other.reward) < 0.01, "\(own.name)")
            }
            // Not one text for all.
            #expect(Set(found[0].map(\.text)).count > 5)
        }
    }

    @Test func `What servers answer in place of a completion or a reward has its name`()
        async throws
    {
        guard let python = EndToEndTests.PythonWorker.python() else { return }
        try await Workspace.with { workspace in
            let checks = try workspace.run([
                python, Checkout.root + "/Tests/EndToEndTests/openai_compatible_checks.py",
            ])
            #expect(try await checks.status() == 0, "\(checks.transcript)")
        }
    }
}
