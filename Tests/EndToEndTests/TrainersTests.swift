import Foundation
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Trainers {}
}

extension EndToEndTests.Trainers {
    /// The Python that has what trainers read with; prints why not when there is none.
    private static func python() -> String? {
        let path = Checkout.root + "/.venv-trainers/bin/python"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
        print("skipped: \(path) is not there; deploy/setup --trainers makes it")
        return nil
    }

    /// Runs a check of `trainer_checks.py` in the database of a configuration.
    private func check(
        _ workspace: Workspace, _ python: String, _ arguments: [String]
    ) async throws {
        // One thread: several that wait for each other by spinning starve a busy machine.
        let environment = [
            "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": workspace.path("cache"),
        ]
        let script = Checkout.root + "/Tests/EndToEndTests/trainer_checks.py"
        let program = try workspace.run([python, script] + arguments, environment: environment)
        let status = try await program.status(within: .seconds(300))
        #expect(status == 0, "\(program.transcript)")
        #expect(program.transcript.contains("sound"))
    }

    @Test func `All readers give the same values, and pages every row once`() async throws {
        guard let python = Self.python() else { return }
        try await Workspace.with { workspace in
            let database = try await Database.make()
            // Texts that the synthetic scorer reads a reward from.
            let rows = (0..<30).map {
                #"{"key": "p\#($0)", "prompt": "\#($0)?", "chosen": "synthetic reward=1.5; ","#
                    + #" "rejected": "synthetic reward=-0.\#($0)1; "}"#
            }
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let run = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", run])
            try await check(workspace, python, ["reading", database.url, "made"])
            try await check(workspace, python, ["pages", database.url, "made"])

            let files = ["raw", "qrpo-claire"].map { workspace.path("\($0).jsonl.gz") }
            for (target, file) in zip(["raw", "qrpo-claire"], files) {
                try await workspace.ogive([
                    "export", "made", "--for", target, "--output", file, "--config", run,
                ])
            }
            try await check(workspace, python, ["exports", database.url, "made"] + files)
        }
    }

    @Test func `The trainer starts from the policy that was sampled, and resumes`() async throws {
        guard let python = Self.python(), Checkout.python() != nil else { return }
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let all = try String(
                contentsOfFile: Checkout.root + "/config/quickstart/prompts.jsonl",
                encoding: .utf8)
            let some = all.split(separator: "\n").prefix(12).joined(separator: "\n")
            try workspace.write("prompts.jsonl", some + "\n")
            try await workspace.ogive([
                "run", "--no-preflight", Checkout.root + "/config/quickstart.yaml",
                "-o", "prompts.file=\(workspace.path("prompts.jsonl"))", "-o", "run.draws=16",
                "-o", "policy.logprobs=tokens", "-o", "run.candidates=[]",
                "-o", "database.embedded=null", "-o", "database.url=\(database.url)",
            ])
            try await check(
                workspace, python, ["training", database.url, "quickstart", workspace.folder])
        }
    }

    @Test func `Any program is given the database, and its exit code is passed on`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let option = ["-o", "database.url=\(database.url)"]
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let psql = ["psql", "--config", config] + option + ["--program"]
            let reported = try await workspace.ogive(
                psql + ["sh", "--", "-c", "echo $PGDATABASE; exit 7"], exit: 7)
            #expect(reported.output == database.configuration.database + "\n")
            try await workspace.ogive(psql + ["sh", "--", "-c", "kill -9 $$"], exit: 137)
            let missing = try await workspace.ogive(psql + ["nothing-of-that-name"], exit: 3)
            #expect(missing.errors.contains("nothing-of-that-name cannot be started"))
        }
    }
}
