import Glibc
import Harness
import Testing

extension FaultTests {
    @Suite(.serialized) struct Processes {}
}

extension FaultTests.Processes {
    @Test("Fault 1: a worker is killed in the middle of a task")
    func killedWorker() async throws {
        try await withstands { installation in
            try await installation.holdTask(of: "a")
            installation.workers["a"]?.signal(SIGKILL)
            try installation.models.change { $0.policy = [] }
            try installation.startWorkers("b")
            try await installation.coordinator?.says("worker lost")
        }
    }
}

extension Installation {
    /// Starts coordinator and worker, and returns when the worker has tasks that the policy does
    /// not answer while its script stays as it is.
    func holdTask(of worker: String) async throws {
        try models.change { $0.policy = [.init("hold", client: worker)] }
        try startCoordinator()
        try startWorkers(worker)
        try await eventually("worker \(worker) to ask for draws") {
            try models.requests.contains { $0.client == worker && $0.fault == "hold" }
        }
    }
}
