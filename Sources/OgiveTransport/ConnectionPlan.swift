internal import ZeroMQ

/// What a worker does about a connection that does not come about. Pure.
///
/// libzmq connects again by itself while nobody listens; after a failed handshake the socket is
/// made anew, because libzmq gives up after a refusal and would use the same keys for ever.
struct ConnectionPlan {
    /// Why there is no connection, while there is none.
    private(set) var obstacle: ZeroMQSocketEvent?
    private let delayFirst: Duration
    private let delayMax: Duration
    private var delay: Duration
    /// The socket whose events count: those of a replaced one come late and say nothing.
    private var socket = 1

    init(delayFirst: Duration, delayMax: Duration) {
        self.delayFirst = delayFirst
        self.delayMax = delayMax
        delay = delayFirst
    }

    /// Takes in an event; after the time that is returned, the socket is to be replaced.
    mutating func handle(_ event: ZeroMQSocketEvent, of number: Int) -> Duration? {
        guard number >= socket else { return nil }
        switch event {
        case .handshakeSucceeded:
            obstacle = nil
            delay = delayFirst
            return nil
        case .refused, .protocolFailed, .handshakeFailed:
            obstacle = event
            socket = number + 1
            defer { delay = min(delay * 2, delayMax) }
            return delay
        case .retried:
            // Nobody listens any more: what somebody said before is no reason now.
            obstacle = nil
            return nil
        case .accepted, .acceptFailed, .connected, .disconnected:
            return nil
        }
    }
}
