import CZeroMQ

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

/// The number of `ZMQ_ZAP_ENFORCE_DOMAIN`: a draft in `zmq.h`, yet in force in the stable library.
private let zapEnforceDomain: Int32 = 93

extension ZeroMQSocket {
    /// Sets an option; most only affect addresses that are bound or connected afterwards.
    ///
    /// - Throws: `invalidOption` when the value is out of range or the socket's type lacks it.
    package borrowing func set(_ option: ZeroMQOption) throws(ZeroMQError) {
        switch option {
        case .linger(let time):
            try set(ZMQ_LINGER, time, "linger", max: ZeroMQOption.lingerMax)
        case .sendHighWaterMark(let count):
            try set(ZMQ_SNDHWM, count, "send high-water mark", 1...Int(Int32.max))
        case .receiveHighWaterMark(let count):
            try set(ZMQ_RCVHWM, count, "receive high-water mark", 1...Int(Int32.max))
        case .frameBytesMax(let count):
            try set(frameBytesMax: count)
        case .routingID(let id):
            try set(routingID: id)
        case .subscription(let prefix):
            try set(ZMQ_SUBSCRIBE, bytes: prefix, "subscription")
        case .routerMandatory, .routerHandover, .immediate, .authenticationEnforced, .ipv6:
            try setFlag(option)
        case .curveServer, .curveClient, .authenticationDomain:
            try setSecurity(option)
        default:
            try setTime(option)
        }
    }

    private borrowing func setFlag(_ option: ZeroMQOption) throws(ZeroMQError) {
        switch option {
        case .routerMandatory(let flag):
            try set(ZMQ_ROUTER_MANDATORY, flag ? 1 : 0, "router mandatory", 0...1)
        case .routerHandover(let flag):
            try set(ZMQ_ROUTER_HANDOVER, flag ? 1 : 0, "router handover", 0...1)
        case .immediate(let flag):
            try set(ZMQ_IMMEDIATE, flag ? 1 : 0, "immediate", 0...1)
        case .authenticationEnforced(let flag):
            try set(zapEnforceDomain, flag ? 1 : 0, "authentication enforced", 0...1)
        case .ipv6(let flag):
            try set(ZMQ_IPV6, flag ? 1 : 0, "IP version 6", 0...1)
        default:
            preconditionFailure("not a flag")
        }
    }

    private borrowing func setTime(_ option: ZeroMQOption) throws(ZeroMQError) {
        switch option {
        case .heartbeatInterval(let time):
            try set(ZMQ_HEARTBEAT_IVL, time, "heartbeat interval")
        case .heartbeatTimeout(let time):
            try set(ZMQ_HEARTBEAT_TIMEOUT, time, "heartbeat timeout")
        case .heartbeatTimeToLive(let time):
            try set(
                ZMQ_HEARTBEAT_TTL, time, "heartbeat time to live",
                max: ZeroMQOption.heartbeatTimeToLiveMax)
        case .handshakeInterval(let time):
            try set(ZMQ_HANDSHAKE_IVL, time, "handshake interval")
        case .tcpKeepAlive(let time):
            let seconds = Int(time.components.seconds)
            try set(ZMQ_TCP_KEEPALIVE_IDLE, seconds, "keep-alive", 1...32_767)
            try set(ZMQ_TCP_KEEPALIVE_INTVL, 15, "keep-alive interval", 1...32_767)
            try set(ZMQ_TCP_KEEPALIVE_CNT, 4, "keep-alive count", 1...127)
            try set(ZMQ_TCP_KEEPALIVE, 1, "keep-alive", 0...1)
        case .reconnectInterval(let time):
            try set(ZMQ_RECONNECT_IVL, time, "reconnect interval")
        case .reconnectIntervalMax(let time):
            try set(ZMQ_RECONNECT_IVL_MAX, time, "reconnect interval, maximum")
        default:
            preconditionFailure("not a time")
        }
    }

