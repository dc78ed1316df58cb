package import Logging
package import OgiveCore
internal import OgiveWire
internal import Synchronization
internal import ZeroMQ

/// The coordinator's socket: a router that workers connect to.
///
/// `run()` owns the socket. What is received is decoded when it is taken from `incoming`; what
/// cannot be decoded, or claims another worker than its routing id says, is dropped and counted.
/// A worker that speaks another version is answered `refused`.
package struct ZeroMQCoordinatorTransport: CoordinatorTransport {
    /// Messages from workers.
    ///
    /// Take them always: when the bounds of the configuration are reached, nothing is read from
    /// the workers' connections, probes included, and after `probeTimeout` the connections are
    /// given up, with what is queued for them.
    package let incoming: DecodedBatches<FromWorker>

    private let channel: ZeroMQChannel
    private let ledger: DropLedger
    private let term = TermCell()

    /// Prepares a socket on `endpoint`: `tcp://127.0.0.1:PORT`, with `*` for a port that the system
    /// chooses, or `ipc://PATH`.
    ///
    /// - Throws: `invalidEndpoint`, `insecureEndpoint`, `addressInUse`, `socket`.
    package init(
        listen endpoint: String, configuration: TransportConfiguration = .init(), logger: Logger
    ) throws(TransportError) {
        let endpoint = try TransportEndpoint(endpoint, for: .listen)
        var settings = ZeroMQChannelConfiguration(
            name: "ogive-router", type: .router,
            options: configuration.options + [.routerMandatory(true), .routerHandover(true)],
            endpoints: [.bind(endpoint.text)])
        configuration.apply(to: &settings)
        do {
            channel = try ZeroMQChannel(settings)
        } catch {
            throw TransportError(error)
        }
        let decoder = CoordinatorDecoder(channel: channel, ledger: DropLedger(logger: logger))
        ledger = decoder.ledger
        incoming = DecodedBatches(channel.incoming) { await decoder.decode($0) }
    }

    /// Serves until the task is cancelled or `close()` is called; call it once.
    package func run() async throws(TransportError) {
        do {
            try await channel.run()
        } catch {
            throw TransportError(error)
        }
    }

    /// Ends `run()`, and `incoming` after what was received.
    package func close() {
        channel.stop()
    }

    /// The address that workers connect to, with the port that was chosen; waits until it is open.
    package func endpoint() async throws(TransportError) -> String {
        do {
            return try await channel.endpoints().first ?? ""
        } catch {
            throw TransportError(error)
        }
    }

    /// How many received messages were dropped, by reason.
    package var dropped: [DropReason: Int] { ledger.counts }

    /// The dropped messages under the names by which operators know them.
    package var counts: [String: Int] {
        Dictionary(
            uniqueKeysWithValues: DropReason.allCases.map { reason in
                (
                    "ogive_dropped_messages_total{reason=\(reason.rawValue)}",
                    dropped[reason, default: 0]
                )
            })
    }

    /// Queues messages, in order for each worker, and answers for each what became of it.
    ///
    /// After `full`, later messages of the batch for the same worker are still tried.
    package func send(_ messages: [ToWorker]) async -> [SendOutcome] {
        let encoded = await encode(messages)
        let results = await channel.send(batch: encoded.compactMap { $0 })
        var next = results.makeIterator()
        return encoded.map { frames in
            guard frames != nil else { return .tooLarge }
            return SendOutcome(next.next() ?? .notOpen)
        }
    }

    /// The frames of each message; `nil` for what cannot be sent. Off the caller's actor.
    @concurrent private func encode(_ messages: [ToWorker]) async -> [[[UInt8]]?] {
        messages.map { message in
            if case .welcome(let welcome) = message.message { term.value = welcome.term }
            let envelope = CoordinatorEnvelope(
                worker: message.worker, term: term.value, message: message.message)
            do throws(WireError) {
                return [message.worker.bytes, try envelope.encoded()]
            } catch {
                ledger.unsendable(to: message.worker.description, because: error.message)
                return nil
            }
        }
    }
}
