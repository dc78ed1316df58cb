import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Lifecycle {}
}

extension EndToEndTests.Lifecycle {
    @Test func `A run is dropped by its name, after telling what goes`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 5)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            let option = ["--config", config]

            let file = workspace.path("pairs.jsonl")
            let empty = try await workspace.ogive(
                ["export", "made", "--for", "dpo", "--output", file] + option, exit: 1)
            #expect(empty.errors.contains("try --strategy best-worst"))
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(!FileManager.default.fileExists(atPath: file + ".partial"))

            let finished = try await workspace.ogive(["cancel", "made"] + option, exit: 1)
            #expect(finished.errors.contains("not open (finished)"))
            let dry = try await workspace.ogive(["drop", "made", "--dry-run"] + option)
            #expect(dry.output.contains("40 completions go"))
            #expect(dry.output.contains("nothing was removed"))
            let unasked = try await workspace.ogive(["drop", "made"] + option, exit: 2)
            #expect(unasked.errors.contains("give --yes"))
            #expect(try await database.landed() == 40)
            let dropped = try await workspace.ogive(["drop", "made", "--yes", "--json"] + option)
            let fields = try #require(
                try JSONSerialization.jsonObject(with: Data(dropped.output.utf8))
                    as? [String: Any])
            #expect(fields["completions"] as? Int == 40 && fields["dry_run"] as? Bool == false)
            #expect(try await database.landed() == 0)
            try await workspace.ogive(["status", "made"] + option, exit: 1)
            for command in [["failures"], ["failures", "retry"], ["audit"]] {
                let gone = try await workspace.ogive(command + option, exit: 1)
                #expect(gone.errors.contains("`run.name` of synthetic.yaml"), "\(gone.errors)")
            }
        }
    }

    @Test func `A prompt set that no run uses is dropped, and imported again when it is fixed`()
        async throws
    {
        try await Workspace.with { workspace in
            let file = try workspace.write("a.jsonl", #"{"key": "k", "prompt": "Wrogn?"}"# + "\n")
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let option = ["--config", config]
            let imported = ["import", file, "--set", "chats"] + option
            try await workspace.ogive(imported)
            try workspace.write("a.jsonl", #"{"key": "k", "prompt": "Right?"}"# + "\n")
            let other = try await workspace.ogive(imported, exit: 1)
            #expect(other.errors.contains("`ogive drop --set chats --config \(config)`"))
            #expect(other.errors.contains("import and adopt take --set NAME"))
            let drop = ["drop", "--set", "chats"] + option
            let dry = try await workspace.ogive(drop + ["--dry-run"])
            #expect(dry.output.contains("1 prompt and 0 candidates go"))
            #expect(dry.output.contains("nothing was removed"))
            let unasked = try await workspace.ogive(drop, exit: 2)
            #expect(unasked.errors.contains("give --yes"))
            try await workspace.ogive(drop + ["--yes"])
            try await workspace.ogive(imported)
            try await workspace.ogive(["drop", "--set", "nope", "--yes"] + option, exit: 1)
            try await workspace.ogive(["drop", "made", "--set", "chats"] + option, exit: 2)
        }
    }

    @Test func `An open run is not finished, and nothing of it is wrong`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 40)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["submit", config])
            let audit = try await workspace.ogive(["audit", "--config", config], exit: 1)
            #expect(audit.output.contains("not finished: 320 items are pending"))
            #expect(!audit.output.contains("missing") && !audit.output.contains("NOT sound"))
            let query = try await workspace.ogive(
                ["query", "made", "--prompt", "p3", "--config", config], exit: 1)
            #expect(query.errors.contains("the key 'p3'"), "\(query.errors)")
            // Lost for good, behind the back of all counters.
            let _: Int = try await database.value(
                "UPDATE ogive.runs SET state = 'finished', finished_at = now() RETURNING 1")
            let lost = try await workspace.ogive(["audit", "--config", config], exit: 1)
            #expect(lost.output.contains("and 300 more\n") && lost.output.contains("NOT sound"))
        }
    }

    @Test func `A cancelled run ends its programs, and goes on when it is submitted again`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 40)
            let database = try await Database.make()
            let config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "1s")
            // One task at a time: most of the run is left when it is cancelled.
            let run = try workspace.start([
                "run", "--no-preflight", config, "-o", "worker.sample_concurrency=1", "-o",
                "worker.prefetch=0",
            ])
            try await eventually("some draws to land") { try await database.landed() > 0 }
            let cancelled = try await workspace.ogive(["cancel", "made", "--config", config])
            #expect(cancelled.output.contains("is cancelled"))
            #expect(try await run.status() == 1, "\(run.transcript)")
            #expect(run.errors.contains("was cancelled"))
            let again = try await workspace.ogive([
                "run", "--no-preflight", config, "-o", "worker.sample_concurrency=64",
            ])
            #expect(again.output.contains("320 of 320"))
            try await workspace.ogive(["audit", "--config", config])
        }
    }
}
