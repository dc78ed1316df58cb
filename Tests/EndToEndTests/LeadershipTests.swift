import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Leadership {}
}

extension EndToEndTests.Leadership {
    /// Two coordinators of one database, each with an address of its own, and a worker that knows
    /// both.
    private struct Pair {
        let config: String
        let first: Program
        let second: Program
        let worker: Program

        init(_ workspace: Workspace, _ database: Database) async throws {
            try Settings.writePrompts(workspace, 200)
            config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "100ms")
            try await workspace.ogive(["submit", config])
            let sockets = ["a", "b"].map { "ipc://\(workspace.path("\($0).sock"))" }
            first = try workspace.start(
                ["coordinator", config, "-o", "coordinator.listen=\(sockets[0])"])
            try await first.says("leading")
            second = try workspace.start(
                ["coordinator", config, "-o", "coordinator.listen=\(sockets[1])"])
            try await second.says("standing by: another coordinator leads")
            worker = try workspace.start(
                [
                    "worker", config, "-o", "worker.connect=[\(sockets.joined(separator: ", "))]",
                    "-o", "worker.connect_timeout=500ms", "-o", "log.level=info",
                ])
            try await eventually("some draws to land", detail: { worker.transcript }) {
                try await database.landed() > 0
            }
        }
    }

    @Test
    func `Fault 15: a stopped leader is followed within a bound, and steps down when it wakes`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let pair = try await Pair(workspace, database)
            pair.first.signal(SIGSTOP)
            let begun = ContinuousClock.now
            try await pair.second.says("leading")
            // A term of 3 s, asked for twice a second, and a second for a landing of the former:
            // some five seconds, on a machine that has time.
            #expect(ContinuousClock.now - begun < .seconds(120))
            let before = try await database.landed()
            try await eventually("the worker to find the new leader") {
                try await database.landed() > before
            }
            let terms = "SELECT term::int8 FROM ogive.terms"
            let term: Int64 = try await database.value(terms)
            pair.first.signal(SIGCONT)
            #expect(try await pair.first.status() == 1, "\(pair.first.transcript)")
            #expect(pair.first.errors.contains("another coordinator took over"))
            #expect(try await database.value(terms, as: Int64.self) == term)
            try await eventually("the run to be finished") {
                let state: String = try await database.value("SELECT state FROM ogive.run_status")
                return state == "finished"
            }
            try await workspace.ogive(["audit", "--config", pair.config])
        }
    }

    @Test func `A killed leader is followed, and one that ends cleanly is followed at once`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let pair = try await Pair(workspace, database)
            pair.first.signal(SIGKILL)
            try await pair.second.says("leading")
            let third = try workspace.start(
                [
                    "coordinator", pair.config, "-o",
                    "coordinator.listen=ipc://\(workspace.path("a.sock"))",
                ])
            try await third.says("standing by: another coordinator leads")
            let status = try await workspace.ogive(["status", "--config", pair.config])
            #expect(status.output.contains("leads since"), "\(status.output)")
            pair.second.signal(SIGTERM)
            #expect(try await pair.second.status() == 0, "\(pair.second.transcript)")
            try await third.says("leading")
            try await eventually("the run to be finished") {
                let state: String = try await database.value("SELECT state FROM ogive.run_status")
                return state == "finished"
            }
            try await workspace.ogive(["audit", "--config", pair.config])
        }
    }

    @Test func `Told not to stand by, a second coordinator ends and says who leads`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 1)
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            let first = try workspace.start(["coordinator", config])
            try await first.says("leading")
            let second = try await workspace.ogive(
                ["coordinator", config, "--no-standby"], exit: 1)
            #expect(second.errors.contains(":\(first.id), since"), "\(second.errors)")
            let third = try workspace.start(["coordinator", config])
            try await third.says("standing by: another coordinator leads")
            for program in [third, first] {
                program.signal(SIGTERM)
                #expect(try await program.status() == 0, "\(program.transcript)")
            }
        }
    }
}
