package import OgiveCore

/// A worker's side of a `FakeTransport`.
package struct FakeWorkerTransport: WorkerTransport {
    let network: FakeTransport
    /// The incarnation.
    package let worker: WorkerID
    /// Messages from the coordinator.
    package let incoming: BatchQueue<CoordinatorMessage>

    /// Passes messages to the network; `unreachable` after `close()`.
    package func send(_ messages: [WorkerMessage]) async -> [SendOutcome] {
        messages.map { network.send($0, from: worker, over: incoming) }
    }

    /// Leaves the network, and ends `incoming` after what was received.
    package func close() {
        network.close(worker, incoming)
    }
}
