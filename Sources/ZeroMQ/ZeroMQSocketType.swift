import CZeroMQ

/// The messaging pattern of a socket.
package enum ZeroMQSocketType: Sendable, CaseIterable {
    /// Addresses each peer by the first frame of a message.
    case router
    /// Talks to one router, or spreads its messages over several peers.
    case dealer
    /// One peer, both ways.
    case pair
    /// Asks, then waits for the answer.
    case request
    /// Waits for a question, then answers.
    case reply
    /// Spreads messages to all that subscribed.
    case publish
    /// Receives what it subscribed to.
    case subscribe
    /// Hands out work.
    case push
    /// Takes work.
    case pull

    var number: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .pair: ZMQ_PAIR
        case .request: ZMQ_REQ
        case .reply: ZMQ_REP
        case .publish: ZMQ_PUB
        case .subscribe: ZMQ_SUB
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        }
    }
}
