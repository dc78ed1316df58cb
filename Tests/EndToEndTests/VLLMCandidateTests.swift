import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(30))) struct VLLMCandidates {}
}

extension EndToEndTests.VLLMCandidates {
    static func write(_ workspace: Workspace) throws {
        let rows = (1...4).map { number in
            let sum = 12 + number
            return #"{"key": "p\#(number)", "messages": [{"role": "user", "content": "Tom has 12 "#
                + #"apples and buys \#(number) more. How many apples now?"}], "answer": \#(sum), "#
                + #""chosen": "The answer is \#(sum).", "rejected": "The answer is 7."}"#
        }
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
    }

    static func settings(
        _ workspace: Workspace, _ database: Database, server: String
    ) throws -> String {
        try workspace.write(
            "candidates.yaml",
            """
            run: {name: both, draws: 4, candidates: [score, logprobs], candidates_first: true}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: pairs}
            policy:
              model: tiny-policy
              logprobs: tokens
              sampling: {max_tokens: 24}
              \(server)
            scorer: {kind: verifier, verifier: {rule: final_number, field: answer}}
            database: {url: "\(database.url)"}
            coordinator:
              listen: ipc://\(workspace.path("coordinator.sock"))
              heartbeat_interval: 200ms
              silence_max: 2s
            """)
    }

    @Test func `Candidates get rewards and log-probabilities, draws their tokens`() async throws {
        guard let url = try await VLLMServer.policy.url() else { return }
        try await Workspace.with { workspace in
            try Self.write(workspace)
            let database = try await Database.make()
            let config = try Self.settings(workspace, database, server: "url: \(url)")
            let run = try await workspace.ogive(["run", config])
            #expect(run.output.contains("log-probs  8 of 8 candidates"), "\(run.transcript)")
            try await workspace.ogive(["audit", "--config", config])
            let sound: Int = try await database.value(
                """
                SELECT count(*)::integer FROM ogive.candidates
                WHERE reward IS NOT NULL AND log_probability < 0 AND token_ids IS NOT NULL
                    AND cardinality(token_ids) = token_count
                    AND abs(log_probability
                        - (SELECT sum(v) FROM unnest(token_log_probabilities) v)) < 1e-4
                """)
            #expect(sound == 8)
            let draws: Int = try await database.value(
                """
                SELECT count(*)::integer FROM ogive.run_completions
                WHERE cardinality(token_ids) = token_count
                    AND abs(sampled_log_probability
                        - (SELECT sum(v) FROM unnest(token_log_probabilities) v)) < 1e-4
                """)
            #expect(draws == 16)
            // The right answer is likelier than one that fits no question.
            let likelier: Int = try await database.value(
                """
                SELECT count(*)::integer FROM ogive.candidates c
                JOIN ogive.candidates r USING (run, prompt_key)
                WHERE c.label = 'chosen' AND r.label = 'rejected'
                    AND c.log_probability > r.log_probability
                """)
            #expect(likelier >= 3)
            try await workspace.expectNothingRuns()
        }
    }
}

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Candidates {}
}

extension EndToEndTests.Candidates {
    @Test func `A policy server that cannot give log-probabilities ends the run before any draw`()
        async throws
    {
        guard let python = Checkout.python() else { return }
        try await Workspace.with { workspace in
            try EndToEndTests.VLLMCandidates.write(workspace)
            let database = try await Database.make()
            let config = try EndToEndTests.VLLMCandidates.settings(
                workspace, database, server: Settings.launch(workspace, python: python))
            let run = try workspace.start(["run", config])
            #expect(try await run.status() != 0)
            #expect(run.errors.contains("cannot give the log-probability"), "\(run.transcript)")
            #expect(run.errors.contains("leave `logprobs` out of `run.candidates`"))
            let draws: Int = try await database.value(
                "SELECT count(*)::integer FROM ogive.completion_rows")
            let bound: Int = try await database.value(
                "SELECT count(policy_fingerprint)::integer FROM ogive.samplings")
            #expect(draws == 0 && bound == 0)
            try await workspace.expectNothingRuns()
        }
    }
}
