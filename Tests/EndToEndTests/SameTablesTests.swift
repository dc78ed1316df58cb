import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct SameTables {}
}

extension EndToEndTests.SameTables {
    @Test func `Synthetic tables are the same with 1 worker, 4 workers, and a killed one`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2000)
            var digests: [String] = []
            for (workers, isKilled) in [(1, false), (4, false), (4, true)] {
                let database = try await Database.make()
                let config = try Settings.synthetic(
                    workspace, database: .url(database.url), latency: "10ms")
                let run = try workspace.start(
                    ["run", "--no-preflight", config, "-o", "worker.processes=\(workers)"])
                if isKilled {
                    try await killWorker(workspace, database)
                }
                #expect(try await run.status() == 0, "\(run.transcript)")
                #expect(run.errors.contains("starting it again") == isKilled)
                #expect(run.output.contains("SYNTHETIC"))
                #expect(run.output.contains("16 000 of 16 000"))
                try await workspace.ogive(["audit", "--config", config])
                digests.append(try await database.digest())
            }
            #expect(digests[0].hasPrefix("2000:"))
            #expect(digests[1] == digests[0])
            #expect(digests[2] == digests[0])
        }
    }

    /// Kills one worker of a run when it has begun and is not done.
    private func killWorker(_ workspace: Workspace, _ database: Database) async throws {
        try await eventually("some draws to land") { try await database.landed() > 1000 }
        let worker = try #require(
            workspace.processes.first { $0.argv.dropFirst().first == "worker" })
        kill(worker.id, SIGKILL)
        #expect(try await database.landed() < 16_000, "the worker was killed too late")
    }

    @Test func `A reproducible llama.cpp gives the same tables to 1 and to 2 workers`()
        async throws
    {
        guard let python = Checkout.python() else { return }
        try await Workspace.with { workspace in
            let all = try String(
                contentsOfFile: Checkout.root + "/config/quickstart/prompts.jsonl", encoding: .utf8)
            let rows = all.split(separator: "\n").prefix(40)
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let url = try await workspace.llamaServer(
                python: python, options: ["--reproducible"])
            var digests: [String] = []
            for workers in 1...2 {
                let database = try await Database.make()
                let config = try Settings.gsm8k(
                    workspace, database: .url(database.url), server: "url: \(url)")
                try await workspace.ogive([
                    "run", "--no-preflight", config, "-o", "worker.processes=\(workers)", "-o",
                    "worker.sample_concurrency=2",
                ])
                digests.append(try await database.digest())
            }
            #expect(digests[0].hasPrefix("40:"))
            #expect(digests[1] == digests[0])
        }
    }
}
