import DedicatedThread

/// Tries a handshake as an unknown client would, on a thread and a context of its own.
package actor HandshakeProbe {
    /// What became of a handshake.
    package enum Outcome: Sendable, Hashable {
        /// The server let the key in.
        case accepted
        /// The server refused the key, with ZAP's status code.
        case refused(Int)
        /// Something else ended the handshake.
        case failed(ZeroMQSocketEvent)
        /// Nothing happened in time.
        case silent
    }

    private let executor: DedicatedThreadExecutor

    /// Starts the thread; throws `resourcesExhausted`.
    package init() throws(ZeroMQError) {
        do {
            executor = try DedicatedThreadExecutor(name: "ogive-probe")
        } catch {
            throw ZeroMQError(.resourcesExhausted, error.message, cause: error)
        }
    }

    /// The probe's own thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Connects, sees what comes of it, and leaves without having sent a message.
    package func handshake(
        _ address: String, options: [ZeroMQOption], within limit: Duration
    ) throws(ZeroMQError) -> Outcome {
        let context = try ZeroMQContext()
        let reader = try ZeroMQSocket.open(context, .pair, options: [.linger(.zero)])
        try reader.connect("inproc://probe")
        let socket = try ZeroMQSocket.open(context, .dealer, options: [.linger(.zero)] + options)
        try socket.startMonitor("inproc://probe")
        let outcome: Result<Outcome, ZeroMQError>
        do throws(ZeroMQError) {
            try socket.connect(address)
            outcome = .success(try Self.outcome(reader, within: limit))
        } catch {
            outcome = .failure(error)
        }
        socket.stopMonitor()
        socket.close()
        reader.close()
        return try outcome.get()
    }

    private static func outcome(
        _ reader: borrowing ZeroMQSocket, within limit: Duration
    ) throws(ZeroMQError) -> Outcome {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            _ = try reader.poll(
                for: .readable, wakes: [], timeout: deadline - ContinuousClock.now)
            while let message = try reader.receive() {
                switch ZeroMQSocketEvent(frame: message.frames[0]) {
                case .handshakeSucceeded: return .accepted
                case .refused(let status): return .refused(status)
                case .handshakeFailed: return .failed(.handshakeFailed)
                case .protocolFailed(let number): return .failed(.protocolFailed(number))
                default: continue
                }
            }
        }
        return .silent
    }
}
