import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Draining {}
}

extension EndToEndTests.Draining {
    /// A worker in the middle of tasks that take `latency`.
    private func busy(
        _ workspace: Workspace, _ database: Database, latency: String, _ more: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> (coordinator: Program, worker: Program) {
        try Settings.writePrompts(workspace, 300)
        let config = try Settings.synthetic(
            workspace, database: .url(database.url), draws: 2, latency: latency)
        try await workspace.ogive(["submit", config])
        let coordinator = try workspace.start(["coordinator", config])
        let worker = try workspace.start(
            ["worker", config, "-o", "log.level=info"] + more, environment: environment)
        try await eventually("leases to be granted", detail: { worker.transcript }) {
            let granted: Int = try await database.value(
                """
                SELECT coalesce(sum((counts ->> 'ogive_leases_granted_total')::bigint), 0)::bigint
                FROM ogive.coordinator_status
                """)
            return granted > 0
        }
        return (coordinator, worker)
    }

    @Test func `Fault 38: TERM and then USR1, as Slurm sends them, are one clean drain`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let (coordinator, worker) = try await busy(workspace, database, latency: "300ms")
            try await eventually("some draws to land") { try await database.landed() > 0 }
            for signal in [SIGTERM, SIGUSR1, SIGUSR1] { worker.signal(signal) }
            #expect(try await worker.status() == 0, "\(worker.transcript)")
            let drains = worker.errors.components(separatedBy: "draining;").count - 1
            #expect(drains == 1, "\(worker.errors)")
            #expect(!worker.errors.contains("forced"))
            try await eventually("the worker to be recorded") {
                let state: String = try await database.value(
                    "SELECT state FROM ogive.worker_status")
                return state == "left"
            }
            // No attempt was charged: nothing ran out and nothing failed.
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            #expect(!coordinator.errors.contains("worker lost"))
            #expect(!coordinator.errors.contains("lease ran out"))
            let failures: Int = try await database.value("SELECT count(*) FROM ogive.failures")
            #expect(failures == 0)
        }
    }

    @Test func `Fault 37: a second SIGTERM during a drain forces the exit, and leases come back`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let (coordinator, worker) = try await busy(
                workspace, database, latency: "60s", ["-o", "worker.drain_timeout=1h"])
            worker.signal(SIGTERM)
            try await worker.says("a second signal forces the exit")
            worker.signal(SIGTERM)
            #expect(try await worker.status() == 130)
            #expect(worker.errors.contains("forced to exit"))
            try await eventually("the coordinator to give its tasks to others") {
                let state: String = try await database.value(
                    "SELECT state FROM ogive.worker_status")
                return state == "left"
            }
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            #expect(!coordinator.errors.contains("worker lost"))
        }
    }

    @Test func `Before the end of its allocation a worker drains by itself, and takes nothing new`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let end = Int(Date().timeIntervalSince1970) + 25
            let (coordinator, worker) = try await busy(
                workspace, database, latency: "200ms", ["-o", "worker.drain_timeout=6s"],
                environment: ["SLURM_JOB_END_TIME": "\(end)"])
            #expect(try await worker.status() == 0, "\(worker.transcript)")
            #expect(Date().timeIntervalSince1970 < Double(end) + 1)
            #expect(worker.errors.contains("the machine is taken away soon"), "\(worker.errors)")
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            #expect(!coordinator.errors.contains("worker lost"))
        }
    }

    @Test func `A worker's end time that cannot be read is refused`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")))
            let given = try await workspace.ogive(
                ["worker", config, "--end-time", "tomorrow"], exit: 2)
            #expect(given.errors.contains("2026-11-30T18:00:00Z"), "\(given.errors)")
            let set = try await workspace.ogive(
                ["worker", config, "-o", "worker.end_time=18:00"], exit: 2)
            #expect(set.errors.contains("worker.end_time must be a date"), "\(set.errors)")
        }
    }
}
