import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct CommandLine {}
}

/// The command line as somebody meets it who types it for the first time.
extension EndToEndTests.CommandLine {
    /// Runs `ogive` by a shell in the workspace's folder, with the environment's variables.
    private func shell(
        _ workspace: Workspace, _ arguments: String, environment: [String: String] = [:],
        exit code: Int32 = 0
    ) async throws -> Program {
        let program = try workspace.run(
            [
                "/bin/sh", "-c",
                "cd '\(workspace.folder)' && '\(try Checkout.program)' \(arguments)",
            ],
            environment: ["OGIVE_CONFIG": ""].merging(environment) { _, new in new })
        let status = try await program.status()
        #expect(status == code, "\(arguments): \(program.transcript)")
        return program
    }

    @Test func `Every command finds its configuration in the same way`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try workspace.write("wrong.yaml", "database: {embedded: nowhere}\n")
            let nobody = try await shell(workspace, "status", exit: 2)
            #expect(nobody.errors.contains("--config FILE"))
            let both = try await shell(
                workspace, "run wrong.yaml --config synthetic.yaml", exit: 2)
            #expect(both.errors.contains("name two configurations"))

            // Positional, by the option, by the variable, by the folder.
            try await workspace.ogive(["run", "--no-preflight", config])
            try await workspace.ogive(["submit", "--config", config])
            _ = try await shell(workspace, "run", environment: ["OGIVE_CONFIG": config])
            // The option wins over the variable, and the variable over the folder.
            _ = try await shell(
                workspace, "status --config synthetic.yaml",
                environment: ["OGIVE_CONFIG": "wrong.yaml"])
            try FileManager.default.copyItem(
                atPath: config, toPath: workspace.path("ogive.yaml"))
            let folder = try await shell(workspace, "run")
            #expect(folder.output.contains("ogive psql\n"), "nothing more is needed here")
            _ = try await shell(
                workspace, "status", environment: ["OGIVE_CONFIG": "wrong.yaml"], exit: 3)
            for command in ["submit", "doctor", "audit", "status", "failures list"] {
                _ = try await shell(workspace, command)
            }

