/// What a channel opens, and the bounds it keeps.
package struct ZeroMQChannelConfiguration: Sendable {
    /// An address, and which side of it to take.
    package enum Endpoint: Sendable, Equatable {
        /// Listen there.
        case bind(String)
        /// Connect to it, again and again.
        case connect(String)
    }

    /// The name of the channel's thread; Linux shows its first 15 bytes.
    package var name: String
    /// The type of the socket.
    package var type: ZeroMQSocketType
    /// The socket's options, set before the endpoints are opened.
    package var options: [ZeroMQOption]
    /// What to bind and connect, in this order.
    package var endpoints: [Endpoint]
    /// Who may connect: together with `curveServer` among the options, and never without. The
    /// channel then asks it for every connection, and refuses all when it cannot.
    package var authorize: ZeroMQAuthorizer?
    /// Told of what becomes of connections, with the number of the socket, 1 and one more for each
    /// that replaces it; on a thread for this alone: it must return at once.
    package var observe: (@Sendable (ZeroMQSocketEvent, Int) -> Void)?
    /// Received messages that wait for the consumer; at the bound the channel stops reading,
    /// libzmq's queue fills, and then the peer's.
    package var incomingMax = 10_000
    /// The bytes of such messages; the last message may exceed it.
    package var incomingBytesMax = 64 << 20
    /// The most messages received before the channel looks at what else there is to do, and
    /// likewise the most requests to send that it takes at a time.
    package var batchMax = 1_000

    /// A channel with default bounds.
    package init(
        name: String, type: ZeroMQSocketType, options: [ZeroMQOption] = [], endpoints: [Endpoint]
    ) {
        self.name = name
        self.type = type
        self.options = options
        self.endpoints = endpoints
    }

    /// What the first socket is opened with.
    var plan: SocketPlan { SocketPlan(options: options, endpoints: endpoints) }

    /// Whether the channel has a server's key.
    var isCurveServer: Bool {
        options.contains { option in
            if case .curveServer = option { true } else { false }
        }
    }
}

/// What a socket of a channel is opened with.
struct SocketPlan: Sendable {
    let options: [ZeroMQOption]
    let endpoints: [ZeroMQChannelConfiguration.Endpoint]
}