    private borrowing func setSecurity(_ option: ZeroMQOption) throws(ZeroMQError) {
        switch option {
        case .curveServer(let secret):
            try set(ZMQ_CURVE_SERVER, 1, "CURVE server", 0...1)
            try set(ZMQ_CURVE_SECRETKEY, bytes: secret.bytes, "secret key")
        case .curveClient(let server, let own):
            try set(ZMQ_CURVE_SERVERKEY, bytes: server.bytes, "server key")
            try set(ZMQ_CURVE_PUBLICKEY, bytes: own.publicKey.bytes, "public key")
            try set(ZMQ_CURVE_SECRETKEY, bytes: own.secretKey.bytes, "secret key")
        case .authenticationDomain(let domain):
            guard !domain.isEmpty else {
                throw ZeroMQError(
                    .invalidOption,
                    "authentication domain is empty: libzmq would skip authentication; name one")
            }
            try set(ZMQ_ZAP_DOMAIN, bytes: Array(domain.utf8), "authentication domain")
        default:
            preconditionFailure("not about security")
        }
    }

    private borrowing func set(routingID id: [UInt8]) throws(ZeroMQError) {
        // libzmq makes up ids of its own with five bytes, the first of them zero.
        guard (1...255).contains(id.count), id.count != 5 || id.first != 0 else {
            throw ZeroMQError(
                .invalidOption,
                "routing id of \(id.count) bytes refused: use 1 to 255, and no zero first of five")
        }
        try set(ZMQ_ROUTING_ID, bytes: id, "routing id")
    }

    private borrowing func set(frameBytesMax count: Int) throws(ZeroMQError) {
        guard count >= 1 else {
            throw ZeroMQError(
                .invalidOption, "longest frame of \(count) bytes refused: use 1 or more")
        }
        var value = Int64(count)
        // Sound: own handle; the length is that of the live local.
        let code = unsafe zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &value, MemoryLayout<Int64>.size)
        try check(code, "longest frame")
    }

    private borrowing func set(
        _ number: Int32, _ time: Duration, _ name: String,
        max: Duration = .milliseconds(Int(Int32.max))
    ) throws(ZeroMQError) {
        guard time >= .zero, time <= max else {
            throw ZeroMQError(.invalidOption, "\(name) of \(time) refused: use zero to \(max)")
        }
        try set(number, Int(time.millisecondsRoundedUp), name, 0...Int(Int32.max))
    }

    private borrowing func set(
        _ number: Int32, _ count: Int, _ name: String, _ range: ClosedRange<Int>
    ) throws(ZeroMQError) {
        guard range.contains(count), var value = Int32(exactly: count) else {
            throw ZeroMQError(
                .invalidOption,
                "\(name) of \(count) refused: use \(range.lowerBound) to \(range.upperBound)")
        }
        // Sound: own handle; the length is that of the live local.
        let code = unsafe zmq_setsockopt(handle, number, &value, MemoryLayout<Int32>.size)
        try check(code, name)
    }

    private borrowing func set(
        _ number: Int32, bytes: [UInt8], _ name: String
    ) throws(ZeroMQError) {
        // Sound: own handle; libzmq copies as many bytes as the array has.
        try check(unsafe zmq_setsockopt(handle, number, bytes, bytes.count), name)
    }

    private borrowing func check(_ code: Int32, _ name: String) throws(ZeroMQError) {
        guard code != 0 else { return }
        throw ZeroMQError(
            .invalidOption, "\(name) refused by libzmq for this type of socket",
            cause: ZeroMQErrno.last)
    }
}

extension Duration {
    /// Whole milliseconds, a begun one counted as whole: a positive time never becomes zero.
    var millisecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        let perMillisecond: Int64 = 1_000_000_000_000_000
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1000)
        guard !isTooLong else { return seconds < 0 ? .min : .max }
        let rest = (attoseconds + perMillisecond - 1) / perMillisecond
        return whole.addingReportingOverflow(rest).partialValue
    }
}
