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
        @Sendable (CoordinatorAddress) throws(TransportError) -> ZeroMQWorkerTransport

    private struct State {
        var current: ZeroMQWorkerTransport
        var index: Int
        var address: CoordinatorAddress
        var isClosed = false
        /// Those that have not run yet: each must, be it only to end.
        var waiting: [ZeroMQWorkerTransport]
    }

    private let places: [CoordinatorPlace]
    private let connect: Connect
    private let logger: Logger
    private let state: Mutex<State>

    /// Prepares the transport to the first of the places with an address; all are tried in turn.
    ///
    /// - Throws: what `connect` throws; `closed` when no place has an address, `key` when a file
    ///   cannot be read.
    package init(
        _ places: [CoordinatorPlace], logger: Logger, connect: @escaping Connect
    ) throws(TransportError) {
        self.places = places
        self.connect = connect
        self.logger = logger
        for (index, place) in places.enumerated() {
            guard let address = try place.find() else { continue }
            let first = try connect(address)
            state = Mutex(
                State(current: first, index: index, address: address, waiting: [first]))
            return
        }
        throw TransportError(
            .closed, "no coordinator's address is in \(places.map(\.description))")
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

    /// Connects to the next place, or to the same one when its file holds another address now;
    /// without either, nothing changes.
    package func connectToNext() async {
        let (index, present) = state.withLock { ($0.index, $0.address) }
        let next = (index + 1) % places.count
        do throws(TransportError) {
            // A file that is not there yet is looked at again when its turn comes.
            guard let address = try places[next].find() else {
                return state.withLock { $0.index = next }
            }
            guard places.count > 1 || address != present else { return }
            let transport = try connect(address)
            let former = state.withLock { state -> ZeroMQWorkerTransport? in
                guard !state.isClosed else { return nil }
                state.waiting.insert(transport, at: 0)
                defer {
                    (state.current, state.index, state.address) = (transport, next, address)
                }
                return state.current
            }
            // Closed while this one was made: nobody will run it.
            guard let former else { return transport.close() }
            logger.info("trying a coordinator", metadata: ["address": "\(address.text)"])
            former.close()
        } catch {
            // The one behind it is not kept waiting by a place that cannot be used.
            state.withLock { $0.index = next }
            logger.warning(
                "cannot try a coordinator",
                metadata: ["address": "\(places[next])", "reason": "\(error.message)"])
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
