import Glibc
import Harness
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Coordinators {}
}

extension FaultTests.Coordinators {
    private static let proxied = Plan { $0.proxiesDatabase = true }

    @Test("Fault 11: the coordinator is killed before a COMMIT")
    func killedBeforeCommit() async throws {
        try await withstands(Self.proxied) { installation in
            // One worker: another one could be granted what it holds before it has registered.
            try await installation.holdLanding(.before, workers: 1)
            installation.coordinator?.signal(SIGKILL)
            installation.databaseProxy?.cut()
            #expect(try await installation.landed() == 0)
            try installation.startCoordinator()
            try await installation.finished()
            // What was not acknowledged was kept, and sent to the next coordinator.
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 12: the coordinator is killed after a COMMIT, before it acknowledges")
    func killedAfterCommit() async throws {
        try await withstands(Self.proxied) { installation in
            try await installation.holdLanding(.after)
            let landed = try await installation.landedSeeds
            #expect(!landed.isEmpty)
            installation.coordinator?.signal(SIGKILL)
            installation.databaseProxy?.cut()
            try installation.startCoordinator()
            try await installation.finished()
            // What had landed was resent to the next coordinator, and suppressed there.
            let counts = try installation.timesAsked
            #expect(landed.allSatisfy { counts[$0] == 1 })
        }
    }

    @Test("Fault 13: the coordinator is restarted: a new term, and its workers go on")
    func restarted() async throws {
        try await withstands { installation in
            // One worker: another one could be granted what it holds before it has registered.
            try await installation.getUnderWay(workers: 1)
            for signal in [SIGTERM, SIGKILL] {
                installation.coordinator?.signal(signal)
                try await installation.coordinator?.status()
                try installation.startCoordinator()
                try await installation.coordinator?.says("worker registered")
            }
            try installation.hurry()
            try await installation.finished()
            let term: Int = try await installation.postgres.database.value(
                "SELECT term FROM ogive.terms")
            #expect(term == 3)
            // The leases were taken over.
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 41: all workers connect again at once, and none is taken for lost")
    func massReconnect() async throws {
        try await withstands(Plan { $0.settings = ["worker.sample_concurrency=1"] }) {
            installation in
            try await installation.getUnderWay(workers: 12, latency: 0.3)
            installation.coordinator?.signal(SIGKILL)
            try await installation.coordinator?.status()
            let next = try installation.startCoordinator()
            try await eventually("all to register", detail: { next.transcript }) {
                next.errors.split(separator: "\n").count { $0.contains("worker registered") } == 12
            }
            try installation.hurry()
            try await installation.finished()
            #expect(!next.errors.contains("worker lost"), "\(next.errors)")
            #expect(!next.errors.contains("lease ran out"), "\(next.errors)")
        }
    }
}
