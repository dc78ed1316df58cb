/// What a channel receives, in order, in batches as they come; none is ever dropped.
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

        /// All that was received since the last call; waits while there is nothing.
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
