import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(30))) struct VLLM {}
}

extension EndToEndTests.VLLM {
    /// GSM8K with vLLM for policy and reward, each started by Ogive.
    private static func configuration(_ workspace: Workspace, _ rows: [String]) throws -> String {
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        func launch(_ server: VLLMServer) throws -> String {
            // By way of the test's folder, so that the server can be told to be the test's.
            let link = workspace.path(server.model)
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: server.folder)
            let argv = server.command(port: "{port}", link: link).map { "\"\($0)\"" }
                .joined(separator: ", ")
            return "launch: {command: [\(argv)], startup_timeout: 4m, "
                + "log: \(workspace.path(server.rawValue + ".log"))}"
        }
        return try workspace.write(
            "vllm.yaml",
            """
            run: {name: vllm, draws: 8}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: gsm8k}
            policy:
              model: tiny-policy
              api: chat
              sampling: {max_tokens: 32}
              extra_body: {min_tokens: 2}
              \(try launch(.policy))
            scorer:
              kind: classify
              model: tiny-reward
              \(try launch(.reward))
            database: {embedded: \(workspace.path("database"))}
            coordinator: {listen: "ipc://\(workspace.path("coordinator.sock"))"}
            worker: {sample_concurrency: 4, score_concurrency: 2}
            """)
    }

    @Test func `A run samples and scores with vLLM servers that it starts and stops`()
        async throws
    {
        for server in VLLMServer.allCases {
            if let obstacle = server.obstacle {
                print("skipped: \(obstacle)")
                return
            }
        }
        guard let rows = Checkout.gsm8k(6) else { return }
        try await Workspace.with { workspace in
            let config = try Self.configuration(workspace, rows)
            let run = try await workspace.ogive(["run", config], within: .seconds(420))
            #expect(run.output.contains("48 of 48 (6 prompts × 8), 48 of them new"))
            try await workspace.ogive(["audit", "--config", config])
            let psql = try await workspace.ogive(
                [
                    "psql", "--config", config, "--", "-At", "-c",
                    """
                    SELECT count(DISTINCT text) > 12, bool_and(log_probability < 0),
                        bool_and(token_count BETWEEN 2 AND 32), count(DISTINCT reward) > 12,
                        min(reward) < 0 OR max(reward) > 1
                    FROM ogive.scored_completions
                    """,
                ])
            #expect(psql.output.contains("t|t|t|t|t"), "\(psql.transcript)")
            try await workspace.expectNothingRuns()
        }
    }
}
