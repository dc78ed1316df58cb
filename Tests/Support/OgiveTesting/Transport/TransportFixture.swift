package import OgiveCore

/// What the conformance suite needs to know of a transport.
package protocol TransportFixture: Sendable {
    /// The coordinator's side.
    associatedtype Coordinator: CoordinatorTransport
    /// A worker's side.
    associatedtype Worker: WorkerTransport

    /// Opens a coordinator at an address of its own for as long as `body` runs, with queues of
    /// about `queueMax` messages.
    func withCoordinator(
        queueMax: Int, _ body: @Sendable (Coordinator) async throws -> Void
    ) async throws

    /// Connects a worker for as long as `body` runs.
    func withWorker(
        _ id: WorkerID, of coordinator: Coordinator, queueMax: Int,
        _ body: @Sendable (Worker) async throws -> Void
    ) async throws

    /// Closes the coordinator before its body ends.
    func close(_ coordinator: Coordinator)

    /// Closes a worker before its body ends.
    func close(_ worker: Worker)
}
