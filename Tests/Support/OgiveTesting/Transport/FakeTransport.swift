package import OgiveCore
internal import OgiveWire
internal import Synchronization

/// A network in memory: one coordinator and any number of workers, with faults on demand.
///
/// Every message goes through the wire's encoder and decoder, so that bounds hold as on sockets.
/// Without faults it behaves as sockets do: order per worker, `full` at a bound, `unreachable`
/// before a worker connected and after it left.
package final class FakeTransport: Sendable {
    /// A message on its way.
    package enum Passing: Hashable, Sendable {
        /// From a worker.
        case toCoordinator(FromWorker)
        /// To a worker.
        case toWorker(ToWorker)
    }

    /// What the network does with a message; the sender is told `queued` in any case.
    package enum Fate: Hashable, Sendable {
        /// It arrives.
        case deliver
        /// It is lost.
        case drop
        /// It arrives twice.
        case duplicate
        /// It waits until `release` is called.
        case hold
    }

    private struct State {
        var workers: [WorkerID: BatchQueue<CoordinatorMessage>] = [:]
        var terms: [WorkerID: Term] = [:]
        var coordinatorTerm = Term(0)
        var held: [Passing] = []
        var counts: [String: Int] = [:]
        var decide: @Sendable (Passing) -> Fate = { _ in .deliver }
    }

    /// The coordinator's side.
    package var coordinator: FakeCoordinatorTransport {
        FakeCoordinatorTransport(network: self, incoming: toCoordinator)
    }

    private let queueMax: Int
    private let toCoordinator: BatchQueue<FromWorker>
    private let state = Mutex(State())

    /// A network whose queues hold at most `queueMax` messages each.
    package init(queueMax: Int = 1_000) {
        self.queueMax = queueMax
        toCoordinator = BatchQueue(countMax: queueMax)
    }

    /// Connects a worker; one that is connected under the same id loses its connection to it.
    package func connect(_ worker: WorkerID) -> FakeWorkerTransport {
        let queue = BatchQueue<CoordinatorMessage>(countMax: queueMax)
        let former = state.withLock { state in
            state.terms[worker] = nil
            return state.workers.updateValue(queue, forKey: worker)
        }
        former?.close()
        return FakeWorkerTransport(network: self, worker: worker, incoming: queue)
    }

    /// Decides the fate of all messages sent from now on.
    package func setFate(_ decide: @escaping @Sendable (Passing) -> Fate) {
        state.withLock { $0.decide = decide }
    }

    /// Sets what the coordinator's side says that it counted.
    package func setCounts(_ counts: [String: Int]) {
        state.withLock { $0.counts = counts }
    }

    var counts: [String: Int] { state.withLock(\.counts) }

    /// Delivers the held messages in the order that `arrange` gives them: delay and reordering.
    package func release(_ arrange: ([Passing]) -> [Passing] = { $0 }) {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for passing in arrange(held) { _ = deliver(passing) }
    }

    // MARK: For the two sides

    func send(_ message: ToWorker) -> SendOutcome {
        let term = state.withLock { state in
            if case .welcome(let welcome) = message.message { state.coordinatorTerm = welcome.term }
            return state.coordinatorTerm
        }
        let envelope = CoordinatorEnvelope(
            worker: message.worker, term: term, message: message.message)
        do throws(WireError) {
            let decoded = try CoordinatorEnvelope(decoding: envelope.encoded())
            return pass(.toWorker(ToWorker(worker: decoded.worker, message: decoded.message)))
        } catch {
            return .tooLarge
        }
    }

    func send(
        _ message: WorkerMessage, from worker: WorkerID, over queue: BatchQueue<CoordinatorMessage>
    ) -> SendOutcome {
        let term: Term? = state.withLock { state in
            state.workers[worker] === queue ? state.terms[worker, default: Term(0)] : nil
        }
        guard let term else { return .unreachable }
        let envelope = WorkerEnvelope(worker: worker, term: term, message: message)
        do throws(WireError) {
            let decoded = try WorkerEnvelope(decoding: envelope.encoded())
            return pass(
                .toCoordinator(
                    FromWorker(
                        worker: decoded.worker, term: decoded.term, message: decoded.message)))
        } catch {
            return .tooLarge
        }
    }

    func closeCoordinator() {
        toCoordinator.close()
    }

    func close(_ worker: WorkerID, _ queue: BatchQueue<CoordinatorMessage>) {
        state.withLock { state in
            if state.workers[worker] === queue { state.workers[worker] = nil }
        }
        queue.close()
    }

    private func pass(_ passing: Passing) -> SendOutcome {
        let fate = state.withLock { state in
            let fate = state.decide(passing)
            if fate == .hold { state.held.append(passing) }
            return fate
        }
        switch fate {
        case .deliver:
            return deliver(passing)
        case .duplicate:
            _ = deliver(passing)
            _ = deliver(passing)
            return .queued
        case .drop, .hold:
            return .queued
        }
    }

    private func deliver(_ passing: Passing) -> SendOutcome {
        let outcome =
            switch passing {
            case .toCoordinator(let message): outcome(toCoordinator.append(message))
            case .toWorker(let message): deliver(message)
            }
        return outcome
    }

    private func deliver(_ message: ToWorker) -> SendOutcome {
        let queue = state.withLock { state in
            if case .welcome(let welcome) = message.message {
                state.terms[message.worker] = welcome.term
            }
            return state.workers[message.worker]
        }
        guard let queue else { return .unreachable }
        return outcome(queue.append(message.message))
    }

    private func outcome<Message>(_ outcome: BatchQueue<Message>.QueueOutcome) -> SendOutcome {
        switch outcome {
        case .queued: .queued
        case .full: .full
        case .closed: .unreachable
        }
    }
}
