package import Logging
package import OgiveCore
internal import OgiveWire
internal import Synchronization
internal import ZeroMQ

/// The coordinator's socket: a router that workers connect to.
///
/// `run()` owns the socket. What is received is decoded when it is taken from `incoming`; what
/// cannot be decoded, or claims another worker than its routing id says, is dropped and counted.
/// A worker that speaks another version, or says a `Hello` that cannot be read, is answered
/// `refused`. With keys, only authorised workers get a connection, and each message must come from
/// the key that its worker registered with.
package struct ZeroMQCoordinatorTransport: CoordinatorTransport {
    /// Messages from workers.
    ///
    /// Take them always: when the bounds of the configuration are reached, nothing is read from
    /// the workers' connections, their probes included, and after `probeTimeout` they give their
    /// connections up, with what is queued for them.
    package let incoming: DecodedBatches<FromWorker>

    let channel: ZeroMQChannel
    let configuration: TransportConfiguration
    let security: CoordinatorSecurity?
    private let ledger: DropLedger
    let handshakes: HandshakeLedger
    private let peerGuard: PeerGuard?
    private let term = TermCell()

    /// Prepares a socket on `address`: `tcp://127.0.0.1:PORT`, with `*` for a port that the system
    /// chooses, or `ipc://PATH`; with `security` also `tcp://HOST:PORT`.
    ///
    /// - Throws: `invalidAddress`, `insecureAddress`, `addressInUse`, `socket`.
    package init(
        listen address: String, security: CoordinatorSecurity? = nil,
        configuration: TransportConfiguration = .init(), logger: Logger
    ) throws(TransportError) {
        let address = try TransportAddress(address, for: .listen, hasKeys: security != nil)
        let ledger = DropLedger(logger: logger)
        let handshakes = HandshakeLedger(ledger)
        var settings = ZeroMQChannelConfiguration(
            name: "ogive-router", type: .router,
            options: configuration.options + [
                .routerMandatory(true), .routerHandover(true), .ipv6(address.isIPv6),
            ],
            addresses: [.bind(address.text)])
        configuration.apply(to: &settings)
        settings.observe = { event, _ in handshakes.note(event) }
        if let security {
            settings.options.append(.curveServer(security.pair.value.secretKey))
            settings.authorize = { key in
                let key = PublicKey(key)
                return security.authorized.name(of: key) == nil ? nil : key.text
            }
        }
        do {
            channel = try ZeroMQChannel(settings)
        } catch {
            throw TransportError(error)
        }
        peerGuard = security.map { PeerGuard($0.authorized, configuration) }
        let decoder = CoordinatorDecoder(channel: channel, ledger: ledger, peerGuard: peerGuard)
        self.configuration = configuration
        self.security = security
        self.ledger = ledger
        self.handshakes = handshakes
        incoming = DecodedBatches(channel.incoming) { await decoder.decode($0) }
    }

    /// Serves until the task is cancelled or `close()` is called; call it once.
    package func run() async throws(TransportError) {
        let outcome = await withTaskGroup(of: Void.self) { group in
            if let security {
                group.addTask { await security.authorized.watch(every: configuration.keysInterval) }
            }
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

    /// The address that workers connect to, with the port that was chosen; waits until it is open.
    package func address() async throws(TransportError) -> String {
        do {
            return try await channel.addresses().first ?? ""
        } catch {
            throw TransportError(error)
        }
    }

    /// How many received messages were dropped, by reason.
    package var dropped: [DropReason: Int] { ledger.counts }

    /// Connections that did not come about, by reason.
    package var handshakeFailures: [HandshakeFailure: Int] { handshakes.counts }

    /// What was dropped and refused since the start, under the names by which operators know it;
    /// reasons that never occurred are 0.
    package var counts: [String: Int] {
        var counts = ["ogive_keys_unreadable_total": security?.authorized.failures ?? 0]
        let dropped = dropped
        for reason in DropReason.allCases {
            counts["ogive_dropped_messages_total{reason=\(reason.rawValue)}"] =
                dropped[reason] ?? 0
        }
        let failures = handshakeFailures
        for failure in HandshakeFailure.allCases {
            counts["ogive_handshake_failures_total{reason=\(failure.rawValue)}"] =
                failures[failure] ?? 0
        }
        return counts
    }

    /// Queues messages, in order for each worker, and answers for each what became of it.
    ///
    /// After `full`, later messages of the batch for the same worker are still tried.
    package func send(_ messages: [ToWorker]) async -> [SendOutcome] {
        let outgoing = await encode(messages)
        let results = await channel.send(batch: outgoing.compactMap(\.frames))
        return outgoing.outcomes(results, of: messages.count)
    }

    /// What is sent. Leases for one worker go together, from the place of the first one on, unless
    /// it is sent something else in between. Off the caller's actor.
    @concurrent private func encode(_ messages: [ToWorker]) async -> [Outgoing] {
        var outgoing: [Outgoing] = []
        var open: [WorkerID: (place: Int, batch: EnvelopeBatch)] = [:]
        for (place, message) in messages.enumerated() {
            let worker = message.worker
            guard case .lease(let lease) = message.message else {
                if let (place, batch) = open.removeValue(forKey: worker) {
                    seal(&outgoing[place], batch, for: worker)
                }
                outgoing.append(Outgoing([place], frames(of: message), unsent: unsent(worker)))
                continue
            }
            do throws(WireError) {
                if case (let at, var batch)? = open.removeValue(forKey: worker) {
                    // Also of one that cannot be sent: the others can.
                    defer { open[worker] = (at, batch) }
                    if try batch.add(lease) {
                        outgoing[at].places.append(place)
                        continue
                    }
                    seal(&outgoing[at], batch, for: worker)
                }
                var batch = EnvelopeBatch(worker: worker, term: term.value)
                _ = try batch.add(lease)
                open[worker] = (outgoing.count, batch)
                outgoing.append(Outgoing([place], nil))
            } catch {
                ledger.unsendable(to: worker.description, because: error.message)
                outgoing.append(Outgoing([place], nil))
            }
        }
        for (worker, (place, batch)) in open { seal(&outgoing[place], batch, for: worker) }
        return outgoing
    }

    /// Puts the frames of leases into their place.
    private func seal(_ outgoing: inout Outgoing, _ batch: EnvelopeBatch, for worker: WorkerID) {
        outgoing.unsent = unsent(worker)
        outgoing.frames = frames(for: worker) { () throws(WireError) in try batch.encoded() }
    }

    /// The frames of a message; `nil` for what cannot be sent, or must not.
    private func frames(of message: ToWorker) -> [[UInt8]]? {
        if case .welcome(let welcome) = message.message { term.value = welcome.term }
        let envelope = CoordinatorEnvelope(
            worker: message.worker, term: term.value, message: message.message)
        return frames(for: message.worker) { () throws(WireError) in try envelope.encoded() }
    }

    private func frames(
        for worker: WorkerID, _ bytes: () throws(WireError) -> [UInt8]
    ) -> [[UInt8]]? {
        // Prompts are nothing for a key that was revoked.
        if peerGuard?.isRevoked(worker) == true { return nil }
        do throws(WireError) {
            return [worker.bytes, try bytes()]
        } catch {
            ledger.unsendable(to: worker.description, because: error.message)
            return nil
        }
    }

    /// What becomes of a message that is not given to the socket.
    private func unsent(_ worker: WorkerID) -> SendOutcome {
        peerGuard?.isRevoked(worker) == true ? .unreachable : .tooLarge
    }
}

extension ZeroMQCoordinatorTransport {
    /// Proves on the bound socket itself that it authenticates: a key made up for this test gets in
    /// while it is authorised, and another one does not. Without keys there is nothing to prove.
    ///
    /// Takes the very socket that workers connect to, because a second one with the same options
    /// would prove nothing about the order in which this one got them, or about its domain.
    ///
    /// - Throws: `unguarded` when an unknown key gets in or none does, `closed`, `socket`.
    package func selfTest() async throws(TransportError) {
        guard let security else { return }
        let address = Self.reachable(try await address())
        let temporary = try KeyPair.generate(name: "self-test")
        let accepted = try await security.authorized.withTemporaryKey(temporary.publicKey) {
            () async throws(TransportError) in
            try await handshake(address, as: temporary, security)
        }
        try Self.check(authorized: accepted, at: address)
        let unknown = try KeyPair.generate(name: "unknown")
        handshakes.expectRefusal()
        try Self.check(
            unknown: try await handshake(address, as: unknown, security), at: address)
    }

    /// Throws `unguarded` unless an authorised key got in.
    static func check(
        authorized outcome: HandshakeProbe.Outcome, at address: String
    ) throws(TransportError) {
        guard outcome != .accepted else { return }
        throw TransportError(
            .unguarded,
            "the authentication at \(address) does not let authorised keys in (\(outcome)): no"
                + " worker could connect")
    }

    /// Throws `unguarded` unless an unknown key was refused.
    static func check(
        unknown outcome: HandshakeProbe.Outcome, at address: String
    ) throws(TransportError) {
        if case .refused = outcome { return }
        throw TransportError(
            .unguarded,
            "the authentication at \(address) does not refuse an unknown key (\(outcome)):"
                + " anybody could take work and deliver results")
    }

    /// Waits until nobody new can be let in any more, and throws `unguarded` then; returns when the
    /// transport is closed or the task is cancelled. For one caller.
    ///
    /// Workers that are connected are served meanwhile, and every new handshake is refused.
    package func untilUnguarded() async throws(TransportError) {
        guard let failure = await channel.untilAuthenticationFails() else { return }
        throw Self.unguarded(failure)
    }

    /// Why nobody new can be let in; `nil` while all is well.
    package var trouble: TransportError? { channel.authenticationFailure.map(Self.unguarded) }

    private static func unguarded(_ failure: ZeroMQError) -> TransportError {
        TransportError(.unguarded, "\(failure): start the coordinator again")
    }

    private func handshake(
        _ address: String, as pair: KeyPair, _ security: CoordinatorSecurity
    ) async throws(TransportError) -> HandshakeProbe.Outcome {
        do {
            return try await HandshakeProbe().handshake(
                address,
                options: [
                    .curveClient(server: security.pair.publicKey.value, own: pair.value),
                    .ipv6(address.hasPrefix("tcp://[")),
                    .handshakeInterval(configuration.handshakeMax),
                ], within: configuration.handshakeMax * 2)
        } catch {
            throw TransportError(error)
        }
    }

    /// The bound address as this machine itself reaches it.
    private static func reachable(_ address: String) -> String {
        address.replacing("tcp://0.0.0.0:", with: "tcp://127.0.0.1:")
            .replacing("tcp://[::]:", with: "tcp://[::1]:")
    }
}
