package import OgiveCore

/// The coordinator's side of a `FakeTransport`.
package struct FakeCoordinatorTransport: CoordinatorTransport {
    let network: FakeTransport
    /// Messages from workers.
    package let incoming: BatchQueue<FromWorker>

    /// What the test says that the transport counted.
    package var counts: [String: Int] { network.counts }

    /// Passes messages to the network, and answers what became of each.
    package func send(_ messages: [ToWorker]) async -> [SendOutcome] {
        messages.map(network.send)
    }

    /// Ends `incoming` after what was received.
    package func close() {
        network.closeCoordinator()
    }
}
