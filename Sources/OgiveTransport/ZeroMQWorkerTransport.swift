package import Logging
package import OgiveCore
internal import OgiveWire
internal import Synchronization
internal import ZeroMQ

/// A worker's socket: a dealer that connects to the coordinator, again and again.
///
/// The routing id is the worker's incarnation. Without a connection sending answers `full`:
/// nothing is queued for a coordinator that is not there.
package struct ZeroMQWorkerTransport: WorkerTransport {
    /// Messages from the coordinator.
    ///
    /// Take them always, as a coordinator must: unread beyond the bounds they cost the connection.
    package let incoming: DecodedBatches<CoordinatorMessage>
    /// The incarnation.
    package let worker: WorkerID

    private let channel: ZeroMQChannel
    private let ledger: DropLedger
    private let term: TermCell
    private let dialer: WorkerDialer

    /// Prepares a socket to the coordinator at `address`: `tcp://127.0.0.1:PORT` or `ipc://PATH`,
    /// with `security` also `tcp://HOST:PORT`.
    ///
    /// - Throws: `invalidAddress`, `insecureAddress`, `key`, `socket`.
    package init(
        worker: WorkerID, connect address: String, security: WorkerSecurity? = nil,
        configuration: TransportConfiguration = .init(), logger: Logger
    ) throws(TransportError) {
        dialer = try WorkerDialer(
            address: try TransportAddress(address, for: .connect, hasKeys: security != nil),
            worker: worker, security: security, configuration: configuration, logger: logger)
        do {
            channel = try ZeroMQChannel(dialer.settings)
        } catch {
            throw TransportError(error)
        }
        let decoder = WorkerDecoder(
            worker: worker, ledger: DropLedger(logger: logger), term: TermCell())
        self.worker = worker
        ledger = decoder.ledger
        term = decoder.term
        incoming = DecodedBatches(channel.incoming) { decoder.decode($0) }
    }

    /// Serves until the task is cancelled or `close()` is called; call it once.
    package func run() async throws(TransportError) {
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { await dialer.run(channel) }
            defer { group.cancelAll() }
            do throws(ZeroMQError) {
                return Result<Void, ZeroMQError>.success(try await channel.run())
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = outcome { throw TransportError(error) }
    }

    /// Ends `run()`, and `incoming` after what was received.
    package func close() {
        channel.stop()
    }

    /// Whether both are one and the same socket.
    func isSame(as other: ZeroMQWorkerTransport) -> Bool { channel === other.channel }

    /// Why there is no connection, in words for a person; `nil` while there is one, or nobody
    /// listens.
    package var obstacle: String? { dialer.obstacle }

    /// How many received messages were dropped, by reason.
    package var dropped: [DropReason: Int] { ledger.counts }

    /// Queues messages, in order; `full` also while there is no connection.
    package func send(_ messages: [WorkerMessage]) async -> [SendOutcome] {
        let outgoing = await encode(messages)
        let results = await channel.send(batch: outgoing.compactMap(\.frames))
        return outgoing.outcomes(results, of: messages.count)
    }

    /// What is sent; results that follow each other go together. Off the caller's actor.
    @concurrent private func encode(_ messages: [WorkerMessage]) async -> [Outgoing] {
        let term = term.value
        var outgoing: [Outgoing] = []
        var batch = EnvelopeBatch(worker: worker, term: term)
        var places: [Int] = []
        func close() {
            if places.isEmpty { return }
            outgoing.append(
                Outgoing(places, sealed { () throws(WireError) in try batch.encoded() }))
            batch = EnvelopeBatch(worker: worker, term: term)
            places = []
        }
        for (place, message) in messages.enumerated() {
            guard case .result(let result) = message else {
                close()
                let envelope = WorkerEnvelope(worker: worker, term: term, message: message)
                outgoing.append(
                    Outgoing([place], sealed { () throws(WireError) in try envelope.encoded() }))
                continue
            }
            do throws(WireError) {
                if try !batch.add(result) {
                    close()
                    _ = try batch.add(result)
                }
                places.append(place)
            } catch {
                ledger.unsendable(to: "coordinator", because: error.message)
                outgoing.append(Outgoing([place], nil))
            }
        }
        close()
        return outgoing
    }

    /// The frames of a message; `nil` for what cannot be sent.
    private func sealed(_ bytes: () throws(WireError) -> [UInt8]) -> [[UInt8]]? {
        do throws(WireError) {
            return [try bytes()]
        } catch {
            ledger.unsendable(to: "coordinator", because: error.message)
            return nil
        }
    }
}

/// Turns what a dealer receives into messages of the coordinator, and drops what is none.
struct WorkerDecoder: Sendable {
    let worker: WorkerID
    let ledger: DropLedger
    let term: TermCell

    func decode(_ batch: [ZeroMQMessage]) -> [CoordinatorMessage] {
        var messages: [CoordinatorMessage] = []
        for received in batch {
            guard received.frames.count == 1 else {
                ledger.drop(
                    .wrongFrames, from: "coordinator",
                    because: "\(received.frames.count) frames came where 1 is expected")
                continue
            }
            messages.append(contentsOf: open(received.frames[0]))
        }
        return messages
    }

    private func open(_ bytes: [UInt8]) -> [CoordinatorMessage] {
        do throws(WireError) {
            let envelope = try CoordinatorEnvelope(decoding: bytes)
            guard envelope.worker == worker else {
                ledger.drop(
                    .wrongWorker, from: "coordinator",
                    because: "it is for worker \(envelope.worker), and this is \(worker)")
                return []
            }
            if case .welcome(let welcome) = envelope.message { term.value = welcome.term }
            return envelope.messages
        } catch {
            ledger.drop(
                error.code == .unknownVersion ? .unknownVersion : .invalid, from: "coordinator",
                because: error.message)
            return []
        }
    }
}

/// The term that a side last heard of or announced, shared by its sender and its receiver.
final class TermCell: Sendable {
    private let state = Mutex(Term(0))

    var value: Term {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
