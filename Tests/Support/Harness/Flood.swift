internal import OgiveCore
internal import OgiveWire
internal import ZeroMQ

/// Peers of a coordinator without keys that say `Hello` and `Credit` as fast as they can.
package enum Flood {
    /// Runs `body` while `peers` connections to a port of 127.0.0.1 send without end.
    package static func with(
        peers: Int, to port: Int, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<peers {
                let worker = WorkerID(
                    high: .random(in: 1 << 63 ... .max), low: .random(in: 0 ... .max))
                let socket = try ZeroMQChannel(
                    ZeroMQChannelConfiguration(
                        name: "flood", type: .dealer,
                        options: [.routingID(worker.bytes), .linger(.zero)],
                        addresses: [.connect("tcp://127.0.0.1:\(port)")]))
                group.addTask { try await socket.run() }
                let batch = try messages(of: worker)
                group.addTask {
                    defer { socket.stop() }
                    while !Task.isCancelled {
                        let results = await socket.send(batch: batch)
                        // Full, or nobody is there: again when there may be room.
                        if results.last != .sent {
                            try await Task.sleep(for: .milliseconds(1), clock: .continuous)
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    private static func messages(of worker: WorkerID) throws -> [[[UInt8]]] {
        let hello = Hello(
            name: "flood", version: "none", offer: Offer(policies: [], scorers: []), credit: 1_000,
            inFlight: [])
        return try (1...256).map { number in
            let message: WorkerMessage = number % 4 == 0 ? .hello(hello) : .credit(number)
            return [
                try WorkerEnvelope(worker: worker, term: Term(0), message: message).encoded()
            ]
        }
    }
}
