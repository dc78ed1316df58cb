import CZeroMQ

/// What a socket's monitor tells of one of its connections.
package enum ZeroMQSocketEvent: Sendable, Hashable {
    /// A listener accepted a connection, which proves nothing yet.
    case accepted
    /// A listener could not accept: descriptors or memory ran out.
    case acceptFailed
    /// A connection stands, and its handshake begins.
    case connected
    /// Nobody listened; it is tried again.
    case retried
    /// Both sides know each other: messages may pass.
    case handshakeSucceeded
    /// The handshake failed: refused by the authentication, with ZAP's status code.
    case refused(status: Int)
    /// The handshake failed: the peer breaks the protocol, or proves another key; the number is
    /// one of libzmq's.
    case protocolFailed(Int)
    /// The handshake failed without a reason: the peer went away, or took too long.
    case handshakeFailed
    /// A connection ended.
    case disconnected

    /// The events that a monitor asks for.
    static let mask =
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_CONNECTED
        | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL

    /// Reads the first frame of a monitor's message: 16 bits of event, 32 bits of value, in the
    /// machine's order. Nil for what is not asked for.
    init?(frame: [UInt8]) {
        guard frame.count == 6 else { return nil }
        let number = Int32(frame[0]) | Int32(frame[1]) << 8
        let value = frame[2...].enumerated().reduce(UInt32(0)) {
            $0 | UInt32($1.element) << UInt32(8 * $1.offset)
        }
        switch number {
        case ZMQ_EVENT_ACCEPTED: self = .accepted
        case ZMQ_EVENT_ACCEPT_FAILED: self = .acceptFailed
        case ZMQ_EVENT_CONNECTED: self = .connected
        case ZMQ_EVENT_CONNECT_RETRIED: self = .retried
        case ZMQ_EVENT_DISCONNECTED: self = .disconnected
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .refused(status: Int(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: self = .protocolFailed(Int(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .handshakeFailed
        default: return nil
        }
    }
}
