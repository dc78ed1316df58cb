import Foundation
import Glibc
import Harness
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Networks {}
}

extension FaultTests.Networks {
    private static let proxied = Plan { $0.proxiesCoordinator = true }

    @Test("Fault 9: a connection is half open, and its worker registers again")
    func halfOpen() async throws {
        try await withstands(Self.proxied) { installation in
            let proxy = try #require(installation.coordinatorProxy)
            try await installation.getUnderWay()
            // Both ends see a connection that lives and brings nothing.
            proxy.hold([.up, .down])
            try await installation.coordinator?.lost("w0")
            try await installation.coordinator?.lost("w1")
            proxy.cut()
            proxy.release()
            try await installation.coordinator?.registered("w0", times: 2)
            try await installation.coordinator?.registered("w1", times: 2)
            try installation.hurry()
        }
    }

    @Test(
        "Fault 10: one direction of the network is lost, and both sides converge",
        arguments: FaultProxy.Direction.allCases)
    func asymmetricPartition(_ direction: FaultProxy.Direction) async throws {
        let plan = Plan {
            $0.proxiesCoordinator = true
            $0.settings = ["coordinator.lease_duration=2s", "worker.drain_timeout=60s"]
        }
        try await withstands(plan) { installation in
            let proxy = try #require(installation.coordinatorProxy)
            try await installation.holdTask(of: "a")
            proxy.hold([direction])
            // Another worker, not by way of the proxy, gets the tasks of the one that is either
            // not heard or does not hear.
            try installation.startWorker("b", address: installation.address)
            try await installation.finished()
            #expect(try installation.timesAsked.values.contains(2), "nothing was granted twice")
            if direction == .up { try await installation.coordinator?.lost("a") }
            try installation.models.change { $0.policy = [] }
            proxy.release()
            if direction == .up { try await installation.coordinator?.registered("a", times: 2) }
            // It leaves when everything that it holds is acknowledged.
            installation.workers["a"]?.signal(SIGTERM)
            try await installation.workers["a"]?.status()
        }
    }

    @Test("Fault 26: a worker reads slowly, and the others do not wait for it")
    func slowReader() async throws {
        try await withstands(Self.proxied) { installation in
            let proxy = try #require(installation.coordinatorProxy)
            try installation.startCoordinator()
            proxy.limitDown(bytesPerSecond: 200)
            try installation.startWorkers("slow")
            try await installation.coordinator?.registered("slow", times: 1)
            let begun = ContinuousClock.now
            try installation.startWorker("fast", address: installation.address)
            try await eventually("all but the tasks of the slow one to land") {
                try await installation.landed() >= installation.total - 40
            }
            #expect(ContinuousClock.now - begun < .seconds(120))
            proxy.limitDown(bytesPerSecond: nil)
        }
    }
}

extension Installation {
    /// Where the coordinator listens, not by way of a proxy.
    var address: String { "tcp://127.0.0.1:\(port)" }
}

extension Program {
    /// Waits until this coordinator has taken a worker for lost.
    func lost(_ worker: String) async throws {
        try await eventually("\(worker) to be taken for lost", detail: { transcript }) {
            errors.split(separator: "\n").contains {
                $0.contains("worker lost") && $0.contains("name=\(worker) ")
            }
        }
    }

    /// Waits until a worker has registered so often at this coordinator.
    func registered(_ worker: String, times: Int) async throws {
        try await eventually("\(worker) to register \(times) times", detail: { transcript }) {
            errors.split(separator: "\n").count {
                $0.contains("worker registered") && $0.contains("name=\(worker) ")
            } >= times
        }
    }
}
