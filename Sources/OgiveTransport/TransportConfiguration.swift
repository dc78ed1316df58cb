internal import OgiveWire
internal import ZeroMQ

/// The bounds and intervals of a transport.
package struct TransportConfiguration: Sendable {
    /// Most messages queued for one peer; at it, sending answers `full`. Choose it above the
    /// credit of a worker (`SchedulerLimits.creditMax`) and its unacknowledged results.
    package var sendQueueMax = 5_000
    /// Most messages queued from one peer, and then the peer's own queue fills.
    package var receiveQueueMax = 1_000
    /// Most received messages of all peers that wait to be taken from `incoming`.
    package var incomingMax = 10_000
    /// Most bytes of them; the last message may exceed it.
    package var incomingBytesMax = 128 << 20
    /// How long what is queued outlives the closed socket.
    package var linger = Duration.seconds(2)
    /// How long a connection may be silent before the system asks whether the other machine is
    /// still there.
    package var keepAlive = Duration.seconds(60)
    /// How often a worker probes its connection.
    package var probeInterval = Duration.seconds(5)
    /// A connection that does not answer a probe for so long is given up.
    package var probeTimeout = Duration.seconds(15)
    /// How long a new connection may take for its handshake.
    package var handshakeMax = Duration.seconds(5)
    /// A worker's first wait before it connects again; it doubles up to `reconnectMax`.
    package var reconnect = Duration.milliseconds(100)
    /// A worker's longest wait before it connects again.
    package var reconnectMax = Duration.seconds(1)
    /// A worker's longest wait after a handshake that failed: unlike a closed port, a wrong key
    /// costs the coordinator something.
    package var handshakeRetryMax = Duration.seconds(10)

    /// How often the authorised keys are looked at.
    package var keysInterval = Duration.seconds(1)
    /// Most workers whose keys a coordinator keeps in mind; beyond it, messages of further ones are
    /// dropped until others fell silent.
    package var ownersMax = 65_536
    /// How long a silent worker's routing id stays its key's own.
    package var ownerSilenceMax = Duration.seconds(600)

    /// The defaults.
    package init() {}

    /// The version of libzmq that this process runs with.
    package static var libraryVersion: String { ZeroMQSocket.libraryVersion }

    /// What both sides' sockets have in common.
    var options: [ZeroMQOption] {
        [
            .linger(linger),
            .sendHighWaterMark(sendQueueMax),
            .receiveHighWaterMark(receiveQueueMax),
            .tcpKeepAlive(keepAlive),
            .handshakeInterval(handshakeMax),
            .frameBytesMax(WireLimits.messageBytes),
        ]
    }

    /// What a worker's socket has beside: it probes, and makes the coordinator give it up.
    ///
    /// The coordinator must not probe: libzmq 4.3.4 aborts the process when its timer for probes
    /// meets a connection that failed while its input was held back, as it is at the high-water
    /// mark and after a routing id was taken over (`!_io_error` in `out_event`).
    var probes: [ZeroMQOption] {
        [
            .heartbeatInterval(probeInterval),
            .heartbeatTimeout(probeTimeout),
            // What the peer waits for: libzmq fails with times to live above a minute.
            .heartbeatTimeToLive(min(probeTimeout, ZeroMQOption.heartbeatTimeToLiveMax)),
        ]
    }

    func apply(to channel: inout ZeroMQChannelConfiguration) {
        channel.incomingMax = incomingMax
        channel.incomingBytesMax = incomingBytesMax
    }
}

/// What a coordinator proves itself with, and whom it lets in.
package struct CoordinatorSecurity: Sendable {
    /// The coordinator's own keys.
    package var pair: KeyPair
    /// The workers that may connect.
    package var authorized: AuthorizedKeys

    /// Joins both.
    package init(pair: KeyPair, authorized: AuthorizedKeys) {
        self.pair = pair
        self.authorized = authorized
    }
}

/// What a worker proves itself with, and by which keys it knows a coordinator.
package struct WorkerSecurity: Sendable {
    /// The worker's own keys.
    package var pair: KeyPair
    /// The keys of coordinators, tried one after the other; asked for again after each failure, so
    /// that a file may change meanwhile.
    package var coordinatorKeys: @Sendable () throws(TransportError) -> [PublicKey]

    /// Joins both.
    package init(
        pair: KeyPair,
        coordinatorKeys: @escaping @Sendable () throws(TransportError) -> [PublicKey]
    ) {
        self.pair = pair
        self.coordinatorKeys = coordinatorKeys
    }
}
