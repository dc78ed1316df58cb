internal import OgiveCore
internal import OgiveWire
internal import ZeroMQ

/// Turns what a router receives into messages of workers, and drops what is none.
struct CoordinatorDecoder: Sendable {
    let channel: ZeroMQChannel
    let ledger: DropLedger
    /// Judges whose messages are taken; `nil` without keys.
    let peerGuard: PeerGuard?

    func decode(_ batch: [ZeroMQMessage]) async -> [FromWorker] {
        var messages: [FromWorker] = []
        messages.reserveCapacity(batch.count)
        var refusals: [[[UInt8]]] = []
        for received in batch {
            guard received.frames.count == 2, !received.isTruncated else {
                ledger.drop(
                    .wrongFrames, from: name(received.frames.first ?? []),
                    because: "\(received.frames.count) frames came where 2 are expected")
                continue
            }
            do throws(WireError) {
                guard let envelope = try open(received) else { continue }
                if let answers = refusal(of: envelope, user: received.userID) {
                    refusals.append(contentsOf: answers)
                    continue
                }
                for message in envelope.messages {
                    var from = FromWorker(
                        worker: envelope.worker, term: envelope.term, message: message)
                    from.key = received.userID
                    messages.append(from)
                }
            } catch {
                if let refusal = drop(error, received) { refusals.append(refusal) }
            }
        }
        // An answer that cannot be queued is lost like any other message: the worker asks again.
        _ = await channel.send(batch: refusals)
        return messages
    }

    private func open(_ received: ZeroMQMessage) throws(WireError) -> WorkerEnvelope? {
        let routingID = received.frames[0]
        let envelope = try WorkerEnvelope(decoding: received.frames[1])
        guard envelope.worker.bytes == routingID else {
            ledger.drop(
                .wrongWorker, from: name(routingID),
                because: "the envelope claims worker \(envelope.worker)")
            return nil
        }
        return envelope
    }

    /// The answers, one or none, when the sender has no right to its messages; `nil` when it has.
    private func refusal(
        of envelope: WorkerEnvelope, user: String?
    ) -> [[[UInt8]]]? {
        guard
            case .dropped(let reason, let because, let answer) = peerGuard?.judge(
                envelope.message, of: envelope.worker, user: user)
        else { return nil }
        ledger.drop(reason, from: envelope.worker.description, because: because)
        guard let answer else { return [] }
        return encoded(.refused(answer), to: envelope.worker).map { [$0] } ?? []
    }

    /// Counts the message; gives the frames of the answer when somebody waits for one.
    private func drop(_ error: WireError, _ received: ZeroMQMessage) -> [[UInt8]]? {
        let routingID = received.frames[0]
        let isOfThisVersion = error.code != .unknownVersion
        ledger.drop(
            isOfThisVersion ? .invalid : .unknownVersion, from: name(routingID),
            because: error.message)
        guard let header = error.header, header.worker == routingID,
            let worker = WorkerID(bytes: routingID),
            peerGuard?.mayAnswer(worker, user: received.userID) ?? true
        else { return nil }
        let reason =
            isOfThisVersion
            ? "this worker's Hello cannot be read: \(error.message)"
            : "this coordinator speaks protocol version \(WireHeader.version), the worker"
                + " version \(header.version): run the same version of Ogive on both sides"
        return encoded(.refused(reason), to: worker)
    }

    private func encoded(_ message: CoordinatorMessage, to worker: WorkerID) -> [[UInt8]]? {
        let envelope = CoordinatorEnvelope(worker: worker, term: Term(0), message: message)
        do throws(WireError) {
            return [worker.bytes, try envelope.encoded()]
        } catch {
            ledger.unsendable(to: worker.description, because: error.message)
            return nil
        }
    }

    private func name(_ routingID: [UInt8]) -> String {
        WorkerID(bytes: routingID)?.description ?? "a peer with \(routingID.count) bytes of name"
    }
}

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
