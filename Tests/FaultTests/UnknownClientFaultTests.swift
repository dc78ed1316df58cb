import Glibc
import Harness
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct UnknownClients {}
}

extension FaultTests.UnknownClients {
    @Test(
        "Fault 48: unknown clients connect until no descriptor is left", arguments: [256, 1_024])
    func descriptors(limit: Int) async throws {
        try await withstands { installation in
            try installation.models.change { $0.latency = 1 }
            // Soft and hard: what few containers have, and nothing can raise.
            let coordinator = try installation.startCoordinator(
                prefix: ["/bin/bash", "-c", "ulimit -n \(limit); exec \"$@\"", "bash"])
            try installation.startWorkers("before")
            try await installation.landSome()
            let connections = try await IdleConnections.connect(1_300, to: installation.port)
            try await coordinator.says("a connection was not let in")
            let landed = try await installation.landed()
            try await eventually("more of the first worker's draws to land") {
                try await installation.landed() > landed
            }
            // Those who say nothing are sent away in time, and make room.
            try installation.startWorkers("meanwhile")
            try await coordinator.registered("meanwhile", times: 1)
            await connections.close()
            try installation.startWorkers("after")
            try await coordinator.registered("after", times: 1)
            try installation.hurry()
            try await installation.finished()
            #expect(coordinator.isRunning, "\(coordinator.transcript)")
        }
    }

    @Test("Fault 58: a coordinator is flooded with Hellos and credit, and told once to end")
    func floodedEnd() async throws {
        try await withstands { installation in
            try installation.models.change {
                $0.latency = 0.1
                $0.quick = 8
            }
            let coordinator = try installation.startCoordinator(
                settings: ["coordinator.drain_timeout=5s"])
            try installation.startWorkers("honest")
            try await installation.landSome()
            try await Flood.with(peers: 6, to: installation.port) {
                try await coordinator.says("worker registered name=flood")
                let landed = try await installation.landed()
                try await eventually("more of the honest worker's draws to land") {
                    try await installation.landed() > landed
                }
                coordinator.signal(SIGTERM)
                #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
            }
            try installation.startCoordinator()
            try installation.hurry()
        }
    }
}
