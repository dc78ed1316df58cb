import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct OutputSchema {}
}

/// What each command prints with `--json`, against `config/output.schema.json`.
extension EndToEndTests.OutputSchema {
    /// Runs commands and collects what is wrong with what they print.
    private final class Checker {
        let workspace: Workspace
        let schema: JSONSchema
        private(set) var checked: Set<String> = []

        init(_ workspace: Workspace) throws {
            self.workspace = workspace
            schema = try JSONSchema(file: Checkout.root + "/config/output.schema.json")
        }

        func check(_ text: some StringProtocol, _ definition: String) {
            checked.insert(definition)
            let problems = schema.problems(String(text), definition)
            #expect(problems.isEmpty, "\(definition): \(problems)\n\(text)")
        }

        @discardableResult
        func run(
            _ arguments: [String], _ definition: String, exit code: Int32 = 0
        ) async throws -> String {
            let program = try await workspace.ogive(arguments + ["--json"], exit: code)
            check(program.output, definition)
            return program.output
        }

        /// Checks each line, and that the last one is `last`.
        func lines(
            _ arguments: [String], last: String, exit code: Int32 = 0
        ) async throws {
            let program = try await workspace.ogive(arguments + ["--json"], exit: code)
            let lines = program.output.split(separator: "\n")
            for line in lines { check(line, "run") }
            check(try #require(lines.last), last)
        }
    }

    @Test func `Every command prints what the schema says`() async throws {
        try await Workspace.with { workspace in
            let checker = try Checker(workspace)
            let rows = (0..<3).map {
                #"{"key": "p\#($0)", "prompt": "\#($0)?", "answer": "1", "#
                    + #""chosen": "a 1", "rejected": "b 2"}"#
            }
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let option = ["--config", config]

            try await checker.run(["version"], "program")
            try await checker.run(["migrate", "status"] + option, "migrate")
            try await checker.run(["migrate", "up"] + option, "migrate")
            try await checker.run(
                ["import", workspace.path("prompts.jsonl"), "--set", "prompts"] + option, "import")
            try await checker.run(["submit", "--dry-run"] + option, "dry_run")
            let early = try await workspace.ogive(["status", "--json"] + option)
            #expect(early.output.contains("\"runs\":[]"), "a dry run stores nothing")
            try await checker.run(["submit"] + option, "submit")
            // A synthetic scorer scores no candidates: they are failures.
            try await checker.lines(["run"] + option, last: "result", exit: 1)
            try await checker.run(["status"] + option, "status")
            try await checker.run(["query", "made", "--prompt", "p1"] + option, "query")
            try await checker.run(
                ["query", "made", "--prompt", "p1", "--reward", "-0.1", "--completions"] + option,
                "query")
            let more = ["submit", "--dry-run", "-o", "run.draws=20"] + option
            try await checker.run(more, "dry_run")
            let plan = try await workspace.ogive(more)
            #expect(
                plan.output.contains("to do: 36 of 60 draws (3 prompts × 20)"), "\(plan.output)")
            try await checker.run(["audit"] + option, "audit")
            try await checker.run(["doctor"] + option, "doctor")
            try await checker.run(["snapshot", "made", "v1"] + option, "snapshot")
            try await checker.run(["snapshot", "list"] + option, "snapshots")
            try await report(checker, option)
            try await checker.run(
                ["export", "made", "--for", "raw", "--output", workspace.path("out.jsonl")]
                    + option, "export")

            // A rule whose field most prompts lack: failures.
            let other = try workspace.write(
                "other.yaml",
                """
                scorer:
                  kind: verifier
                  model: strict
                  verifier: {rule: final_number, field: absent}
                worker: {processes: 1, resend_after: 500ms, drain_timeout: 5s}
                """)
            let rescore = ["rescore", "made", "--scorer", other] + option
            try await checker.run(rescore + ["--submit"], "submit")
            try await checker.lines(rescore + ["--no-preflight"], last: "result", exit: 1)
            try await checker.run(["failures", "list", "made-strict"] + option, "failures")
            try await checker.run(["audit", "made-strict"] + option, "audit")
            try await checker.run(["status"] + option, "status")
            try await checker.run(["failures", "retry", "made-strict"] + option, "retry")

            try await adopts(checker, option)
            try await drops(checker, option)

            try await keys(checker)
            try await checker.run(
                ["migrate", "uninstall", "--yes"] + option, "migrate")

            try isDocumented(checker.checked)
        }
    }

