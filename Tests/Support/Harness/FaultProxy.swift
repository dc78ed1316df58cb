internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy on loopback whose faults are switched while it runs.
///
/// Held bytes stay in the sockets, as in a network that has swallowed them: both ends see a
/// connection that lives and brings nothing.
package final class FaultProxy: Sendable {
    /// Where bytes go.
    package enum Direction: Sendable, CaseIterable {
        /// From the client to the server.
        case up
        /// From the server to the client.
        case down
    }

    /// Where a connection stops that lands results.
    package enum CommitFault: Sendable, CaseIterable {
        /// The server never sees the COMMIT.
        case before
        /// The server has committed, and its reply is swallowed.
        case after
    }

    struct State {
        var connections: [ObjectIdentifier: ProxyConnection] = [:]
        var heldDirections: Set<Direction> = []
        var bytesPerSecond: Int?
        var isRefusing = false
        var commitFault: CommitFault?
        var isCommitHeld = false
        var accepted = 0
    }

    let state = Mutex(State())
    /// One thread for all connections: what they share needs no order of its own.
    let loop: any EventLoop
    private let listener: Mutex<(any Channel)?>
    private let portCell: Mutex<Int>

    /// Where clients connect.
    package var port: Int { portCell.withLock { $0 } }

    /// Listens on a free port, and connects to `port` for each client.
    package static func start(to port: Int) async throws -> FaultProxy {
        let proxy = FaultProxy()
        let channel = try await ServerBootstrap(group: proxy.loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                proxy.connect(client, to: port)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.listener.withLock { $0 = channel }
        proxy.portCell.withLock { $0 = channel.localAddress?.port ?? 0 }
        return proxy
    }

    private init() {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        listener = Mutex(nil)
        portCell = Mutex(0)
    }

    /// How many connections there were so far.
    package var accepted: Int { state.withLock { $0.accepted } }

    /// Whether a COMMIT has met its fault.
    package var isCommitHeld: Bool { state.withLock { $0.isCommitHeld } }

    /// Nothing passes in these directions until they are released.
    package func hold(_ directions: Set<Direction>) {
        state.withLock { $0.heldDirections = directions }
        wake()
    }

    /// Everything passes again.
    package func release() { hold([]) }

    /// Lets only so many bytes a second through from the server; `nil` lifts it.
    package func limitDown(bytesPerSecond: Int?) {
        state.withLock { $0.bytesPerSecond = bytesPerSecond }
        wake()
    }

    /// Closes new connections at once, or no more.
    package func refuse(_ isRefusing: Bool) {
        state.withLock { $0.isRefusing = isRefusing }
    }

    /// Stops the next connection that has copied results at its COMMIT, once.
    package func stopCommit(_ fault: CommitFault) {
        state.withLock {
            $0.commitFault = fault
            $0.isCommitHeld = false
        }
    }

    /// Stops no COMMIT any more, and closes the connection of one that it has stopped.
    package func releaseCommits() {
        state.withLock { $0.commitFault = nil }
        if isCommitHeld { cut() }
    }

    /// Closes all connections at once; what they hold is lost.
    package func cut() {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections { connection.close() }
    }

    /// Ends the proxy.
    package func stop() async throws {
        let channel = listener.withLock { $0.take() }
        try await channel?.close()
        cut()
    }

    private func wake() {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections { connection.wake() }
    }

    private func connect(_ client: any Channel, to port: Int) -> EventLoopFuture<Void> {
        let isRefusing = state.withLock { state in
            state.accepted += 1
            return state.isRefusing
        }
        if isRefusing { return client.close() }
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port)
            .flatMap { server in
                let connection = ProxyConnection(client: client, server: server, proxy: self)
                self.state.withLock { $0.connections[ObjectIdentifier(connection)] = connection }
                return connection.begin()
            }
            .flatMapError { _ in client.close() }
    }

    func forget(_ connection: ProxyConnection) {
        _ = state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
    }
}
