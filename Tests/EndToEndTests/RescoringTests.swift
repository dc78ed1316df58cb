import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Rescoring {}
}

extension EndToEndTests.Rescoring {
    private static let pairs = """
        SELECT count(*) FROM ogive.reward_pairs
        WHERE run = 'made' AND other_run = 'made-final_number'
        """
    private static let stored = """
        SELECT count(*) || ' ' || max(landed_at) FROM ogive.completion_rows
        """

    /// A run of 20 prompts × 6 draws, and the file of another scorer: without a policy.
    private func configure(
        _ workspace: Workspace, _ database: Database, latency: String = "0ms"
    ) throws -> (run: String, other: String) {
        let rows = (0..<20).map { #"{"key": "p\#($0)", "prompt": "\#($0)?", "answer": "1"}"# }
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        let run = try Settings.synthetic(
            workspace, database: .url(database.url), draws: 6, latency: latency)
        let other = try workspace.write(
            "other.yaml",
            """
            scorer: {kind: verifier, verifier: {rule: final_number, graded: true}}
            worker: {processes: 1, resend_after: 500ms, drain_timeout: 5s}
            """)
        return (run, other)
    }

    @Test func `What is stored is scored again, with nothing sampled, and topped up`() async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let (run, other) = try configure(workspace, database)
            let rescore = ["rescore", "made", "--scorer", other, "--config", run]
            let early = try await workspace.ogive(rescore, exit: 1)
            #expect(early.errors.contains("There are no runs yet"))

            try await workspace.ogive(["run", "--no-preflight", run])
            let before: String = try await database.value(Self.stored)
            let first = try await workspace.ogive(rescore)
            #expect(first.output.contains("nothing is sampled twice"))
            #expect(first.output.contains("120 of 120 stored"), "\(first.transcript)")
            #expect(first.output.contains("ogive.reward_pairs"))
            #expect(try await database.value(Self.stored) == before)
            #expect(try await database.value(Self.pairs) == 120)
            #expect(first.errors.contains("preflight: "))
            let option = ["--config", run]
            try await workspace.ogive(["audit", "made-final_number"] + option)

            // Another time there is nothing to do; what was sampled since is scored.
            #expect(try await workspace.ogive(rescore).output.contains("finished already"))
            try await workspace.ogive(["run", "--no-preflight", run, "-o", "run.draws=9"])
            let more = try await workspace.ogive(rescore + ["--json"])
            #expect(more.output.contains(#""new_draws":60"#), "\(more.output)")
            #expect(try await database.value(Self.pairs) == 180)
            try await workspace.ogive(["audit", "made-final_number"] + option)

            for (arguments, code, words) in [
                (["rescore", "mad", "--scorer", other] + option, Int32(1), "Did you mean 'made'?"),
                (["rescore", "made", "--scorer", run], 2, "scored by this scorer already"),
                (["rescore", "made", "--scorer", other], 2, "lacks `database`"),
                (rescore + ["--name", "third"], 1, "already, as run 'made-final_number'"),
                (rescore + ["--no-candidates"], 1, "was submitted with candidates"),
            ] {
                let refused = try await workspace.ogive(arguments, exit: code)
                #expect(refused.errors.contains(words), "\(refused.transcript)")
            }
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A scorer that gives no reward is found before anything is scored`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let (run, _) = try configure(workspace, database)
            try await workspace.ogive(["run", "--no-preflight", run])
            try workspace.write(
                "bad.py",
                """
                import json, sys
                for line in sys.stdin:
                    print(json.dumps({"id": json.loads(line)["id"], "error": "no"}), flush=True)
                """)
            let bad = try workspace.write(
                "bad.yaml",
                """
                scorer: {kind: command, model: bad, command: [python3, \(workspace.path("bad.py"))]}
                worker: {processes: 1, resend_after: 500ms, drain_timeout: 5s}
                """)
            let rescore = ["rescore", "made", "--scorer", bad, "--config", run]
            let refused = try await workspace.ogive(rescore, exit: 1)
            #expect(refused.errors.contains("nothing was scored"), "\(refused.transcript)")
            #expect(try await database.value("SELECT count(*) FROM ogive.failures") == 0)
            let odd = try await workspace.ogive(rescore + ["--preflight-timeout", "x"], exit: 2)
            #expect(odd.errors.contains("is no duration"))
            try await workspace.ogive(rescore + ["--no-preflight"], exit: 1)
            #expect(try await database.value("SELECT count(*) FROM ogive.failures") == 120)
        }
    }

    @Test func `A worker without a policy scores for a service, and gets nothing to sample`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let (run, other) = try configure(workspace, database)
            try await workspace.ogive(["run", "--no-preflight", run])
            try await workspace.ogive(["submit", run, "-o", "run.draws=8"])
            let submitted = try await workspace.ogive(
                ["rescore", "made", "--scorer", other, "--config", run, "--submit", "--json"])
            #expect(submitted.output.contains(#""outcome":"created""#))
            let coordinator = try workspace.start(["coordinator", run])
            let address = "worker.connect=ipc://\(workspace.path("coordinator.sock"))"
            let worker = try workspace.start(["worker", other, "-o", address])
            try await eventually("the rescoring to finish", detail: { worker.transcript }) {
                try await database.value(
                    "SELECT state FROM ogive.runs WHERE name = 'made-final_number'") == "finished"
            }
            // What the other run lacks is still to be sampled, by somebody else.
            let pending: String = try await database.value(
                "SELECT state || ' ' || pending FROM ogive.run_status WHERE run = 'made'")
            #expect(pending == "open 40")
            #expect(try await database.value(Self.pairs) == 120)
            let sampler = try workspace.start(["worker", run])
            try await eventually("the run to finish", detail: { sampler.transcript }) {
                try await database.value("SELECT state FROM ogive.runs WHERE name = 'made'")
                    == "finished"
            }
            for process in [worker, sampler, coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
        }
    }

    @Test func `Runs that share a sampling with different scorers sample each draw once`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let models = try await ScriptedModels(workspace)
            let (run, _) = try configure(workspace, database)
            func policy(_ client: String) -> [String] {
                [
                    "policy={kind: openai, model: scripted, api: chat, draws_per_request: 2, "
                        + "url: '\(models.url(client: client))'}"
                ].flatMap { ["-o", $0] }
            }
            func second(_ client: String) -> [String] {
                policy(client)
                    + [
                        "run.name=second",
                        #"scorer={kind: classify, model: scripted, template: "{query}{document}", "#
                            + "url: '\(models.url(client: client))'}",
                    ].flatMap { ["-o", $0] }
            }
            let first =
                policy("a") + ["-o", "scorer={kind: verifier, verifier: {rule: final_number}}"]
            try await workspace.ogive(["submit", run] + first)
            try await workspace.ogive(["submit", run] + second("b"))
            let coordinator = try workspace.start(["coordinator", run])
            // Each worker serves one of the two; the first run is served before the second.
            var workers = [try workspace.start(["worker", run] + first)]
            try await eventually("the first worker to sample") {
                try models.requests.contains { $0.kind == "policy" }
            }
            workers.append(try workspace.start(["worker", run] + second("b")))
            try await eventually("both runs to finish", detail: { workers[1].transcript }) {
                try await database.value(
                    "SELECT count(*) FROM ogive.runs WHERE state = 'finished'") == 2
            }
            let asked = try models.requests.filter { $0.kind == "policy" }.map(\.n).reduce(0, +)
            #expect(asked == 120)
            let scored: Int = try await database.value(
                "SELECT sum(n) FROM ogive.quantile_tables WHERE run = 'second'")
            #expect(scored == 120)
            for process in workers + [coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
        }
    }
}