    /// A next version, what it is compared by, and what passes.
    private func versions(_ checker: Checker, _ option: [String]) async throws {
        let refresh = ["refresh", "made", "--revision", "2"] + option
        try await checker.run(refresh + ["--dry-run"], "dry_run")
        try await checker.run(refresh + ["--submit"], "submit")
        try await checker.run(["compare", "made-2"] + option, "compare")
        // A synthetic scorer scores no candidates.
        try await checker.lines(refresh + ["--no-preflight"], last: "result", exit: 1)
        try await checker.run(["compare", "made-2"] + option, "compare")
        let rates = ["pass-rates", "made", "--passes-from", "0"] + option
        try await checker.run(rates, "pass_rates")
        let keys = try await checker.workspace.ogive(rates + ["--keys", "--json"])
        for line in keys.output.split(separator: "\n") { checker.check(line, "pass_rate") }
        try await checker.run(["check-logprobs", "made"] + option, "check_logprobs", exit: 1)
    }

    private func report(_ checker: Checker, _ option: [String]) async throws {
        try await versions(checker, option)
        let file = checker.workspace.path("report.html")
        try await checker.run(["report", "made", "--output", file] + option, "report")
        try await checker.run(["top"] + option, "top")
        try await checker.run(["wait", "made"] + option, "wait", exit: 1)
    }

    private func adopts(_ checker: Checker, _ option: [String]) async throws {
        let file = try checker.workspace.write(
            "refs.jsonl", #"{"prompt": "p", "completions": ["a"], "rewards": [1]}"# + "\n")
        let words = ["adopt", file, "--run", "ref", "--model", "m"] + option
        try await checker.run(words, "adopted")
        try await checker.run(words, "adopted")
        try await checker.run(["audit", "ref"] + option, "audit")
        try await checker.run(["status", "ref"] + option, "status")
        try await checker.run(["snapshot", "ref", "v1"] + option, "snapshot")
    }

    private func drops(_ checker: Checker, _ option: [String]) async throws {
        try await checker.run(["cancel", "made-strict"] + option, "cancelled")
        try await checker.run(["drop", "made-strict", "--dry-run"] + option, "dropped")
        try await checker.run(["drop", "made-strict", "--yes"] + option, "dropped")
        try await orphans(checker, option)
        let spare = ["import", checker.workspace.path("prompts.jsonl"), "--set", "spare"]
        try await checker.run(spare + option, "import")
        try await checker.run(["drop", "--set", "spare", "--dry-run"] + option, "dropped_set")
        try await checker.run(["drop", "--set", "spare", "--yes"] + option, "dropped_set")
    }

    private func isDocumented(_ definitions: some Sequence<String>) throws {
        let page = try String(
            contentsOfFile: Checkout.root + "/Sources/ogive/Documentation.docc/JSON.md",
            encoding: .utf8)
        for definition in definitions {
            #expect(page.contains("`\(definition)`"), "JSON.md does not name \(definition)")
        }
    }

    private func orphans(_ checker: Checker, _ option: [String]) async throws {
        try await checker.run(["status", "--orphans"] + option, "orphans")
        try await checker.run(["drop", "--orphans", "--yes"] + option, "orphans")
    }

    private func keys(_ checker: Checker) async throws {
        let workspace = checker.workspace
        let folder = ["--authorized", workspace.path("authorized")]
        try await checker.run(["keys", "new", "k", "--folder", workspace.folder], "key_pair")
        try await checker.run(
            ["keys", "authorize", workspace.path("k.pub")] + folder, "authorized")
        try await checker.run(["keys", "list"] + folder, "keys")
        try await checker.run(["keys", "revoke", "k"] + folder, "revoked")
    }

    @Test func `The check finds what does not fit`() throws {
        let schema = try JSONSchema(file: Checkout.root + "/config/output.schema.json")
        let right = #"{"version": 1, "run": "r", "retried_failures": 3}"#
        #expect(schema.problems(right, "retry").isEmpty)
        for wrong in [
            #"{"version": 2, "run": "r", "retried_failures": 3}"#,
            #"{"version": 1, "run": "r"}"#,
            #"{"version": 1, "run": 5, "retried_failures": 3}"#,
            #"{"version": 1, "run": "r", "retried_failures": true}"#,
            #"{"version": 1, "run": "r", "retried_failures": 1.5}"#,
            #"{"version": 1, "run": "r", "retried_failures": -1}"#,
            #"{"version": 1, "run": "r", "retried_failures": 3, "more": 1}"#, "[1]", "nothing",
        ] {
            #expect(!schema.problems(wrong, "retry").isEmpty, "\(wrong)")
        }
        #expect(!schema.problems(#"{"version": 1, "event": "other"}"#, "run").isEmpty)
        #expect(!schema.problems("{}", "nobody").isEmpty)
    }
}
