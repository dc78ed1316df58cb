internal import OgiveCore
internal import ZeroMQ

/// A message as it is given to a socket, and which of the messages that were to be sent are in it.
struct Outgoing: Sendable {
    /// Their places among all that were to be sent.
    var places: [Int]
    /// The frames; `nil` for what is not given to the socket.
    var frames: [[UInt8]]?
    /// What became of it, where it is not given to the socket.
    var unsent: SendOutcome

    /// Joins the parts.
    init(_ places: [Int], _ frames: [[UInt8]]?, unsent: SendOutcome = .tooLarge) {
        self.places = places
        self.frames = frames
        self.unsent = unsent
    }
}

extension [Outgoing] {
    /// What became of each of `count` messages, by what became of those that were given to the
    /// socket, in their order.
    func outcomes(_ results: [ZeroMQSendResult], of count: Int) -> [SendOutcome] {
        var outcomes = [SendOutcome](repeating: .unreachable, count: count)
        var next = results.makeIterator()
        for message in self {
            let outcome =
                message.frames == nil ? message.unsent : SendOutcome(next.next() ?? .notOpen)
            for place in message.places { outcomes[place] = outcome }
        }
        return outcomes
    }
}
