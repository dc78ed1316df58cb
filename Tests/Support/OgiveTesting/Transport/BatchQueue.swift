internal import Synchronization

/// A bounded queue whose one consumer takes all that is there at once.
package final class BatchQueue<Message: Sendable>: AsyncSequence, Sendable {
    /// A batch: never empty.
    package typealias Element = [Message]
    /// Iterating never fails.
    package typealias Failure = Never

    private struct State {
        var messages: [Message] = []
        var isClosed = false
        var consumer: CheckedContinuation<[Message]?, Never>?
    }

    private let countMax: Int
    private let state = Mutex(State())

    /// An empty queue of at most `countMax` messages.
    package init(countMax: Int) {
        precondition(countMax > 0, "a queue that holds nothing is always full")
        self.countMax = countMax
    }

    /// Appends a message; `full` at the bound, `closed` after the end.
    package func append(_ message: Message) -> QueueOutcome {
        let (outcome, consumer) = state.withLock { state in
            if state.isClosed {
                return (QueueOutcome.closed, CheckedContinuation<[Message]?, Never>?.none)
            }
            if let consumer = state.consumer {
                state.consumer = nil
                return (.queued, consumer)
            }
            guard state.messages.count < countMax else { return (.full, nil) }
            state.messages.append(message)
            return (.queued, nil)
        }
        consumer?.resume(returning: [message])
        return outcome
    }

    /// Refuses what comes from now on; the consumer gets what is there, then the end.
    package func close() {
        let consumer = state.withLock { state in
            state.isClosed = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }

    /// What became of a message.
    package enum QueueOutcome: Sendable {
        /// It is in the queue.
        case queued
        /// The queue is at its bound.
        case full
        /// Nobody takes messages any more.
        case closed
    }

    /// Takes batches.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let queue: BatchQueue

        /// All that is there; waits while there is nothing.
        package mutating func next() async -> [Message]? {
            await queue.next()
        }

        /// As `next()`; the isolation does not matter.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> [Message]? {
            await queue.next()
        }
    }

    /// An iterator over what comes from now on.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(queue: self)
    }

    private func next() async -> [Message]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    precondition(state.consumer == nil, "a queue has one consumer")
                    if !state.messages.isEmpty || state.isClosed { return false }
                    state.consumer = continuation
                    return true
                }
                if !isWaiting {
                    continuation.resume(returning: take())
                } else if Task.isCancelled {
                    // The handler may have run before the consumer was there to be found.
                    dropConsumer()
                }
            }
        } onCancel: {
            dropConsumer()
        }
    }

    private func take() -> [Message]? {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages.isEmpty ? nil : state.messages
        }
    }

    private func dropConsumer() {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }
}
