import Foundation
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Exports {}
}

extension EndToEndTests.Exports {
    /// A finished run of a synthetic model, with a snapshot `v1`.
    private static func with(
        prompts: Int, _ body: (Workspace, Database, _ option: [String]) async throws -> Void
    ) async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, prompts)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            let option = ["--config", config]
            try await workspace.ogive(["snapshot", "made", "v1"] + option)
            try await body(workspace, database, option)
        }
    }

    private static func rows(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `A trainer's quantities from the file are those from SQL`() async throws {
        try await Self.with(prompts: 20) { workspace, database, option in
            let file = workspace.path("claire.jsonl")
            let arguments = ["--snapshot", "v1", "--strategy", "best-worst", "--output", file]
            try await workspace.ogive(
                ["export", "made", "--for", "qrpo-claire"] + arguments + option)
            let rows = try Self.rows(file)
            #expect(rows.count == 20)
            var spreads = 0.0
            var shares: [String] = []
            for row in rows {
                let references = try #require(row["ref_rewards"] as? [Double])
                let chosen = try #require(row["chosen_rewards"] as? Double)
                // CLAIRE's trainer: mean(ref <= reward), and std with n - 1.
                let below = references.filter { $0 <= chosen }.count
                shares.append("\(Double(below) / Double(references.count))")
                let mean = references.reduce(0, +) / Double(references.count)
                let squares = references.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                spreads += (squares / Double(references.count - 1)).squareRoot()
                #expect(chosen == references.prefix(6).max())
                #expect(row["rejected_rewards"] as? Double == references.prefix(6).min())
            }
            let spread: Double = try await database.value(
                "SELECT ogive.mean_reward_spread('made', 'v1')")
            #expect(abs(spreads / 20 - spread) < 1e-12)
            let found: String = try await database.value(
                """
                SELECT string_agg(chosen_quantile_reward::text, ' ' ORDER BY prompt_id)
                FROM ogive.preference_pairs('made', 'best-worst', snapshot => 'v1')
                """)
            #expect(
                found.split(separator: " ").compactMap { Double($0) }
                    == shares.compactMap { Double($0) })
            let manifest = try #require(try Self.rows(file + ".manifest.json").first)
            #expect(manifest["rows"] as? Int == 20)
            #expect((manifest["source"] as? [String: Any])?["snapshot"] as? String == "v1")
        }
    }

    @Test func `Every trainer's file is written, packed or not, with its checksum`() async throws {
        try await Self.with(prompts: 4) { workspace, _, option in
            for target in [
                "qrpo-claire", "qrpo-swiss", "trl-dpo", "trl-reward", "trl-sft", "trl-a2po",
                "astar-po", "value", "raw",
            ] {
                let plain = workspace.path("\(target).jsonl")
                let packed = workspace.path("\(target).csv.gz")
                let words = ["export", "made", "--for", target, "--strategy", "first-two"] + option
                try await workspace.ogive(words + ["--output", plain])
                #expect(try Self.rows(plain).count == (target == "raw" ? 32 : 4))
                let summary = try await workspace.ogive(
                    words + ["--format", "csv", "--output", packed, "--json"])
                let gunzip = try workspace.run(["/bin/gzip", "-dc", packed])
                #expect(try await gunzip.status() == 0)
                let sum = try workspace.run(["/usr/bin/sha256sum", packed])
                #expect(try await sum.status() == 0)
                #expect(summary.output.contains(String(sum.output.prefix(64))))
                let head = try #require(gunzip.output.split(separator: "\n").first)
                let first = try #require(try Self.rows(plain).first)
                let schema = try #require(try Self.rows(plain + ".schema.json").first)
                let names = (schema["columns"] as? [[String: Any]])?.compactMap {
                    $0["name"] as? String
                }
                #expect(names.map(Set.init) == Set(first.keys))
                #expect((schema["features"] as? [String: Any])?.count == first.count)
                #expect(Set(head.split(separator: ",").map(String.init)) == Set(first.keys))
            }
        }
    }

    @Test func `A killed export goes on, and gives the same bytes`() async throws {
        try await Self.with(prompts: 1200) { workspace, _, option in
            let words =
                ["export", "made", "--for", "raw", "--snapshot", "v1", "--gzip"]
                + ["--shard-rows", "100"] + option
            let (whole, broken) = (workspace.path("whole"), workspace.path("broken"))
            try await workspace.ogive(words + ["--output", whole])
            let victim = try workspace.start(words + ["--output", broken])
            try await eventually("a few shards") {
                FileManager.default.fileExists(atPath: broken + "/part-00003.jsonl.gz")
            }
            victim.signal(SIGKILL)
            #expect(try await victim.status() == 128 + SIGKILL)
            func shards(_ folder: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            }
            let all = try shards(whole)
            let rows = 1200 * 8
            let expected = rows / 104 + 1
            #expect(all.count == expected)
            // What reads the folder takes every file in it for data.
            #expect(all.allSatisfy { $0.hasPrefix("part-") })
            for name in ["manifest", "schema"] {
                #expect(FileManager.default.fileExists(atPath: "\(whole).\(name).json"))
            }
            #expect(try shards(broken).count < all.count)
            let first = broken + "/part-00001.jsonl.gz"
            let made = try FileManager.default.attributesOfItem(atPath: first)[.modificationDate]
            try await workspace.ogive(words + ["--output", broken])
            #expect(try shards(broken) == all)
            for name in all {
                #expect(
                    FileManager.default.contents(atPath: "\(whole)/\(name)")
                        == FileManager.default.contents(atPath: "\(broken)/\(name)"), "\(name)")
            }
            let kept = try FileManager.default.attributesOfItem(atPath: first)[.modificationDate]
            #expect(made as? Date == kept as? Date)
            // Other options are another export, and a shard that was changed is not trusted.
            let other = try await workspace.ogive(
                words + ["--ties", "mid", "--output", broken], exit: 2)
            #expect(other.errors.contains("another export"))
            try Data("x".utf8).write(to: URL(fileURLWithPath: first))
            let changed = try await workspace.ogive(words + ["--output", broken], exit: 1)
            #expect(changed.errors.contains("part-00001"))
        }
    }

    @Test func `Wrong names and options end with what to do`() async throws {
        try await Self.with(prompts: 2) { workspace, _, option in
            let file = workspace.path("out.jsonl")
            let cases: [(words: [String], exit: Int32, says: String)] = [
                (["export", "made", "--for", "ppo"], 2, "qrpo-claire"),
                (["export", "nope", "--for", "raw"], 1, "no run 'nope'"),
                (["export", "made", "--for", "raw", "--snapshot", "v2"], 1, "'v1'"),
                (["export", "made", "--for", "dpo", "--strategy", "x"], 2, "best-worst"),
                (["export", "made", "--for", "raw", "--min-gap", "1"], 2, "only for qrpo-claire"),
                (["export", "made", "--for", "verl", "--threshold", "1"], 2, "only for trl-kto"),
                (["export", "made", "--for", "trl-dpo", "--ref-rewards", "2"], 2, "astar-po"),
                (["export", "made", "--for", "rebel"], 1, "is a plain text"),
                (["export", "made", "--for", "raw", "--beta", "0"], 2, "--beta"),
                (
                    [
                        "export", "made", "--for", "raw", "--shard-rows", "5", "--output",
                        workspace.path("folder"),
                    ], 2, "needs --snapshot"
                ),
                (["snapshot", "made", "v1"], 1, "already"),
                (["snapshot", "nope", "v1"], 1, "no run 'nope'"),
            ]
            for (words, code, text) in cases {
                let program = try await workspace.ogive(words + option, exit: code)
                #expect(program.errors.contains(text), "\(words)")
            }
            let words = ["export", "made", "--for", "raw", "--output", file] + option
            try await workspace.ogive(words)
            let again = try await workspace.ogive(words, exit: 2)
            #expect(again.errors.contains("--force"))
            try await workspace.ogive(words + ["--force"])
            let list = try await workspace.ogive(["snapshot", "list", "--json"] + option)
            #expect(list.output.contains("\"snapshot\":\"v1\""))
            let audit = try await workspace.ogive(["audit"] + option)
            #expect(audit.output.contains("sound"))
        }
    }

    @Test func `The form is that of the file's name, or the name is refused`() async throws {
        try await Self.with(prompts: 2) { workspace, _, option in
            let words = ["export", "made", "--for", "value"] + option
            for name in ["x.csv", "x.CSV.gz"] {
                let path = workspace.path(name)
                try await workspace.ogive(words + ["--output", path])
                let cat = try workspace.run(["/bin/zcat", "-f", path])
                #expect(try await cat.status() == 0)
                #expect(cat.output.hasPrefix("prompt_key,prompt,"), "\(name): \(cat.output)")
            }
            for name in ["x.jsonl", "x.json", "x.out"] {
                let path = workspace.path(name)
                try await workspace.ogive(words + ["--output", path])
                #expect(try Self.rows(path).count == 2)
            }
            let refused: [(words: [String], says: String)] = [
                (["--output", workspace.path("x.parquet.gz")], "leave .gz out"),
                (["--output", workspace.path("x.arrow")], "arrow"),
                (["--output", workspace.path("x.jsonl.zst")], "zst"),
                (["--output", workspace.path("x.tsv")], "tsv"),
                (["--format", "csv", "--output", workspace.path("y.jsonl")], "--format csv"),
                (["--format", "jsonl", "--output", workspace.path("y.csv.gz")], "--format jsonl"),
            ]
            for (more, says) in refused {
                let program = try await workspace.ogive(words + more, exit: 2)
                #expect(program.errors.contains(says), "\(program.errors)")
            }
        }
    }

    @Test func `Columns that a trainer's file lacks are named`() async throws {
        try await Self.with(prompts: 2) { workspace, database, option in
            let whole = workspace.path("whole.jsonl")
            let reported = try await workspace.ogive(
                ["export", "made", "--for", "dpo", "--strategy", "first-two", "--output", whole]
                    + option)
            #expect(!reported.output.contains("without"), "\(reported.output)")
            _ = try await database.rows(
                "UPDATE ogive.completion_rows SET log_probability = NULL WHERE draw_index = 0")
            for (target, column) in [
                ("trl-dpo", "ref_chosen_logps"), ("qrpo-swiss", "ref_chosen_logprob"),
            ] {
                let words = ["export", "made", "--for", target, "--strategy", "first-two"] + option
                let file = workspace.path("\(target).jsonl")
                let program = try await workspace.ogive(words + ["--output", file])
                #expect(program.output.contains("`\(column)`"), "\(program.output)")
                #expect(program.output.contains("policy.logprobs"), "\(program.output)")
            }
        }
    }
}
