internal import NIOCore
internal import Synchronization

/// One client of a proxy and its connection to the server.
final class ProxyConnection: Sendable {
    private let client: any Channel
    private let server: any Channel
    private let proxy: FaultProxy

    init(client: any Channel, server: any Channel, proxy: FaultProxy) {
        self.client = client
        self.server = server
        self.proxy = proxy
    }

    /// Begins to carry bytes.
    func begin() -> EventLoopFuture<Void> {
        let up = RelayHandler(.up, to: server, connection: self, proxy: proxy)
        let down = RelayHandler(.down, to: client, connection: self, proxy: proxy)
        server.closeFuture.whenComplete { _ in self.close() }
        client.closeFuture.whenComplete { _ in self.close() }
        return client.pipeline.addHandler(up).flatMap {
            self.server.pipeline.addHandler(down)
        }.map { self.wake() }
    }

    /// Looks at the faults again.
    func wake() {
        client.pipeline.fireUserInboundEventTriggered(RelayHandler.Wake())
        server.pipeline.fireUserInboundEventTriggered(RelayHandler.Wake())
    }

    /// Closes both sides.
    func close() {
        proxy.forget(self)
        client.close(promise: nil)
        server.close(promise: nil)
    }

    /// What happens to a COMMIT of this connection is decided for both directions.
    let commit = Mutex<FaultProxy.CommitFault?>(nil)
}

/// Carries the bytes of one direction.
final class RelayHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The faults may have changed.
    struct Wake: Sendable {}

    private struct State {
        var isReading = false
        var messages = FrontendMessages()
    }

    private let direction: FaultProxy.Direction
    private let peer: any Channel
    private let connection: ProxyConnection
    private let proxy: FaultProxy
    private let state = Mutex(State())

    init(
        _ direction: FaultProxy.Direction, to peer: any Channel, connection: ProxyConnection,
        proxy: FaultProxy
    ) {
        self.direction = direction
        self.peer = peer
        self.connection = connection
        self.proxy = proxy
    }

    func channelActive(context: ChannelHandlerContext) {
        readOn(context.channel)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Wake { readOn(context.channel) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let channel = context.channel
        let pause = proxy.state.withLock { state in
            guard direction == .down, let rate = state.bytesPerSecond else { return nil as Double? }
            return Double(bytes.readableBytes) / Double(max(1, rate))
        }
        let passed = pass(bytes)
        guard passed.readableBytes > 0 else {
            finishRead(channel, after: pause)
            return
        }
        peer.writeAndFlush(passed).whenComplete { result in
            switch result {
            case .success: self.finishRead(channel, after: pause)
            case .failure: self.connection.close()
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.close()
    }

    private func finishRead(_ channel: any Channel, after pause: Double?) {
        let next: @Sendable () -> Void = {
            self.state.withLock { $0.isReading = false }
            self.readOn(channel)
        }
        guard let pause else { return next() }
        channel.eventLoop.scheduleTask(in: .milliseconds(Int64(pause * 1000)), next)
    }

    /// Asks for more bytes, unless a fault holds them.
    private func readOn(_ channel: any Channel) {
        let isHeld = proxy.state.withLock { $0.heldDirections.contains(direction) }
        let isStopped = direction == .up && connection.commit.withLock { $0 != nil }
        guard channel.isActive, !isHeld, !isStopped else { return }
        let isNew = state.withLock { state in
            defer { state.isReading = true }
            return !state.isReading
        }
        if isNew { channel.read() }
    }

    /// The bytes that may go on.
    private func pass(_ bytes: ByteBuffer) -> ByteBuffer {
        switch direction {
        case .down:
            guard connection.commit.withLock({ $0 }) == .after else { return bytes }
            // The server has answered, so it has committed.
            proxy.state.withLock { $0.isCommitHeld = true }
            return ByteBuffer()
        case .up:
            guard
                let end = state.withLock({ $0.messages.landingCommit(in: bytes) }),
                let fault = proxy.state.withLock({ $0.commitFault.take() })
            else { return bytes }
            connection.commit.withLock { $0 = fault }
            switch fault {
            case .after: return bytes
            case .before:
                proxy.state.withLock { $0.isCommitHeld = true }
                return bytes.getSlice(at: bytes.readerIndex, length: end) ?? ByteBuffer()
            }
        }
    }
}
