import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct GSM8K {}
}

extension EndToEndTests.GSM8K {
    private static let prompts = 60
    private static let draws = prompts * 8

    /// Writes the prompts; `nil` when the machine lacks what the test needs.
    private static func prepare(_ workspace: Workspace) throws -> String? {
        guard let python = Checkout.python(), let rows = Checkout.gsm8k(prompts) else {
            return nil
        }
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        return python
    }

    @Test func `Killed worker and killed coordinator leave exactly N`() async throws {
        try await Workspace.with { workspace in
            guard let python = try Self.prepare(workspace) else { return }
            let database = try await Database.make()
            let config = try Settings.gsm8k(
                workspace, database: .url(database.url),
                server: Settings.launch(workspace, python: python))
            try await workspace.ogive(["submit", config])
            var coordinator = try workspace.start(["coordinator", config])
            let worker = try workspace.start(["worker", config])
            var workers = [try workspace.start(["worker", config])]

            try await landed(80, database)
            worker.signal(SIGKILL)
            #expect(try await worker.status() == 128 + SIGKILL)
            #expect(try await database.landed() < Self.draws, "the worker was killed too late")
            workers.append(try workspace.start(["worker", config]))

            try await landed(240, database)
            coordinator.signal(SIGKILL)
            #expect(try await coordinator.status() == 128 + SIGKILL)
            #expect(try await database.landed() < Self.draws, "the coordinator was killed too late")
            coordinator = try workspace.start(["coordinator", config])

            try await landed(Self.draws, database)
            for process in workers { process.signal(SIGTERM) }
            for process in workers { #expect(try await process.status() == 0) }
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0)
            try await workspace.expectNothingRuns()
            let audit = try await workspace.ogive(["audit", "--config", config])
            #expect(audit.output.contains("landed 480, with a failure 0, pending 0"))
            let rows: Int = try await database.value("SELECT count(*) FROM ogive.completion_rows")
            #expect(rows == Self.draws)
        }
    }

    @Test func `A killed run leaves nothing behind and is finished by the same command`()
        async throws
    {
        try await Workspace.with { workspace in
            guard let python = try Self.prepare(workspace) else { return }
            let server = try Settings.launch(workspace, python: python)
            // Nearly a minute long, so that it is under way when it is killed.
            let slow = try Settings.gsm8k(
                workspace, database: .embedded(workspace.path("database")), server: server,
                limits: "requests_per_minute: 120", name: "slow.yaml")
            let run = try workspace.start(["run", "--no-preflight", slow])
            try await run.isUnderWay(workspace, slow)
            let names = workspace.processes.map { $0.argv.joined(separator: " ") }
            #expect(names.contains { $0.contains("ogive worker") })
            #expect(names.contains { $0.contains("serve_llamacpp") })
            #expect(names.contains { $0.contains("postgres") })
            run.signal(SIGKILL)
            #expect(try await run.status() == 128 + SIGKILL)
            try await workspace.expectNothingRuns()

            let config = try Settings.gsm8k(
                workspace, database: .embedded(workspace.path("database")), server: server)
            let again = try await workspace.ogive(["run", "--no-preflight", config])
            #expect(again.output.contains("resumed"))
            #expect(again.output.contains("480 of 480 (60 prompts × 8)"))
            #expect(!again.output.contains(" 480 of them new"))
            try await workspace.ogive(["audit", "--config", config])
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `Fault 77: TERM to all processes of a job ends the worker first, in order`()
        async throws
    {
        try await Workspace.with { workspace in
            guard let python = try Self.prepare(workspace) else { return }
            let database = try await Database.make()
            let log = workspace.path("server.log")
            let server = try Settings.launch(workspace, python: python)
                .replacing("startup_timeout", with: "log: \(log), startup_timeout")
            let config = try Settings.gsm8k(
                workspace, database: .url(database.url), server: server)
            try await workspace.ogive(["submit", config])
            let coordinator = try workspace.start(["coordinator", config])
            let worker = try workspace.start(
                ["worker", config, "-o", "worker.drain_timeout=10m", "-o", "log.level=info"])
            try await landed(40, database)
            // As scancel does: the worker, its supervisor and the server.
            let job = workspace.processes.filter { $0.id != coordinator.id }
            #expect(job.count >= 3, "\(job)")
            for process in job { kill(process.id, SIGTERM) }
            #expect(try await worker.status() == 0, "\(worker.transcript)")
            #expect(worker.errors.contains("worker drained"), "\(worker.errors)")
            #expect(!worker.errors.contains("an endpoint gets no requests"), "\(worker.errors)")
            let lives =
                try String(contentsOfFile: log, encoding: .utf8)
                .components(separatedBy: "ogive: starting").count - 1
            #expect(lives == 1, "no server is started for a worker that leaves")
            #expect(try await database.landed() < Self.draws, "the job ended too late")
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0)
            #expect(!coordinator.errors.contains("worker lost"), "\(coordinator.errors)")
            try await workspace.expectNothingRuns()
        }
    }

    private func landed(_ count: Int, _ database: Database) async throws {
        try await eventually("\(count) draws to land") {
            try await database.landed() >= count
        }
    }
}
