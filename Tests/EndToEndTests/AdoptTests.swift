import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Adopting {}
}

/// `ogive adopt`, and what the other commands do with the run that it makes.
extension EndToEndTests.Adopting {
    /// Four prompts with three completions each, as QRPO's authors publish them.
    private static func rows(_ count: Int = 4, draws: Int = 3) -> String {
        (0..<count).map { number in
            let texts = (0..<draws).map { #""It is \#($0)""# }.joined(separator: ", ")
            let rewards = (0..<draws).map { "\($0).5" }.joined(separator: ", ")
            return #"{"id": "p\#(number)", "prompt": "Which? \#(number)", "answer": "1", "#
                + #""ref_completions": [\#(texts)], "ref_rewards": [\#(rewards)]}"#
        }.joined(separator: "\n") + "\n"
    }

    private struct Setup {
        let database: Database
        let config: String
        let file: String
        var adopt: [String] {
            ["adopt", file, "--run", "ref", "--model", "org/policy", "--config", config]
        }
    }

    private func setUp(_ workspace: Workspace, _ text: String = rows()) async throws -> Setup {
        let database = try await Database.make()
        let config = try workspace.write(
            "ogive.yaml",
            """
            database: {url: "\(database.url)"}
            coordinator:
              listen: ipc://\(workspace.path("coordinator.sock"))
              poll_interval: 100ms
              heartbeat_interval: 200ms
              silence_max: 2s
              term_expiry: 3s
              renew_interval: 500ms
            """)
        return Setup(
            database: database, config: config, file: try workspace.write("refs.jsonl", text))
    }

    @Test func `What others sampled is adopted, scored by a rule, exported and audited`()
        async throws
    {
        try await Workspace.with { workspace in
            let setup = try await setUp(workspace)
            let option = ["--config", setup.config]
            let named = setup.adopt + ["--reward-model", "org/reward"]
            let adopted = try await workspace.ogive(named)
            #expect(adopted.output.contains("'ref': adopted, 4 prompts × 3 draws"))
            #expect(adopted.output.contains("ADOPTED: nothing proves"), "\(adopted.transcript)")
            #expect(try await workspace.ogive(named).output.contains("adopted this file already"))
            let status = try await workspace.ogive(["status"] + option)
            #expect(status.output.contains("org/policy (ADOPTED)"), "\(status.output)")
            let audit = try await workspace.ogive(["audit", "ref"] + option)
            #expect(audit.output.contains("adopted: the completions came in a file (SHA-256 "))
            #expect(audit.output.contains("sound: each draw is there exactly once"))
            let page = workspace.path("adopted.html")
            try await workspace.ogive(["report", "ref", "--output", page] + option)
            let report = try String(contentsOfFile: page, encoding: .utf8)
            #expect(report.contains("ADOPTED: the completions came in a file. Nothing proves"))
            #expect(report.contains("None: the completions were adopted from a file."))
            #expect(!report.contains("Ogive sampled") && !report.contains("slots busy"))

            let other = try workspace.write(
                "rule.yaml",
                """
                scorer: {kind: verifier, verifier: {rule: final_number}}
                worker: {processes: 1, resend_after: 500ms, drain_timeout: 5s}
                """)
            let rescored = try await workspace.ogive(
                ["rescore", "ref", "--scorer", other] + option)
            #expect(rescored.output.contains("12 of 12 stored"), "\(rescored.transcript)")
            #expect(rescored.output.contains("ADOPTED: the completions came in a file"))
            let right: Int = try await setup.database.value(
                """
                SELECT count(*) FROM ogive.scored_completions
                WHERE run = 'ref-final_number' AND reward = 1 AND text = 'It is 1'
                """)
            #expect(right == 4)
            for run in ["ref", "ref-final_number"] {
                let path = workspace.path("\(run).jsonl")
                let words = ["export", run, "--for", "raw", "--output", path]
                try await workspace.ogive(words + option)
                let manifest = try String(contentsOfFile: path + ".manifest.json", encoding: .utf8)
                #expect(manifest.contains(#""adopted":true"#), "\(manifest)")
                try await workspace.ogive(["audit", run] + option)
            }
            let retry = try await workspace.ogive(["failures", "retry", "ref"] + option, exit: 1)
            #expect(retry.errors.contains("was adopted from a file"), "\(retry.transcript)")
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A file that cannot be adopted as it is changes nothing, and says why`()
        async throws
    {
        try await Workspace.with { workspace in
            let setup = try await setUp(workspace)
            func refused(_ text: String, _ more: [String] = []) async throws -> String {
                try workspace.write("refs.jsonl", text)
                return try await workspace.ogive(setup.adopt + more, exit: 1).errors
            }
            let uneven = Self.rows(2) + Self.rows(3, draws: 2).split(separator: "\n")[2]
            #expect(try await refused(uneven).contains("--uneven failures"))
            let odd =
                Self.rows(1) + #"{"prompt": "x", "ref_completions": ["a"], "ref_rewards": []}"#
            let bad = try await refused(odd)
            #expect(bad.contains("refs.jsonl:2: `ref_completions` has 1 completions"), "\(bad)")
            #expect(try await refused("{\"prompt\": \"x\"}\n").contains("adopt: {fields:"))
            #expect(
                try await setup.database.value("SELECT count(*) FROM ogive.prompt_sets") == 0)

            try workspace.write("refs.jsonl", uneven)
            let taken = try await workspace.ogive(setup.adopt + ["--uneven", "failures"])
            #expect(taken.output.contains("1 failure\n"), "\(taken.transcript)")
            #expect(taken.output.contains("1 prompt has fewer completions"))
            let stdin = try await workspace.ogive(
                ["adopt", "-", "--run", "x", "--model", "m", "--config", setup.config], exit: 2)
            #expect(stdin.errors.contains("name a file"))
        }
    }

    @Test func `Rows of any shape are read by a field map, and a policy of the kind is refused`()
        async throws
    {
        try await Workspace.with { workspace in
            let setup = try await setUp(
                workspace,
                #"{"prompt": "p", "outs": [{"t": "a", "r": 2}, {"t": "b", "r": 1}]}"# + "\n")
            let map = ["-o", "adopt.fields={completions: outs, text: t, reward: r}"]
            let adopted = try await workspace.ogive(setup.adopt + map)
            #expect(adopted.output.contains("1 prompt × 2 draws"), "\(adopted.transcript)")
            let rewards: String = try await setup.database.value(
                "SELECT draw_rewards::text FROM ogive.quantile_tables")
            #expect(rewards == "{2,1}")
            let both = try await workspace.ogive(
                setup.adopt + ["-o", "adopt.fields={completions: a, completion: b}"], exit: 2)
            #expect(both.errors.contains("either `completions` or `completion`"))
            let policy = try await workspace.ogive(
                ["submit", setup.config, "-o", "policy={kind: adopted, model: m}"], exit: 2)
            #expect(policy.errors.contains("must be one of openai, synthetic"))
        }
    }
}