            // Hints name the file.
            let unknown = try await workspace.ogive(
                ["snapshot", "nope", "v1", "--config", config], exit: 1)
            #expect(
                unknown.errors.contains("`ogive status --config \(config)`"), "\(unknown.errors)")

            // A rescoring takes the database from the configuration as well.
            try workspace.write(
                "other.yaml",
                """
                scorer: {kind: verifier, verifier: {rule: final_number}}
                worker: {processes: 1, resend_after: 500ms, drain_timeout: 5s}
                """)
            _ = try await shell(workspace, "rescore made --scorer other.yaml --submit")
            try workspace.write(
                "third.yaml", "scorer: {kind: synthetic}\ndatabase: {embedded: x}\n")
            let two = try await shell(
                workspace, "rescore made --scorer third.yaml --submit", exit: 2)
            #expect(two.errors.contains("name two databases"))
        }
    }

    @Test func `A mistyped folder is no new database`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")))
            for command in [
                ["status"], ["audit"], ["failures"], ["psql"],
                ["export", "made", "--for", "raw"], ["snapshot", "list"], ["coordinator"],
                ["query", "made", "--prompt", "p0"], ["migrate", "status"],
            ] {
                let program = try await workspace.ogive(command + ["--config", config], exit: 3)
                #expect(
                    program.errors.contains("there is no database in \(workspace.folder)/database"),
                    "\(program.transcript)")
                #expect(program.errors.contains("database.embedded"))
                #expect(!FileManager.default.fileExists(atPath: workspace.path("database")))
            }
            try await workspace.ogive(["submit", config])
            try await workspace.ogive(["status", "--config", config])
        }
    }

    @Test func `A prompt is named by its key, its beginning or its number`() async throws {
        try await Workspace.with { workspace in
            try workspace.write(
                "prompts.jsonl",
                #"{"prompt": "One?"}"# + "\n" + #"{"prompt": "Two?"}"# + "\n"
                    + #"{"key": "abc-1", "prompt": "Three?"}"# + "\n"
                    + #"{"key": "abc-2", "prompt": "Four?"}"# + "\n")
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let run = try await workspace.ogive(["run", "--no-preflight", config])
            let key: String = try await database.value(
                "SELECT key FROM ogive.prompt_rows ORDER BY id LIMIT 1")
            let id: Int = try await database.value(
                "SELECT id FROM ogive.prompt_rows ORDER BY id LIMIT 1")
            #expect(!run.output.contains(key), "a hash is shown by its beginning")
            #expect(run.output.contains("prompt \(key.prefix(12))… (#\(id))"))
            func query(_ prompt: String, exit code: Int32 = 0) async throws -> Program {
                try await workspace.ogive(
                    ["query", "made", "--prompt", prompt, "--config", config], exit: code)
            }
            for name in [key, String(key.prefix(12)), "\(key.prefix(12))…", "#\(id)", "\(id)"] {
                let shown = try await query(name).output
                #expect(
                    shown.hasPrefix("prompt \(key.prefix(12))… (#\(id)): 8 rewards"), "\(shown)")
            }
            let several = try await query("abc", exit: 1)
            #expect(several.errors.contains("abc-1") && several.errors.contains("abc-2"))
            _ = try await query("#999999", exit: 1)
            let texts = try await workspace.ogive(
                [
                    "query", "made", "--prompt", "abc-1", "--completions", "--reward", "-0.1",
                    "--config", config,
                ])
            #expect(texts.output.contains("draw 7, reward "), "\(texts.output)")
            let status = try await workspace.ogive(["status", "--config", config])
            #expect(status.output.contains("SIZE") && status.output.contains("KiB"))
        }
    }

    @Test func `What is mistyped is refused, with what was meant`() async throws {
        try await Workspace.with { workspace in
            let config = try workspace.write("ogive.yaml", "database: {url: 'postgresql://h/d'}\n")
            for (arguments, meant) in [
                (["stats"], "did you mean `ogive status`?"),
                (["keys", "autorize"], "did you mean `ogive keys authorize`?"),
                (["zzzzzzzz"], "there are quickstart, run"),
                (["help", "stats"], "did you mean `ogive status`?"),
                (["help", "keys", "autorize"], "did you mean `ogive keys authorize`?"),
                (["psql", "-c", "SELECT 1"], "ogive psql -- -c 'SELECT 1'"),
                (["status", "-o", "-", "--config", config], "--output names that"),
                (["run", workspace.path("none.yaml")], "no such file"),
                (["run", try workspace.write("chats.jsonl", "{}\n{}\n")], "`prompts.file`"),
                (["status", "-o", "drawz=3", "--config", config], "known here: "),
                (["status", "-o", "draws=3", "--config", config], "did you mean `run.draws`?"),
                (["failures", "retry", "--code", "nonsense", "--config", config], "timeout"),
                (["export", "r", "--for", "dpo", "--strategy", "best"], "best-worst"),
                (["query", "r", "--prompt", "p", "--reward", "nan"], "--reward must be a finite"),
                (["query", "r", "--prompt", "p", "--reward", "inf", "--json"], "not inf"),
                (["audit", "--list=-1", "--config", config], "--list must be in"),
            ] {
                let program = try await workspace.ogive(arguments, exit: 2)
                #expect(program.errors.contains(meant), "\(program.transcript)")
                #expect(program.errors.hasPrefix("error: "), "\(program.transcript)")
                #expect(program.output.isEmpty, "\(program.transcript)")
            }
        }
    }

    @Test func `A configuration in the place of a run is recognised`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["migrate", "up", "--config", config])
            for command in ["status", "audit", "wait", "failures list", "cancel"] {
                for more in ["", " --config synthetic.yaml"] {
                    let program = try await shell(
                        workspace, "\(command) synthetic.yaml\(more)", exit: more.isEmpty ? 2 : 1)
                    #expect(
                        program.errors.contains("`--config synthetic.yaml`"),
                        "\(program.transcript)")
                }
            }
        }
    }

    @Test func `A dry run before the first import says what to do first`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let folder = workspace.path("database")
            let config = try Settings.synthetic(workspace, database: .embedded(folder))
            let program = try await workspace.ogive(["submit", "--dry-run", config], exit: 3)
            #expect(program.errors.contains("`ogive import "), "\(program.transcript)")
            #expect(program.errors.contains(" --set prompts"), "\(program.transcript)")
            #expect(!FileManager.default.fileExists(atPath: folder))
        }
    }

    @Test func `psql reads an embedded database, and changes it when it is told to`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")))
            let psql = ["psql", "--config", config]
            // Before there are any roles.
            try await workspace.ogive(["migrate", "up", "--config", config])
            try await workspace.ogive(["migrate", "uninstall", "--yes", "--config", config])
            try await workspace.ogive(psql + ["--", "-c", "SELECT 1"])
            try await workspace.ogive(["submit", config])
            let sql = "SELECT run, ogive.quantile('{1,2}', 1) FROM ogive.run_status"
            let runs = try await workspace.ogive(psql + ["--", "-Atc", sql])
            #expect(runs.output == "made|2\n")
            let change = ["--", "-c", "DELETE FROM ogive.failure_rows"]
            let refused = try await workspace.ogive(psql + change, exit: 1)
            #expect(refused.errors.contains("permission denied"), "\(refused.transcript)")
            try await workspace.ogive(psql + ["--write"] + change)
            let reported = try await workspace.ogive(
                psql + ["--program", "sh", "--", "-c", "psql -XAtc 'SELECT current_user'"])
            #expect(reported.output == "ogive_reader\n", "any program has the reader's rights")
        }
    }

    @Test func `A copied configuration names the key that broke it`() async throws {
        try await Workspace.with { workspace in
            let text = try String(
                contentsOfFile: Checkout.root + "/config/gsm8k.yaml", encoding: .utf8)
            let config = try workspace.write("gsm8k.yaml", text)
            try workspace.write(
                "prompts.jsonl", "{\"question\": \"1 + 1?\", \"answer\": \"2\"}\n")
            for command in ["run", "doctor", "worker"] {
                let program = try await workspace.ogive(
                    [
                        command, config, "-o", "prompts.file=\(workspace.path("prompts.jsonl"))",
                        "-o", "database.embedded=\(workspace.path("database"))",
                    ], exit: 2)
                #expect(
                    program.errors.contains("policy.launch.directory"), "\(program.transcript)")
            }
        }
    }

    @Test func `Keys are authorised in a folder that is not there yet`() async throws {
        try await Workspace.with { workspace in
            try await workspace.ogive(["keys", "new", "gpu-7", "--folder", workspace.folder])
            let place = ["--authorized", workspace.path("a/authorized")]
            try await workspace.ogive(
                ["keys", "authorize", workspace.path("gpu-7.pub")] + place)
            let list = try await workspace.ogive(["keys", "list"] + place)
            #expect(list.output.contains("gpu-7"))
        }
    }

    @Test func `Keys are made in a folder that is not there yet, for its owner alone`() async throws
    {
        try await Workspace.with { workspace in
            let folder = workspace.path("etc/ogive")
            let made = try await workspace.ogive(["keys", "new", "gpu-7", "--folder", folder])
            #expect(made.output.contains("made    \(folder)  (mode 700"), "\(made.transcript)")
            for path in [folder, workspace.path("etc")] {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[
                    .posixPermissions]
                #expect(mode as? NSNumber == 0o700, "\(path)")
            }
            let second = try await workspace.ogive(["keys", "new", "gpu-8", "--folder", folder])
            #expect(!second.output.contains("made"), "\(second.transcript)")
        }
    }

    @Test func `Without UTF-8 the output is ASCII`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let plain = try await shell(
                workspace, "run --no-preflight \(config)",
                environment: ["LC_ALL": "C", "LANG": "C"])
            #expect(plain.output.utf8.allSatisfy { $0 < 128 }, "\(plain.output)")
            #expect(plain.output.contains("1.0 |") && plain.output.contains("#"))
            let query = try await shell(
                workspace, "query made --prompt p0 --config \(config)",
                environment: ["LC_ALL": "POSIX"])
            #expect(query.output.utf8.allSatisfy { $0 < 128 }, "\(query.output)")
            for command in ["query", "export", "run", "status", "quickstart"] {
                let help = try await shell(
                    workspace, "\(command) --help", environment: ["LC_ALL": "C"])
                #expect(help.output.utf8.allSatisfy { $0 < 128 }, "\(help.output)")
            }
            let refused = try await shell(
                workspace, "failures --limit -1", environment: ["LC_ALL": "C"], exit: 2)
            #expect(refused.errors.utf8.allSatisfy { $0 < 128 }, "\(refused.errors)")
        }
    }

    @Test func `Bash completes files, and values of options`() async throws {
        try await Workspace.with { workspace in
            let script = try await workspace.ogive(["completions", "bash"]).output
            #expect(script.contains("complete -o default"))
            for value in ["best-worst", "normal-icdf", "qrpo-claire", "prompt_too_long", "logprob"]
            {
                #expect(script.contains(value), "\(value) is missing")
            }
            #expect(script.contains("yaml"))
        }
    }
}
