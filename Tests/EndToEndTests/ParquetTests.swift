import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Parquet {}
}

/// Tables that the Python package reads and writes. What the package does is tested where it is;
/// here it is what the program does with its output, its errors and its absence.
extension EndToEndTests.Parquet {
    /// A module of the package's name that does what `script` says, and what lets Python find it.
    private func module(_ workspace: Workspace, _ script: String) throws -> [String: String] {
        let folder = workspace.path("modules/ogive")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try "".write(toFile: folder + "/__init__.py", atomically: true, encoding: .utf8)
        try script.write(toFile: folder + "/_parquet.py", atomically: true, encoding: .utf8)
        return ["PYTHONPATH": workspace.path("modules")]
    }

    private func run(
        _ workspace: Workspace, _ arguments: [String], _ environment: [String: String],
        exit code: Int32 = 0
    ) async throws -> Program {
        let program = try workspace.start(arguments, environment: environment)
        let status = try await program.status(within: .seconds(300))
        #expect(status == code, "\(program.transcript)")
        return program
    }

    private func configuration(_ workspace: Workspace) async throws -> (Database, String) {
        let database = try await Database.make()
        return (
            database, try workspace.write("ogive.yaml", "database: {url: \"\(database.url)\"}\n")
        )
    }

    @Test func `Rows come through a pipe, and a failure half-way imports nothing`() async throws {
        try await Workspace.with { workspace in
            let (database, config) = try await configuration(workspace)
            let table = try workspace.write("t.parquet", "PAR1....PAR1")
            let words = ["import", table, "--config", config]
            let rows = """
                import json, sys
                assert sys.argv[1:] == ["read", \(Self.python(table))], sys.argv
                for i in range(3000):
                    print(json.dumps({"id": f"p{i}", "prompt": "x" * 500}))
                """
            var failing = try module(
                workspace,
                rows + "\nsys.stdout.flush()\nprint(\"bad page\\x1b[31m\", file=sys.stderr)\n"
                    + "sys.exit(1)\n")
            let broken = try await run(workspace, words, failing, exit: 1)
            #expect(broken.errors.contains("cannot read"), "\(broken.transcript)")
            #expect(broken.errors.contains("bad page\\u001b[31m"), "\(broken.transcript)")
            #expect(try await database.value("SELECT count(*) FROM ogive.prompt_rows") == 0)

            failing = try module(workspace, rows + "\nprint(\"a warning\", file=sys.stderr)\n")
            let whole = try await run(workspace, words, failing)
            #expect(whole.output.contains("'t': 3 000 prompts imported"), "\(whole.transcript)")
            #expect(whole.errors.contains("note: python3: a warning"))
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A missing package and a missing interpreter say what to install`() async throws {
        try await Workspace.with { workspace in
            let (_, config) = try await configuration(workspace)
            let table = try workspace.write("t.parquet", "PAR1....PAR1")
            let words = ["import", table, "--config", config]
            let without = try module(
                workspace, "raise ModuleNotFoundError(\"No module named 'pyarrow'\")\n")
            let package = try await run(workspace, words, without, exit: 1)
            #expect(package.errors.contains("pip install \"ogive[data]\""), "\(package.transcript)")
            let nobody = ["OGIVE_PYTHON": workspace.path("nobody")]
            let interpreter = try await run(workspace, words, nobody, exit: 1)
            #expect(interpreter.errors.contains("OGIVE_PYTHON"), "\(interpreter.transcript)")
            #expect(interpreter.errors.contains("cannot be started"))
        }
    }

    @Test func `A folder of datasets is a table, but nothing that is adopted`() async throws {
        try await Workspace.with { workspace in
            let (_, config) = try await configuration(workspace)
            let folder = workspace.path("saved")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let rows = try module(workspace, "print('{\"prompt\": \"p\"}')\n")
            let imported = try await run(
                workspace, ["import", folder, "--config", config], rows)
            #expect(imported.output.contains("'saved': 1 prompt"), "\(imported.transcript)")
            let refused = try await run(
                workspace,
                ["adopt", folder, "--run", "r", "--model", "m", "--config", config], rows, exit: 1)
            #expect(refused.errors.contains("adopt one file"), "\(refused.transcript)")
        }
    }

    @Test func `A Parquet file is adopted under its own hash, unless it changes meanwhile`()
        async throws
    {
        try await Workspace.with { workspace in
            let (database, config) = try await configuration(workspace)
            let table = try workspace.write("t.parquet", "PAR1....PAR1")
            let row = #"print('{"prompt": "p", "completions": ["a"], "rewards": [1]}')"# + "\n"
            let words = ["adopt", table, "--run", "r", "--model", "m", "--config", config]
            let changing = try module(
                workspace, row + "open(\(Self.python(table)), 'a').write('x')\n")
            let changed = try await run(workspace, words, changing, exit: 1)
            #expect(changed.errors.contains("changed while it was read"), "\(changed.transcript)")
            let steady = try module(workspace, row)
            let adopted = try await run(workspace, words, steady)
            let sum = try workspace.run(["/usr/bin/sha256sum", table])
            #expect(try await sum.status() == 0)
            #expect(adopted.output.contains(String(sum.output.prefix(64))))
            #expect(try await database.value("SELECT count(*) FROM ogive.completion_rows") == 1)
        }
    }

    @Test func `An export hands over its rows with the declared types of its columns`()
        async throws
    {
        try await Workspace.with { workspace in
            let (_, config) = try await configuration(workspace)
            let rows = #"{"prompt": "p", "ref_completions": ["a", "b"], "ref_rewards": [1, 2]}"#
            let file = try workspace.write("refs.jsonl", rows + "\n")
            try await workspace.ogive([
                "adopt", file, "--run", "r", "--model", "m", "--config", config,
            ])
            // It writes what it was given, to be looked at here.
            let echo = try module(
                workspace,
                """
                import sys
                assert sys.argv[1] == "write" and sys.argv[3] == "--schema", sys.argv
                text = open(sys.argv[4]).read() + "\\n" + sys.stdin.read()
                open(sys.argv[2], "w").write(text)
                """)
            let output = workspace.path("raw.parquet")
            let words = ["export", "r", "--for", "raw", "--output", output, "--config", config]
            _ = try await run(workspace, words, echo)
            let lines = try String(contentsOfFile: output, encoding: .utf8)
                .split(separator: "\n").map(String.init)
            #expect(lines.count == 3, "a schema and two rows")
            for column in [
                #"{"name":"prompt","type":"text","nullable":false}"#,
                #"{"name":"item_index","type":"int64","nullable":false}"#,
                #"{"name":"reward","type":"float64","nullable":false}"#,
                #"{"name":"truncated","type":"bool","nullable":true}"#,
                #"{"name":"completion","type":"text","nullable":false}"#,
            ] {
                #expect(lines[0].contains(column), "\(lines[0])")
            }
            let turn = #"{"role": "user", "content": "p"}"#
            let talk = #"{"prompt": [\#(turn)], "ref_completions": ["a"], "ref_rewards": [1]}"#
            let talks = try workspace.write("talks.jsonl", talk + "\n")
            try await workspace.ogive([
                "adopt", talks, "--run", "talks", "--model", "m", "--config", config,
            ])
            let chats = workspace.path("chats.parquet")
            _ = try await run(
                workspace,
                ["export", "talks", "--for", "verl", "--output", chats, "--config", config], echo)
            let verl = try String(contentsOfFile: chats, encoding: .utf8)
            #expect(verl.contains(#""type":[{"role":"text","content":"text"}]"#), "\(verl)")
            #expect(verl.contains(#""type":{"index":"int64","prompt_key":"text"}"#), "\(verl)")
            let left = try FileManager.default.contentsOfDirectory(atPath: workspace.folder)
            #expect(!left.contains { $0.hasSuffix(".partial") }, "\(left)")
            let failing = try module(workspace, "import sys\nsys.exit(3)\n")
            let failed = try await run(workspace, words + ["--force"], failing, exit: 1)
            #expect(failed.errors.contains("ended with code 3"), "\(failed.transcript)")
            for more in [["--gzip"], ["--format", "csv"]] {
                _ = try await run(workspace, words + more, echo, exit: 2)
            }
        }
    }

    @Test func `The package itself writes what it reads again`() async throws {
        let python = ProcessInfo.processInfo.environment["OGIVE_PYTHON"] ?? "python3"
        try await Workspace.with { workspace in
            let probe = try workspace.run(
                ["/usr/bin/env", python, "-c", "import pyarrow, ogive._parquet"])
            guard try await probe.status() == 0 else {
                print("skipped: \(python) has no ogive._parquet with pyarrow")
                return
            }
            let (database, config) = try await configuration(workspace)
            let rows = #"{"prompt": "p", "ref_completions": ["a", "b"], "ref_rewards": [1, 2]}"#
            let file = try workspace.write("refs.jsonl", rows + "\n")
            let option = ["--config", config]
            try await workspace.ogive(["adopt", file, "--run", "r", "--model", "m"] + option)
            let output = workspace.path("raw.parquet")
            try await workspace.ogive(["export", "r", "--for", "raw", "--output", output] + option)
            let again = try await workspace.ogive(["import", output, "--set", "again"] + option)
            #expect(again.output.contains("'again': 1 prompt"), "\(again.transcript)")
            let texts: String = try await database.value(
                """
                SELECT string_agg(c.text, ' ' ORDER BY c.candidate_index)
                FROM ogive.candidate_rows c JOIN ogive.prompt_rows p ON p.id = c.prompt_id
                JOIN ogive.prompt_sets s ON s.id = p.prompt_set_id WHERE s.name = 'again'
                """)
            #expect(texts == "a b")
        }
    }

    /// A text as Python writes it.
    private static func python(_ text: String) -> String { "\"\(text)\"" }
}
