import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Refreshing {}
}

extension EndToEndTests.Refreshing {
    private func configure(
        _ workspace: Workspace, _ database: Database
    ) throws -> String {
        let rows = (0..<12).map { #"{"key": "p\#($0)", "prompt": "\#($0)?"}"# }
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        return try Settings.synthetic(workspace, database: .url(database.url), draws: 16)
    }

    @Test func `The next version is sampled over the same prompts, and compared with the former`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let run = try configure(workspace, database)
            let option = ["--config", run]
            let refresh = ["refresh", "made", "--revision", "step-2", "--no-preflight"] + option
            let early = try await workspace.ogive(refresh, exit: 1)
            #expect(early.errors.contains("There are no runs yet"), "\(early.transcript)")
            try await workspace.ogive(["run", "--no-preflight", run])

            let same = try await workspace.ogive(
                ["refresh", "made", "--no-preflight"] + option, exit: 2)
            #expect(same.errors.contains("nothing about the policy differs"))
            let plan = try await workspace.ogive(refresh + ["--dry-run"])
            #expect(plan.output.contains("192 of 192 draws"), "\(plan.output)")
            #expect(try await database.value("SELECT count(*) FROM ogive.runs") == 1)

            let first = try await workspace.ogive(refresh)
            #expect(first.output.contains("'made-step-2': created"), "\(first.transcript)")
            let again = try await workspace.ogive(refresh + ["--json"])
            #expect(again.output.contains(#""new_draws":0"#), "\(again.output)")
            try await workspace.ogive(["audit", "made-step-2"] + option)

            // The model moves: the distribution with it, and the version after it.
            let moved = try await workspace.ogive(
                [
                    "refresh", "made-step-2", "--revision", "step-3", "--no-preflight", "-o",
                    "policy.synthetic.mean=3",
                ] + option)
            #expect(moved.output.contains("'made-step-3': created"), "\(moved.transcript)")
            let versions: String = try await database.value(
                """
                SELECT string_agg(run || ' ' || version || ' ' || coalesce(parent_run, '-'), ', '
                    ORDER BY version) FROM ogive.reference_versions
                """)
            #expect(versions == "made 1 -, made-step-2 2 made, made-step-3 3 made-step-2")

            let still = try await workspace.ogive(["compare", "made-step-2", "--json"] + option)
            #expect(still.output.contains(#""moved":0"#), "\(still.output)")
            let far = try await workspace.ogive(["compare", "made-step-3"] + option)
            #expect(far.output.contains("from run 'made-step-2' to run 'made-step-3'"))
            #expect(far.output.contains("moved      12 of 12 prompts"), "\(far.output)")
            #expect(far.output.contains("<0.0001"))
            let jump = try await workspace.ogive(
                ["compare", "made", "made-step-3", "--list", "0"] + option)
            #expect(jump.output.contains("moved      12 of 12 prompts"))
            for (arguments, code, words) in [
                (["compare", "made"], Int32(1), "first version of its reference"),
                (["compare", "made", "made"], 1, "share their completions"),
                (["compare", "made", "--list=-1"], 2, "--list must be in"),
                (refresh + ["--name", "made"], 2, "choose another name by --name"),
                (
                    ["refresh", "made", "--revision", "9", "-o", "scorer.model=x"], 2,
                    "is not that of run 'made'"
                ),
            ] {
                let arguments = arguments.contains("--config") ? arguments : arguments + option
                let refused = try await workspace.ogive(arguments, exit: code)
                #expect(refused.errors.contains(words), "\(refused.transcript)")
            }
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A version is submitted for workers elsewhere without a policy of one's own`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let run = try configure(workspace, database)
            try await workspace.ogive(["run", "--no-preflight", run])
            let bare = try workspace.write(
                "bare.yaml", "database: {url: \"\(database.url)\"}\n")
            let refresh = ["refresh", "made", "--revision", "2", "--config", bare]
            let refused = try await workspace.ogive(refresh, exit: 2)
            #expect(refused.errors.contains("lacks `policy`"), "\(refused.transcript)")
            let submitted = try await workspace.ogive(refresh + ["--submit", "--json"])
            #expect(submitted.output.contains(#""new_sampling":true"#), "\(submitted.output)")
            // The revision is a text, also where it looks like a number.
            let revision: String = try await database.value(
                "SELECT revision FROM ogive.reference_versions WHERE parent_run = 'made'")
            #expect(revision == "2")
            try await workspace.ogive(
                ["refresh", "made", "--revision", "2", "--no-preflight", "--config", run])
            let state: String = try await database.value(
                "SELECT state FROM ogive.runs WHERE name = 'made-2'")
            #expect(state == "finished")
        }
    }

    @Test func `Pass rates are shown, and choose prompts`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let run = try configure(workspace, database)
            let option = ["--config", run]
            let normal = ["run", "--no-preflight", run]
            try await workspace.ogive(normal)
            let refused = try await workspace.ogive(["pass-rates", "made"] + option, exit: 1)
            #expect(refused.errors.contains("neither 0 nor 1"), "\(refused.transcript)")
            let half = try await workspace.ogive(
                ["pass-rates", "made", "--passes-from", "-100", "--k", "1,16,17"] + option)
            #expect(half.output.contains("pass@16  1.0"), "\(half.output)")
            #expect(half.output.contains("pass@17: no prompt has so many rewards"))
            let binary = [
                "-o", "run.name=binary", "-o",
                "policy.synthetic={distribution: discrete, values: [0, 1]}",
            ]
            try await workspace.ogive(normal + binary)
            let shown = try await workspace.ogive(["pass-rates", "binary", "--k", "8"] + option)
            #expect(shown.output.contains("12 prompts with rewards"), "\(shown.output)")
            let band = ["pass-rates", "binary", "--max-rate", "0.5", "--keys"] + option
            let keys = try await workspace.ogive(band).output.split(separator: "\n")
            let wanted: Int64 = try await database.value(
                "SELECT count(*) FROM ogive.pass_rates('binary', max_rate => 0.5)")
            #expect(Int64(keys.count) == wanted && wanted > 0 && wanted < 12)
            #expect(keys.allSatisfy { $0.hasPrefix("p") })
            let lines = try await workspace.ogive(band + ["--json"]).output
            #expect(lines.split(separator: "\n").count == keys.count && lines.contains("upper"))
            for words in [
                ["--k", "0"], ["--k", "a"], ["--min-rate", "0.9", "--max-rate", "0.1"],
            ] {
                try await workspace.ogive(["pass-rates", "binary"] + words + option, exit: 2)
            }
            try await exported(workspace, option, Set(keys.map(String.init)))
        }
    }

    /// Exports of the run `binary` with the band of pass rates up to 0.5, whose prompts are `keys`.
    private func exported(
        _ workspace: Workspace, _ option: [String], _ keys: Set<String>
    ) async throws {
        let file = workspace.path("band.jsonl")
        let words = ["export", "binary", "--for", "value"] + option
        let said = try await workspace.ogive(words + ["--max-rate", "0.5", "--output", file])
        let out = 12 - keys.count
        let left = "left out: \(out) \(out == 1 ? "prompt" : "prompts") (has a pass rate below"
        #expect(said.output.contains(left), "\(said.output)")
        let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(Set(rows.compactMap { $0["prompt_key"] as? String }) == keys)
        let manifest = try String(contentsOfFile: file + ".manifest.json", encoding: .utf8)
        #expect(manifest.contains(#""max_rate":0.5,"min_rate":0"#), "\(manifest)")
        #expect(manifest.contains(#"above --max-rate":\#(out)"#), "\(manifest)")
        for (more, exit, says) in [
            (["--min-rate", "0.9", "--max-rate", "0.1"], 2, "pass rates are shares"),
            (["--min-rate", "-0.1"], 2, "pass rates are shares"),
            (["--max-rate", "nan"], 2, "pass rates are shares"),
            (["--passes-from", "1"], 2, "give one of them"),
            (["--min-rate", "0.51", "--max-rate", "0.52"], 1, "has a pass rate in 0.51…0.52"),
        ] as [([String], Int32, String)] {
            let refused = try await workspace.ogive(words + more, exit: exit)
            #expect(refused.errors.contains(says), "\(more): \(refused.transcript)")
        }
    }
}
