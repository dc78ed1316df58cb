package import Logging
package import OgiveCore
internal import Synchronization

/// A worker's way to whichever of several coordinators leads: connected to one at a time.
///
/// Each address gets a socket of its own. Messages that were queued for the former address are
/// lost, as they are with a connection: the worker registers again and sends its results anew.
package final class FailoverWorkerTransport: WorkerTransport {
    /// Makes the transport to one address.
    package typealias Connect =
        @Sendable (String) throws(TransportError) -> ZeroMQWorkerTransport

    private struct State {
        var current: ZeroMQWorkerTransport
        var index = 0
        var isClosed = false
        /// Those that have not run yet: each must, be it only to end.
        var waiting: [ZeroMQWorkerTransport]
    }

    private let addresses: [String]
    private let connect: Connect
    private let logger: Logger
    private let state: Mutex<State>

    /// Prepares the transport to the first of the addresses, all of which are tried in turn.
    ///
    /// - Throws: what `connect` throws.
    package init(
        _ addresses: [String], logger: Logger, connect: @escaping Connect
    ) throws(TransportError) {
        precondition(!addresses.isEmpty, "a worker has at least one address")
        self.addresses = addresses
        self.connect = connect
        self.logger = logger
        let first = try connect(addresses[0])
        state = Mutex(State(current: first, waiting: [first]))
    }

    /// Serves until the task is cancelled or `close()` is called; call it once.
    package func run() async throws(TransportError) {
        defer { closeAll() }
        while let transport = state.withLock({ $0.waiting.popLast() }) {
            try await transport.run()
            if Task.isCancelled { return }
        }
    }

    /// Messages from the coordinators, one after the other.
    package var incoming: FailoverIncoming { FailoverIncoming(transport: self) }

    /// Queues messages for the coordinator whose turn it is.
    package func send(_ messages: [WorkerMessage]) async -> [SendOutcome] {
        await state.withLock(\.current).send(messages)
    }

    /// Ends `run()`, and `incoming` after what was received.
    package func close() {
        let transport = state.withLock { state in
            state.isClosed = true
            return state.current
        }
        transport.close()
    }

    /// Nobody runs what is made from now on, or waits to be run.
    private func closeAll() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for transport in left { transport.close() }
    }

    /// Connects to the next address; without another one, nothing changes.
    package func connectToNext() async {
        guard addresses.count > 1 else { return }
        let next = (state.withLock(\.index) + 1) % addresses.count
        do throws(TransportError) {
            let transport = try connect(addresses[next])
            let former = state.withLock { state -> ZeroMQWorkerTransport? in
                guard !state.isClosed else { return nil }
                state.waiting.insert(transport, at: 0)
                defer { (state.current, state.index) = (transport, next) }
                return state.current
            }
            // Closed while this one was made: nobody will run it.
            guard let former else { return transport.close() }
            logger.info("trying a coordinator", metadata: ["address": "\(addresses[next])"])
            former.close()
        } catch {
            logger.warning(
                "cannot try a coordinator",
                metadata: ["address": "\(addresses[next])", "reason": "\(error.message)"])
        }
    }

    /// Why the coordinator whose turn it is does not let this worker in.
    package var obstacle: String? { current.obstacle }

    var current: ZeroMQWorkerTransport { state.withLock(\.current) }

    /// Whether a transport that ended was not left for another one.
    func isCurrent(_ transport: ZeroMQWorkerTransport) -> Bool {
        current.isSame(as: transport)
    }
}

/// What a failover transport receives, from one coordinator after the other.
package struct FailoverIncoming: AsyncSequence, Sendable {
    /// A batch: never empty.
    package typealias Element = [CoordinatorMessage]
    /// Iterating never fails; why a transport ended, its `run()` says.
    package typealias Failure = Never

    let transport: FailoverWorkerTransport

    /// Takes batches.
    package struct AsyncIterator: AsyncIteratorProtocol {
        private let transport: FailoverWorkerTransport
        private var current: ZeroMQWorkerTransport
        private var messages: DecodedBatches<CoordinatorMessage>.AsyncIterator

        init(_ transport: FailoverWorkerTransport) {
            self.transport = transport
            current = transport.current
            messages = current.incoming.makeAsyncIterator()
        }

        /// The next messages; waits while there are none.
        package mutating func next() async -> [CoordinatorMessage]? {
            await next(isolation: nil)
        }

        /// As `next()`; the isolation does not matter.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> [CoordinatorMessage]? {
            while true {
                if let batch = await messages.next(isolation: actor) { return batch }
                if transport.isCurrent(current) || Task.isCancelled { return nil }
                current = transport.current
                messages = current.incoming.makeAsyncIterator()
            }
        }
    }

    /// An iterator over what comes from now on.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(transport)
    }
}
