internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Many TCP connections that say nothing, each kept until the other side or `close()` ends it.
package final class IdleConnections: Sendable {
    private let channels: [any Channel]

    /// Connects to a port of 127.0.0.1.
    package static func connect(_ count: Int, to port: Int) async throws -> IdleConnections {
        try raiseLimit(toHold: count)
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(60))
        var channels: [any Channel] = []
        // Some at a time, as the system queues only some that were not accepted yet.
        while channels.count < count {
            let pending = (0..<min(50, count - channels.count)).map { _ in
                bootstrap.connect(host: "127.0.0.1", port: port)
            }
            for connection in pending { channels.append(try await connection.get()) }
        }
        return IdleConnections(channels: channels)
    }

    private init(channels: [any Channel]) {
        self.channels = channels
    }

    /// How many are still connected.
    package var connected: Int { channels.count(where: \.isActive) }

    /// Ends them all.
    package func close() async {
        for channel in channels {
            // The other side may have ended it.
            try? await channel.close()
        }
    }

    /// The tests hold one end of every connection.
    private static func raiseLimit(toHold count: Int) throws {
        var limits = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // Sound: the call fills the structure that it is given.
        _ = unsafe getrlimit(resource, &limits)
        guard limits.rlim_cur < count + 1_000 else { return }
        limits.rlim_cur = limits.rlim_max
        // Sound: the call reads the structure.
        guard unsafe setrlimit(resource, &limits) == 0, limits.rlim_max > count else {
            throw Unexpected("\(limits.rlim_max) descriptors are too few for \(count) connections")
        }
    }
}
