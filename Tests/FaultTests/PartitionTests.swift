import Foundation
import Harness
import Testing

extension FaultTests.Networks {
    @Test(
        "Fault 10: coordinator and worker are on two networks, and the cable between them is cut",
        arguments: NetworkSpaces.Cut.allCases)
    func partition(_ cut: NetworkSpaces.Cut) async throws {
        try await NetworkSpaces.with { spaces in
            // The worker and its models are on the same side.
            let plan = Plan { $0.modelsPrefix = spaces.worker.prefix }
            try await withstands(plan) { installation in
                try await installation.start(in: spaces)
                try await installation.landSome()
                try await spaces.cut(cut)
                try await installation.coordinator?.lost("a")
                let landed = try await installation.landed()
                #expect(landed < installation.total)
                try await spaces.heal(cut)
                try await installation.coordinator?.registered("a", times: 2)
                try installation.hurry()
            }
        }
    }
}

extension Installation {
    /// Starts the coordinator and a worker `a` in their namespaces, with keys: beyond loopback
    /// nothing goes without.
    fileprivate func start(in spaces: NetworkSpaces) async throws {
        let authorized = workspace.path("authorized")
        try FileManager.default.createDirectory(
            atPath: authorized, withIntermediateDirectories: false)
        for name in ["coordinator", "a"] {
            try await workspace.ogive(["keys", "new", name, "--folder", workspace.folder])
        }
        try await workspace.ogive(
            ["keys", "authorize", workspace.path("a.pub"), "--authorized", authorized])
        try models.change {
            $0.latency = 0.1
            $0.quick = 8
        }
        let address = "tcp://\(spaces.coordinator.address):\(port)"
        try startCoordinator(
            settings: [
                "database.url=\(postgres.databaseBySocket.url)", "coordinator.listen=\(address)",
                "coordinator.key=\(workspace.path("coordinator.key"))",
                "coordinator.authorized_keys=\(authorized)",
            ], prefix: spaces.coordinator.prefix)
        try startWorker(
            "a", address: address,
            settings: [
                "worker.key=\(workspace.path("a.key"))",
                "worker.coordinator_key=\(workspace.path("coordinator.pub"))",
            ], prefix: spaces.worker.prefix)
    }
}
