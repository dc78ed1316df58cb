import Foundation
import Harness
import OgiveCore
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Report {}
}

/// `ogive report` and `ogive wait`, of real runs.
extension EndToEndTests.Report {
    /// A key and a text that would do something to a page if it let them.
    private static let hostile = #"</script><script>alert(1)</script>\u202e"#

    @Test func `A run becomes one page that runs nothing, and is never overwritten`() async throws {
        try await Workspace.with { workspace in
            let rows = [
                #"{"key": "p0", "prompt": "\#(Self.hostile)", "answer": "1"}"#,
                #"{"key": "\#(Self.hostile)", "prompt": "two?", "answer": "1"}"#,
            ]
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            let option = ["--config", config]
            let path = workspace.path("report.html")

            let made = try await workspace.ogive(
                ["report", "--output", path, "--examples", "0,1", "--json"] + option)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
            #expect(object["sound"] as? Bool == true && object["run"] as? String == "made")
            #expect(object["landed"] as? Int == 16 && object["tables"] as? Int == 2)
            let bytes = try Data(contentsOf: URL(filePath: path))
            #expect(object["sha256"] as? String == SHA256Digest(hashing: bytes).hex)
            #expect(object["bytes"] as? Int == bytes.count)
            let page = String(decoding: bytes, as: UTF8.self)
            #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
            #expect(!page.contains("<script") && !page.contains("\u{202e}"))
            #expect(page.contains("&lt;script&gt;alert(1)") && page.contains(#"\u{202e}"#))
            #expect(page.contains("SYNTHETIC") && page.contains(">sound<"))
            // Four charts of all prompts, and two examples.
            #expect(page.components(separatedBy: "<svg").count == 1 + 4 + 2)

            let again = try await workspace.ogive(
                ["report", "made", "--output", path] + option, exit: 2)
            #expect(again.errors.contains("is there already: give --force"))
            let forced = try await workspace.ogive(
                ["report", "made", "--output", path, "--force", "--no-audit"] + option)
            #expect(forced.output.contains("16 of 16 draws; audit: not made"))
            let shown = try await workspace.ogive(["report", "made", "--output", "-"] + option)
            #expect(shown.output.hasPrefix("<!DOCTYPE html>"))
            #expect(shown.errors.contains("audit: sound"))
            let unknown = try await workspace.ogive(
                ["report", "nobody", "--output", workspace.path("no.html")] + option, exit: 1)
            #expect(unknown.errors.contains("there is no run 'nobody'"))
            #expect(!FileManager.default.fileExists(atPath: workspace.path("no.html")))
            let shares = try await workspace.ogive(
                ["report", "made", "--examples", "0.5,2"] + option, exit: 2)
            #expect(shares.errors.contains("--examples takes 1 to 20 numbers from 0 to 1"))
        }
    }

    @Test func `A contradiction in the rows stands first in the page`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            _ = try await database.rows(
                "DELETE FROM ogive.completion_rows WHERE draw_index = 5 AND prompt_id = "
                    + "(SELECT id FROM ogive.prompt_rows WHERE key = 'p1')")
            let shown = try await workspace.ogive(["report", "--output", "-", "--config", config])
            #expect(shown.output.contains("The audit found contradictions"))
            #expect(shown.output.contains("a reward belongs to no completion"))
            #expect(shown.errors.contains("audit: NOT sound"))
        }
    }

    @Test func `Waiting ends with the run, or with the time, and says which`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let option = ["--config", config]
            try await workspace.ogive(["submit", config])

            let open = try await workspace.ogive(
                ["wait", "--timeout", "100ms", "--json"] + option, exit: 124)
            #expect(open.output.contains(#""timed_out":true"#))
            #expect(open.errors.contains("the time is over, and 16 draws of run 'made'"))
            #expect(open.errors.contains("no coordinator leads"))

            let waiting = try workspace.start(["wait", "made"] + option)
            try await eventually("it to wait", detail: { waiting.transcript }) {
                waiting.errors.contains("no coordinator leads")
            }
            try await workspace.ogive(["run", "--no-preflight", config])
            #expect(try await waiting.status() == 0)
            #expect(waiting.output == "run 'made': finished\n")
            // What is closed needs no waiting.
            try await workspace.ogive(["wait", "--timeout", "0"] + option)

            try await workspace.ogive(["submit", config, "-o", "run.draws=9"])
            try await workspace.ogive(["cancel", "made"] + option)
            let cancelled = try await workspace.ogive(["wait"] + option, exit: 1)
            #expect(cancelled.errors.contains("run 'made' was cancelled"))
            let unknown = try await workspace.ogive(["wait", "nobody"] + option, exit: 1)
            #expect(unknown.errors.contains("there is no run 'nobody'"))
            let wrong = try await workspace.ogive(["wait", "--timeout", "soon"] + option, exit: 2)
            #expect(wrong.errors.contains("--timeout takes a duration"))
        }
    }
}
