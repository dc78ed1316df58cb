import Foundation
import Harness
import Postgres
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Databases {}
}

extension FaultTests.Databases {
    private static let proxied = Plan { $0.proxiesDatabase = true }

    @Test("Fault 28: the connection is cut before COMMIT reaches PostgreSQL")
    func cutBeforeCommit() async throws {
        try await withstands(Self.proxied) { installation in
            try await installation.holdLanding(.before)
            #expect(try await installation.landed() == 0)
            installation.databaseProxy?.cut()
            try await installation.coordinator?.says("results could not be landed; trying again")
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 28: the connection is cut between COMMIT and its reply")
    func cutAfterCommit() async throws {
        try await withstands(Self.proxied) { installation in
            try await installation.holdLanding(.after)
            #expect(try await installation.landed() > 0)
            installation.databaseProxy?.cut()
            try await installation.coordinator?.says("results could not be landed; trying again")
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }

    @Test(
        "Fault 28: PostgreSQL's reply never comes, on a connection that lives",
        arguments: FaultProxy.CommitFault.allCases)
    func noReply(_ fault: FaultProxy.CommitFault) async throws {
        let plan = Plan {
            $0.proxiesDatabase = true
            $0.settings = ["database.statement_timeout=3s"]
        }
        try await withstands(plan) { installation in
            try await installation.holdLanding(fault)
            // Nobody cuts the connection: the coordinator has to give it up.
            try await installation.coordinator?.says("results could not be landed; trying again")
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 29: PostgreSQL crashes while results land")
    func crash() async throws {
        try await withstands { installation in
            try await installation.getUnderWay()
            for _ in 0..<2 {
                try await installation.postgres.crash()
                try await installation.postgres.start()
            }
            try installation.hurry()
            try await installation.finished()
            // A draw that was acknowledged and lost would have been drawn again.
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 30: the database is read-only for a while")
    func readOnly() async throws {
        // Slow, so that much is left to be granted when the database has become read-only.
        let plan = Plan { $0.settings = ["worker.sample_concurrency=1", "worker.prefetch=1"] }
        try await withstands(plan) { installation in
            try await installation.getUnderWay(latency: 1)
            try await installation.setReadOnly(true)
            try await installation.coordinator?.says("read-only")
            // Results may still wait for a connection by then.
            try await installation.coordinator?.says("no work is handed out until")
            try installation.hurry()
            // Transactions that began before have ended when the pool has looked for a server.
            try await installation.coordinator?.says("No server of")
            let landed = try await installation.landed()
            #expect(landed < installation.total)
            #expect(try await installation.landed() == landed)
            try await installation.setReadOnly(false)
            #expect(try installation.drawsAsked < installation.total, "granting has not paused")
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 27: PostgreSQL is away for a long time")
    func longOutage() async throws {
        let plan = Plan { $0.settings = ["worker.sample_concurrency=2", "worker.prefetch=2"] }
        try await withstands(plan) { installation in
            try await installation.getUnderWay(workers: 1)
            try installation.models.change { $0.latency = 1 }
            try await installation.postgres.stop()
            let seconds = ProcessInfo.processInfo.environment["OGIVE_OUTAGE_SECONDS"] ?? "20"
            let length = try #require(Int(seconds))
            let programs = [try #require(installation.coordinator)] + installation.workers.values
            let begun = ContinuousClock.now
            let memory = try programs.map { try $0.memory }
            // For some seconds the coordinator hopes for a connection; then it takes a pause, and
            // nothing is begun that was not granted before.
            try await installation.coordinator?.says("results could not be landed")
            try installation.hurry()
            let limit = try installation.drawsAsked + 6 * 4
            try await eventually("the outage to end", within: .seconds(length * 2)) {
                ContinuousClock.now - begun > .seconds(length)
            }
            #expect(try installation.drawsAsked <= limit, "granting has not paused")
            #expect(limit < installation.total, "the pause comes too late to be seen")
            for (program, before) in zip(programs, memory) {
                #expect(program.isRunning)
                #expect(try program.memory < before + 32 << 20, "memory grows")
            }
            try await installation.postgres.start()
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }
}

extension Installation {
    /// Starts everything, and returns when the first landing has met the fault at its COMMIT.
    func holdLanding(_ fault: FaultProxy.CommitFault, workers: Int = 2) async throws {
        let proxy = try #require(databaseProxy)
        proxy.stopCommit(fault)
        try startCoordinator()
        for worker in 0..<workers { try startWorker("w\(worker)") }
        try await eventually("a COMMIT to be held") { proxy.isCommitHeld }
    }

    /// Makes all sessions read-only, or lets them write again.
    func setReadOnly(_ isReadOnly: Bool) async throws {
        let connection = try await postgres.database.connect()
        try await connection.execute("SET default_transaction_read_only = off")
        try await connection.execute(
            "ALTER SYSTEM SET default_transaction_read_only = \(isReadOnly ? "on" : "off")")
        try await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
    }
}
