import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Quickstart {}
}

extension EndToEndTests.Quickstart {
    /// The quickstart on its first prompts.
    private static func arguments(_ workspace: Workspace, draws: Int) throws -> [String] {
        let all = try String(
            contentsOfFile: Checkout.root + "/config/quickstart/prompts.jsonl", encoding: .utf8)
        let some = all.split(separator: "\n").prefix(24).joined(separator: "\n")
        try workspace.write("prompts.jsonl", some + "\n")
        return [
            Checkout.root + "/config/quickstart.yaml",
            "-o", "prompts.file=\(workspace.path("prompts.jsonl"))",
            "-o", "database.embedded=\(workspace.path("database"))",
            "-o", "run.draws=\(draws)",
        ]
    }

    @Test func `The quickstart runs, is audited, is a no-op again, and tops up`() async throws {
        guard Checkout.python() != nil else { return }
        try await Workspace.with { workspace in
            let arguments = try Self.arguments(workspace, draws: 4)
            let option = ["--config"] + arguments
            let first = try await workspace.ogive(["run"] + arguments)
            #expect(first.output.contains("96 of 96 (24 prompts × 4), 96 of them new"))
            #expect(first.output.contains("% of the tables are degenerate"))
            let audit = try await workspace.ogive(["audit"] + option)
            #expect(audit.output.contains("sound: each draw is there exactly once"))
            let before = try await draws(workspace, option)
            #expect(before.count == 96)
            let quantiles = before.compactMap {
                $0.split(separator: "|").last.flatMap { Double($0) }
            }
            #expect(quantiles.count == 96)
            #expect(quantiles.allSatisfy { $0 > 0 && $0 <= 1 })
            let candidates = try await select(
                workspace, option,
                "SELECT count(*) FROM ogive.candidates WHERE quantile_reward BETWEEN 0 AND 1")
            #expect(Int(candidates.first ?? "").map { $0 > 0 } == true)

            let second = try await workspace.ogive(["run"] + arguments)
            #expect(second.output.contains("finished already"))
            #expect(second.output.contains("0 of them new"))

            let more = try Self.arguments(workspace, draws: 6)
            let third = try await workspace.ogive(["run"] + more)
            #expect(third.output.contains("topped up from 4 to 6 draws"))
            #expect(third.output.contains("144 of 144 (24 prompts × 6), 48 of them new"))
            let after = try await draws(workspace, option, below: 4)
            #expect(
                after.map { $0.split(separator: "|").dropLast() }
                    == before.map { $0.split(separator: "|").dropLast() },
                "a committed draw never changes")
            try await workspace.ogive(["audit"] + ["--config"] + more)
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `The quickstart of a package writes its files, runs, and is a no-op again`()
        async throws
    {
        guard let python = Checkout.python() else { return }
        try await Workspace.with { workspace in
            let share = try workspace.run(
                [Checkout.root + "/deploy/packages/share", workspace.path("share"), "0a1b2c"])
            #expect(try await share.status() == 0, "\(share.transcript)")
            let environment = ["OGIVE_SHARE": workspace.path("share"), "OGIVE_PYTHON": python]
            let folder = workspace.path("first")
            let arguments = ["quickstart", folder, "-o", "run.draws=1"]
            let first = try workspace.start(arguments, environment: environment)
            #expect(try await first.status() == 0, "\(first.transcript)")
            #expect(first.output.contains("wrote 5 files into \(folder)"))
            #expect(first.output.contains("256 of 256 (256 prompts × 1), 256 of them new"))
            let second = try workspace.start(arguments, environment: environment)
            #expect(try await second.status() == 0, "\(second.transcript)")
            #expect(second.output.contains("has its files already"))
            #expect(second.output.contains("0 of them new"))
            let version = try workspace.start(["--version"], environment: environment)
            #expect(try await version.status() == 0)
            #expect(version.output.contains("commit 0a1b2c\nlibzmq "), "\(version.output)")
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `Without its files or its server the quickstart says what is missing`()
        async throws
    {
        try await Workspace.with { workspace in
            let arguments = ["quickstart", workspace.path("first")]
            let bare = try workspace.start(
                arguments, environment: ["OGIVE_SHARE": workspace.path("nothing")])
            #expect(try await bare.status() == 3)
            #expect(bare.errors.contains("nothing/quickstart/quickstart.yaml is missing"))
            let share = try workspace.run(
                [Checkout.root + "/deploy/packages/share", workspace.path("share")])
            #expect(try await share.status() == 0, "\(share.transcript)")
            let lacking = try workspace.start(
                arguments,
                environment: [
                    "OGIVE_SHARE": workspace.path("share"), "OGIVE_PYTHON": "/bin/false",
                ])
            #expect(try await lacking.status() == 3)
            #expect(lacking.errors.contains("not in /bin/false"), "\(lacking.errors)")
            #expect(lacking.errors.contains("pip install \"ogive[local]\""))
            #expect(!FileManager.default.fileExists(atPath: workspace.path("first")))
        }
    }

    /// The draws with an index below `below`, in order; the quantile reward last.
    private func draws(
        _ workspace: Workspace, _ option: [String], below: Int = .max
    ) async throws -> [String] {
        try await select(
            workspace, option,
            """
            SELECT prompt_key, draw_index, md5(text), seed, log_probability, landed_at, reward,
                quantile_reward
            FROM ogive.scored_completions WHERE draw_index < \(below) ORDER BY 1, 2
            """)
    }

    private func select(
        _ workspace: Workspace, _ option: [String], _ sql: String
    ) async throws -> [String] {
        let psql = try await workspace.ogive(["psql"] + option + ["--", "-At", "-c", sql])
        return psql.output.split(separator: "\n").map(String.init)
    }
}
