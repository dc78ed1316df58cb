/// What became of a message that was to be sent. None of these says that it arrived.
package enum ZeroMQSendResult: Sendable, Equatable {
    /// libzmq took all frames.
    case sent
    /// Nothing was taken: the high-water mark is reached, or no peer is there.
    case wouldBlock
    /// Nothing was taken: a router with `routerMandatory` has no such peer, or no longer.
    case unreachable
    /// Nothing was taken: the channel is not open yet, or not any more.
    case notOpen
}
