/// The coordinator's side of the wire.
package protocol CoordinatorTransport: Sendable {
    /// Messages from workers, in batches, in order for each worker. Ends when the transport closes.
    associatedtype Incoming: AsyncSequence<[FromWorker], Never> & Sendable
    /// Messages from workers.
    var incoming: Incoming { get }

    /// Queues messages for workers and answers for each what became of it. Success is not delivery.
    func send(_ messages: [ToWorker]) async -> [SendOutcome]

    /// Totals since the transport began, by name, for operators: messages that were dropped,
    /// handshakes that were refused.
    var counts: [String: Int] { get }
}

extension CoordinatorTransport {
    /// Nothing is counted.
    package var counts: [String: Int] { [:] }
}

/// The worker's side of the wire.
package protocol WorkerTransport: Sendable {
    /// Messages from the coordinator, in batches, in order. Ends when the transport closes.
    associatedtype Incoming: AsyncSequence<[CoordinatorMessage], Never> & Sendable
    /// Messages from the coordinator.
    var incoming: Incoming { get }

    /// Queues messages in their order and answers for each what became of it. Success is not
    /// delivery.
    func send(_ messages: [WorkerMessage]) async -> [SendOutcome]

    /// Leaves the address that it is connected to for the next one, when it has several.
    func connectToNext() async

    /// Why no coordinator lets this worker in, in words for a person; `nil` where none refuses.
    var obstacle: String? { get }
}

extension WorkerTransport {
    /// Queues a message.
    package func send(_ message: WorkerMessage) async -> SendOutcome {
        await send([message]).first ?? .unreachable
    }

    /// One address: there is nowhere to go.
    package func connectToNext() async {}

    /// Nothing is in the way.
    package var obstacle: String? { nil }
}

/// A message and the worker it came from.
package struct FromWorker: Hashable, Sendable {
    /// The sender.
    package var worker: WorkerID
    /// The public key of its connection as text; `nil` on a connection without keys.
    package var key: String?
    /// The term the sender believes in; 0 before its first `Welcome`.
    package var term: Term
    /// The message.
    package var message: WorkerMessage

    /// Joins the parts.
    package init(worker: WorkerID, term: Term, message: WorkerMessage) {
        self.worker = worker
        self.term = term
        self.message = message
    }
}

/// A message and the worker it is for.
package struct ToWorker: Hashable, Sendable {
    /// The receiver.
    package var worker: WorkerID
    /// The message.
    package var message: CoordinatorMessage

    /// Joins both.
    package init(worker: WorkerID, message: CoordinatorMessage) {
        self.worker = worker
        self.message = message
    }
}

/// What became of a message that was to be sent.
package enum SendOutcome: Hashable, Sendable {
    /// It is queued.
    case queued
    /// The peer's queue is full.
    case full
    /// Nobody is there under that name.
    case unreachable
    /// It is larger than a message may be.
    case tooLarge
}
