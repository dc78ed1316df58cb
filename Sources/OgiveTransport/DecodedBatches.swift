internal import ZeroMQ

/// The messages of a channel, decoded batch by batch when they are taken.
///
/// Decoding runs off the consumer's actor. Ends when the channel has ended or the consuming task is
/// cancelled; for one consumer.
package struct DecodedBatches<Message: Sendable>: AsyncSequence, Sendable {
    /// A batch: never empty.
    package typealias Element = [Message]
    /// Iterating never fails; why a transport ended, its `run()` says.
    package typealias Failure = Never
    /// Turns received frames into messages, leaving out what is dropped.
    typealias Decode = @concurrent @Sendable ([ZeroMQMessage]) async -> [Message]

    private let source: ZeroMQIncoming
    private let decode: Decode

    init(_ source: ZeroMQIncoming, decode: @escaping Decode) {
        self.source = source
        self.decode = decode
    }

    /// Takes batches.
    package struct AsyncIterator: AsyncIteratorProtocol {
        private var source: ZeroMQIncoming.AsyncIterator
        private let decode: Decode

        init(_ source: ZeroMQIncoming.AsyncIterator, decode: @escaping Decode) {
            self.source = source
            self.decode = decode
        }

        /// The next messages; waits while there are none.
        package mutating func next() async -> [Message]? {
            await next(isolation: nil)
        }

        /// As `next()`; the isolation does not matter.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> [Message]? {
            while let received = await source.next(isolation: actor) {
                let messages = await decode(received)
                if !messages.isEmpty { return messages }
            }
            return nil
        }
    }

    /// An iterator over what comes from now on.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source.makeAsyncIterator(), decode: decode)
    }
}
