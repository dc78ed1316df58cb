/// A socket option with its value; each is checked for its range when it is set.
package enum ZeroMQOption: Sendable, Equatable {
    /// How long unsent messages outlive the closed socket, at most `lingerMax`.
    case linger(Duration)
    /// The most messages queued for a peer, at least 1: libzmq's 0, no bound, is refused.
    case sendHighWaterMark(Int)
    /// The most messages queued from a peer, at least 1.
    case receiveHighWaterMark(Int)
    /// The name under which a router knows this socket, 1 to 255 bytes.
    case routingID([UInt8])
    /// A router reports unknown peers and full queues; without it, it drops silently.
    case routerMandatory(Bool)
    /// A router lets a new connection take over a routing id; without it, the new one is ignored.
    case routerHandover(Bool)
    /// Queue only for completed connections.
    case immediate(Bool)
    /// How often to ping the peer; zero is never.
    case heartbeatInterval(Duration)
    /// How long to wait for any traffic after a ping before the connection is given up.
    case heartbeatTimeout(Duration)
    /// How long the *peer* waits for traffic, at most `heartbeatTimeToLiveMax`.
    case heartbeatTimeToLive(Duration)
    /// How long a new connection may take for its handshake; zero is for ever.
    case handshakeInterval(Duration)
    /// How long to wait before connecting again.
    case reconnectInterval(Duration)
    /// Up to where the wait doubles at each failure; zero is no doubling.
    case reconnectIntervalMax(Duration)
    /// The longest frame, in bytes, that a peer may send: beyond it, it is disconnected.
    case frameBytesMax(Int)
    /// A prefix of what a subscriber wants to receive; empty is all.
    case subscription([UInt8])
    /// CURVE, server side: the server's own secret key.
    case curveServer(ZeroMQSecretKey)
    /// CURVE, client side: the server's public key and the client's own pair.
    case curveClient(server: ZeroMQPublicKey, own: ZeroMQKeyPair)
    /// The domain that the authentication handler is asked about; never empty, as libzmq skips the
    /// handler for an empty one.
    case authenticationDomain(String)
    /// Whether connections are refused while no authentication handler runs.
    case authenticationEnforced(Bool)

    /// Whether addresses of IP version 6 may be bound and connected.
    case ipv6(Bool)

    /// How long a TCP connection may be silent before the system asks four times, every 15 s,
    /// whether the other side is there; whole seconds.
    case tcpKeepAlive(Duration)

    /// The longest linger: a process must not hang at its end.
    package static let lingerMax = Duration.seconds(60)
    /// The longest time to live: libzmq keeps it in 16 bits of tenths of a second, badly, and peers
    /// flap beyond 65.5 s.
    package static let heartbeatTimeToLiveMax = Duration.seconds(60)
}
