import DedicatedThread
import Synchronization

/// Where a channel's loop and its callers meet: the state behind a lock, and the loop's wake-up.
///
/// Under the lock only the state changes; callers are resumed and the loop is woken outside of it.
final class ChannelMailbox: Sendable {
    let wake: WakeDescriptor
    private let state: Mutex<ChannelState>
    private let lastID = Atomic<Int>(0)

    init(_ configuration: ZeroMQChannelConfiguration, wake: WakeDescriptor) {
        self.wake = wake
        state = Mutex(ChannelState(configuration))
    }

    // MARK: The loop's side

    func start() {
        state.withLock { $0.start() }
    }

    func opened(_ addresses: [String]) {
        for opener in state.withLock({ $0.opened(addresses) }) {
            opener.resume(returning: .success(addresses))
        }
    }

    func takeTurn() -> ChannelState.Turn {
        state.withLock { $0.takeTurn() }
    }

    func deliver(_ batch: [ZeroMQMessage]) {
        guard !batch.isEmpty else { return }
        state.withLock { $0.deliver(batch) }?.resume(returning: batch)
    }

    func finish(_ outcome: Result<Void, ZeroMQError>) {
        var error: ZeroMQError?
        if case .failure(let failure) = outcome { error = failure }
        let (left, opening) = state.withLock { [error] state in
            (state.finish(error), state.opening)
        }
        for request in left.requests { request.refuse() }
        for consumer in left.consumers { consumer.resume(returning: nil) }
        guard let opening else { return }
        for opener in left.openers { opener.resume(returning: opening) }
    }

    // MARK: The callers' side

    func stop() {
        if state.withLock({ $0.stop() }) { wake.signal() }
    }

    func replace(_ plan: SocketPlan) {
        if state.withLock({ $0.replace(plan) }) { wake.signal() }
    }

    func send(_ batch: [[[UInt8]]]) async -> [ZeroMQSendResult] {
        await withCheckedContinuation { caller in
            let request = SendRequest(batch: batch, caller: caller)
            let (isTaken, wakes) = state.withLock { state in
                let isTaken = state.add(request)
                return (isTaken, isTaken && state.wakes())
            }
            if wakes { wake.signal() }
            if !isTaken { request.refuse() }
        }
    }

    /// `nil` at the end, and for a cancelled task, also while there is more: with a peer that never
    /// falls silent there always is.
    func nextBatch() async -> [ZeroMQMessage]? {
        if Task.isCancelled { return nil }
        let id = lastID.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> (batch: [ZeroMQMessage]?, wakes: Bool)? in
                    if let ready = state.takeBatch() { return ready }
                    state.addConsumer(id, continuation)
                    return nil
                }
                if let ready {
                    if ready.wakes { wake.signal() }
                    continuation.resume(returning: ready.batch)
                } else if Task.isCancelled {
                    // The handler may have run before the consumer was there to be found.
                    dropConsumer(id)
                }
            }
        } onCancel: {
            dropConsumer(id)
        }
    }

    func addresses() async -> ChannelState.Opened {
        let id = lastID.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let opening = state.withLock { state -> ChannelState.Opened? in
                    if let opening = state.opening { return opening }
                    state.addOpener(id, continuation)
                    return nil
                }
                if let opening {
                    continuation.resume(returning: opening)
                } else if Task.isCancelled {
                    // The handler may have run before the caller was there to be found.
                    dropOpener(id)
                }
            }
        } onCancel: {
            dropOpener(id)
        }
    }

    private func dropConsumer(_ id: Int) {
        state.withLock { $0.removeConsumer(id) }?.resume(returning: nil)
    }

    private func dropOpener(_ id: Int) {
        state.withLock { $0.removeOpener(id) }?.resume(
            returning: .failure(
                ZeroMQError(.cancelled, "cancelled while the channel was opening")))
    }
}

/// What a channel receives, in batches as they come: of each peer in order, and the peers in turn.
/// No message is ever dropped.
///
/// Ends when the channel has ended and all that it received is handed over, or when the consuming
/// task is cancelled. A message goes to one consumer only; use one.
package struct ZeroMQIncoming: AsyncSequence, Sendable {
    /// A batch: never empty.
    package typealias Element = [ZeroMQMessage]
    /// Iterating never fails; why a channel ended, its `run()` says.
    package typealias Failure = Never

    let mailbox: ChannelMailbox

    /// Takes batches out of the channel.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let mailbox: ChannelMailbox

        /// What was received since the last call, as much as a batch takes; waits while there is
        /// nothing.
        package mutating func next() async -> [ZeroMQMessage]? {
            await mailbox.nextBatch()
        }

        /// As `next()`; the isolation does not matter.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> [ZeroMQMessage]? {
            await mailbox.nextBatch()
        }
    }

    /// An iterator over what comes from now on.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(mailbox: mailbox)
    }
}
