internal import ZeroMQ

extension ZeroMQCoordinatorTransport {
    /// Proves on the bound socket itself that the door is shut: a key made up for this test gets in
    /// while it is authorised, and another one does not. Without keys there is nothing to prove.
    ///
    /// Takes the very socket that workers connect to, because a second one with the same options
    /// would prove nothing about the order in which this one got them, or about its domain.
    ///
    /// - Throws: `unguarded` when a stranger gets in or nobody does, `closed`, `socket`.
    package func selfTest() async throws(TransportError) {
        guard let security else { return }
        let endpoint = Self.reachable(try await endpoint())
        let guest = try KeyPair.generate(name: "self-test")
        let invited = try await security.authorized.withGuest(guest.publicKey) {
            () async throws(TransportError) in
            try await handshake(endpoint, as: guest, security)
        }
        try Self.check(invited: invited, at: endpoint)
        let stranger = try KeyPair.generate(name: "stranger")
        handshakes.expectRefusal()
        try Self.check(
            stranger: try await handshake(endpoint, as: stranger, security), at: endpoint)
    }

    /// Throws `unguarded` unless an authorised key got in.
    static func check(
        invited outcome: HandshakeProbe.Outcome, at endpoint: String
    ) throws(TransportError) {
        guard outcome != .accepted else { return }
        throw TransportError(
            .unguarded,
            "the authentication at \(endpoint) does not let authorised keys in (\(outcome)): no"
                + " worker could connect")
    }

    /// Throws `unguarded` unless an unknown key was refused.
    static func check(
        stranger outcome: HandshakeProbe.Outcome, at endpoint: String
    ) throws(TransportError) {
        if case .refused = outcome { return }
        throw TransportError(
            .unguarded,
            "the authentication at \(endpoint) does not refuse an unknown key (\(outcome)):"
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
        _ endpoint: String, as pair: KeyPair, _ security: CoordinatorSecurity
    ) async throws(TransportError) -> HandshakeProbe.Outcome {
        do {
            return try await HandshakeProbe().handshake(
                endpoint,
                options: [
                    .curveClient(server: security.pair.publicKey.value, own: pair.value),
                    .ipv6(endpoint.hasPrefix("tcp://[")),
                    .handshakeInterval(configuration.handshakeMax),
                ], within: configuration.handshakeMax * 2)
        } catch {
            throw TransportError(error)
        }
    }

    /// The bound address as this machine itself reaches it.
    private static func reachable(_ endpoint: String) -> String {
        endpoint.replacing("tcp://0.0.0.0:", with: "tcp://127.0.0.1:")
            .replacing("tcp://[::]:", with: "tcp://[::1]:")
    }
}
