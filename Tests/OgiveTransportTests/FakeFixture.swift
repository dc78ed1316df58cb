import OgiveCore
import OgiveTesting

/// The fake, for the conformance suite.
struct FakeFixture: TransportFixture {
    /// The coordinator's side, with the network that workers connect to.
    struct Coordinator: CoordinatorTransport {
        let network: FakeTransport
        var incoming: BatchQueue<FromWorker> { network.coordinator.incoming }

        func send(_ messages: [ToWorker]) async -> [SendOutcome] {
            await network.coordinator.send(messages)
        }
    }

    /// What the network does with messages, so that a fault can be seen to be found.
    var fate: @Sendable (FakeTransport.Passing) -> FakeTransport.Fate = { _ in .deliver }

    func withCoordinator(
        queueMax: Int, _ body: @Sendable (Coordinator) async throws -> Void
    ) async throws {
        let coordinator = Coordinator(network: FakeTransport(queueMax: queueMax))
        coordinator.network.setFate(fate)
        defer { close(coordinator) }
        try await body(coordinator)
    }

    func withWorker(
        _ id: WorkerID, of coordinator: Coordinator, queueMax: Int,
        _ body: @Sendable (FakeWorkerTransport) async throws -> Void
    ) async throws {
        let worker = coordinator.network.connect(id)
        defer { close(worker) }
        try await body(worker)
    }

    func close(_ coordinator: Coordinator) {
        coordinator.network.coordinator.close()
    }

    func close(_ worker: FakeWorkerTransport) {
        worker.close()
    }
}
