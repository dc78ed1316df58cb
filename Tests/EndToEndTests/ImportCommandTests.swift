import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Imports {}
}

/// What `ogive import` and `ogive run` say of files, by their exit codes and texts.
extension EndToEndTests.Imports {
    @Test func `A finished answer is refused once, until the user says what it is`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let row =
                #"{"messages": [{"role": "user", "content": "N"}, "#
                + #"{"role": "assistant", "content": "A"}]}"#
            let rows = (0..<1200).map { row.replacing("N", with: "\($0)") }
            let file = try workspace.write("chats.jsonl", rows.joined(separator: "\n"))
            let refused = try await workspace.ogive(
                ["import", file, "--set", "chats", "--config", config], exit: 1)
            #expect(refused.errors.contains("last_assistant: candidate"))
            #expect(refused.errors.contains("continue"))
            #expect(refused.errors.contains("read no further"))
            #expect(refused.errors.split(separator: "\n").count < 8, "\(refused.errors)")
            let taken = try await workspace.ogive([
                "import", file, "--set", "chats", "--config", config, "--last-assistant",
                "candidate",
            ])
            #expect(taken.output.contains("1 200 candidates"), "\(taken.transcript)")
            #expect(taken.errors.contains("labelled `answer`"))
        }
    }

    @Test func `A file that is smaller than its set is said, and a trial has its own set`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 6)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", config])
            let small = try workspace.write("small.jsonl", "{\"prompt\": \"one\"}\n")
            let run = try await workspace.ogive(["run", config, "-o", "prompts.file=\(small)"])
            #expect(run.output.contains("the set has 7 prompts, the file 1"), "\(run.transcript)")
            let trial = try await workspace.ogive(["run", config, "-o", "prompts.limit=2"])
            #expect(trial.output.contains("-first-2': 2 prompts imported"), "\(trial.transcript)")
        }
    }

    @Test func `A map of a configuration that names no set is tried by an import`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try workspace.write(
                "map.yaml",
                "prompts: {fields: {prompt: q}}\ndatabase: {url: '\(database.url)'}\n")
            let file = try workspace.write("rows.jsonl", "{\"q\": \"1?\"}\n{\"q\": \"1?\"}\n")
            try await workspace.ogive(["migrate", "up", "--config", config])
            let imported = try await workspace.ogive(
                ["import", file, "--set", "x", "--config", config])
            #expect(imported.output.contains("'x': 1 prompt imported"), "\(imported.transcript)")
            // The key is a hash, shown by its beginning.
            #expect(imported.output.contains("1 row repeats a prompt"), "\(imported.transcript)")
            #expect(
                imported.output.firstMatch(of: /\(([0-9a-f]{12})…\)/) != nil,
                "\(imported.transcript)")
            let run = try await workspace.ogive(
                [
                    "submit", config, "-o", "run={name: r, draws: 1}", "-o",
                    "policy={kind: synthetic}", "-o", "scorer={kind: synthetic}",
                ], exit: 2)
            #expect(run.errors.contains("lacks `prompts.set`"), "\(run.transcript)")
        }
    }

    @Test func `A set without a name has that of its file, and a trial one of its own`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let file = try workspace.write("sums.v1.jsonl", "{\"prompt\": \"1 + 1\"}\n")
            let whole = try await workspace.ogive(["import", file, "--config", config])
            #expect(whole.output.contains("'sums': 1 prompt"), "\(whole.transcript)")
            let trial = try await workspace.ogive(
                ["import", file, "--config", config, "--limit", "1"])
            #expect(trial.output.contains("'sums-first-1': 1 prompt"), "\(trial.transcript)")
            let nameless = try await workspace.ogive(
                ["import", "-", "--config", config], exit: 2)
            #expect(nameless.errors.contains("--set NAME"), "\(nameless.transcript)")
        }
    }

    private static func pair(_ chosen: String, _ rejected: String, _ key: String = "q1") -> String {
        #"{"id": "\#(key)", "prompt": "How many?", "chosen": "\#(chosen)", "#
            + #""rejected": "\#(rejected)"}"# + "\n"
    }

    @Test func `A pair that was changed in the file is reported, and what to do`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            func imported(_ text: String, _ more: [String] = []) async throws -> String {
                let file = try workspace.write("pairs.jsonl", text)
                return try await workspace.ogive(
                    ["import", file, "--set", "pairs", "--config", config] + more
                ).output
            }
            let other = Self.pair("x", "y", "q2").replacing("How many", with: "Which")
            let first = try await imported(Self.pair("9", "5") + other)
            #expect(!first.contains("stay"), "\(first)")
            // The other way round.
            let swapped = try await imported(Self.pair("5", "9") + other)
            #expect(swapped.contains("1 prompt has candidates"), "\(swapped)")
            #expect(swapped.contains("key 'q1'"), "\(swapped)")
            #expect(swapped.contains("another set (`--set NAME`)"), "\(swapped)")
            // All of the candidates are there, and they are paired otherwise.
            let both = Self.pair("9", "5") + Self.pair("5", "9") + other
            #expect(!(try await imported(both)).contains("candidates that"))
            let crossed = Self.pair("9", "9") + Self.pair("5", "5") + other
            #expect(try await imported(crossed).contains("key 'q1'"))
            let json = try await imported(Self.pair("5", "9"), ["--json"])
            #expect(json.contains("\"other_candidates\":1"), "\(json)")
            // None at all any more.
            let none = #"{"id": "q2", "prompt": "Which?"}"#
            #expect(try await imported(none).contains("key 'q2'"))
        }
    }

    @Test func `The reward that a file gives a candidate stays, and that is reported`() async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            func imported(_ reward: Int) async throws -> String {
                let file = try workspace.write(
                    "rewards.jsonl",
                    #"{"id": "r1", "prompt": "p", "completions": [{"text": "a", "reward": R}]}"#
                        .replacing("R}", with: "\(reward)}"))
                return try await workspace.ogive(
                    ["import", file, "--set", "rewards", "--config", config]
                ).output
            }
            _ = try await imported(1)
            #expect(!(try await imported(1)).contains("metadata"))
            let changed = try await imported(2)
            #expect(changed.contains("1 candidate has other metadata"), "\(changed)")
            #expect(changed.contains("'r1'"), "\(changed)")
        }
    }

    @Test func `A corrected answer is an error before sampling, other metadata a word`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let synthetic = try Settings.synthetic(workspace, database: .url(database.url))
            let text = try String(contentsOfFile: synthetic, encoding: .utf8)
            let config = try workspace.write(
                "verified.yaml",
                text.replacing(
                    "scorer: {kind: synthetic}",
                    with: "scorer: {kind: verifier, verifier: {rule: final_number, field: gold}}"))
            func rows(_ gold: String, source: String) throws {
                try workspace.write(
                    "prompts.jsonl",
                    """
                    {"id": "a", "prompt": "1?", "gold": "1", "source": "\(source)"}
                    {"id": "b", "prompt": "2?", "gold": "\(gold)", "source": "s"}

                    """)
            }
            let words = ["run", "--no-preflight", config]
            try rows("3", source: "s")
            try await workspace.ogive(words)
            try rows("2", source: "s")
            for more in [["--retry-failures"], ["-o", "run.draws=9"]] {
                let refused = try await workspace.ogive(words + more, exit: 1)
                #expect(refused.errors.contains("`gold`"), "\(refused.errors)")
                #expect(refused.errors.contains("key 'b'"), "\(refused.errors)")
                #expect(refused.errors.contains("prompts.set"), "\(refused.errors)")
            }
            try await workspace.ogive(["submit", config, "-o", "run.draws=9"], exit: 1)
            // The way out that keeps what is stored.
            try await workspace.ogive(words + ["-o", "prompts.file=null"])
            // The scorer does not read this field.
            try rows("3", source: "t")
            let reported = try await workspace.ogive(words)
            #expect(reported.output.contains("1 row has other metadata"), "\(reported.transcript)")
            #expect(reported.output.contains("`source` of key 'a'"), "\(reported.transcript)")
            #expect(
                reported.output.contains("(`-o prompts.set=NAME`)"), "\(reported.transcript)")
            // Without a run the answer is no error, and is reported.
            try rows("4", source: "s")
            let file = workspace.path("prompts.jsonl")
            let imported = try await workspace.ogive([
                "import", file, "--set", "prompts", "--config", config,
            ])
            #expect(imported.output.contains("`gold` of key 'b'"), "\(imported.transcript)")
            #expect(imported.output.contains("(`--set NAME`)"), "\(imported.transcript)")
        }
    }

    @Test func `Counts are words, repeats are not new, and clashes name their lines`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            func words(_ text: String, _ set: String) throws -> [String] {
                let file = try workspace.write("few.jsonl", text)
                return ["import", file, "--set", set, "--config", config]
            }
            let row = #"{"id": "a", "prompt": "one", "completion": "c"}"# + "\n"
            let first = try await workspace.ogive(words(row + row, "few")).output
            #expect(first.contains("1 prompt imported, 1 candidate, "), "\(first)")
            #expect(first.contains("1 row repeats a prompt"), "\(first)")
            #expect(!first.contains("there already"), "\(first)")
            let again = try await workspace.ogive(words(row, "few")).output
            #expect(again.contains("1 was there already"), "\(again)")
            #expect(!again.contains("repeat"), "\(again)")
            let clash = "\n\n" + #"{"id": "a", "prompt": "two"}"# + "\n"
            let refused = try await workspace.ogive(words(row + clash, "other"), exit: 1)
            #expect(refused.errors.contains("line 4"), "\(refused.errors)")
            let alpaca = #"{"instruction": "i", "output": "o"}"# + "\n"
            let mapped = try await workspace.ogive(words(alpaca, "other"), exit: 1)
            #expect(
                mapped.errors.contains("Write that into the configuration, or fix the file."),
                "\(mapped.errors)")
            let broken = try await workspace.ogive(words("{oops\n", "other"), exit: 1)
            #expect(broken.errors.contains("\n  Fix the file."), "\(broken.errors)")
        }
    }
}
