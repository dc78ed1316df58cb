internal import Synchronization

/// A bounded set of connections, each used by one task at a time, first come, first served.
///
/// A broken connection is replaced; while the server is away, attempts are spaced out and callers
/// wait until their deadline.
package final class PostgresPool: Sendable {
    private let configuration: PostgresConfiguration
    private let acquireTimeout: Duration
    private let state: Mutex<PoolState>

    /// Makes a pool of at most `size` connections; none is opened yet. A caller waits at most
    /// `acquireTimeout` for a connection.
    package init(
        _ configuration: PostgresConfiguration, size: Int,
        acquireTimeout: Duration = .seconds(30)
    ) {
        precondition(size > 0, "a pool has at least one connection")
        self.configuration = configuration
        self.acquireTimeout = acquireTimeout
        state = Mutex(PoolState(size: size))
    }

    /// How many connections are in use, idle and waited for.
    package var counts: (inUse: Int, idle: Int, waiting: Int) {
        state.withLock { ($0.inUse, $0.idle.count, $0.waiters.count) }
    }

    /// Lends a connection to `body`. Throws `poolTimeout`, `poolClosed`, `cancelled`, a connection
    /// error, or what `body` throws.
    package func withConnection<T>(
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let connection = try await acquire()
        do {
            let value = try await body(connection)
            await release(connection)
            return value
        } catch {
            if (error as? PostgresError)?.recovery == .reconnect {
                // The session may live on where nothing can be written any more, while another
                // server has taken over.
                await connection.close()
            }
            await release(connection)
            throw error
        }
    }

    /// Closes the idle connections and refuses new callers; those in use are closed when they
    /// return.
    package func close() async {
        let (idle, waiters) = state.withLock { $0.close() }
        for waiter in waiters { waiter.resume(returning: .closed) }
        for connection in idle { await connection.close() }
    }

    private func acquire() async throws -> PostgresConnection {
        let deadline = ContinuousClock.now + acquireTimeout
        switch await grant(until: deadline) {
        case .use(let connection):
            if await connection.isHealthy { return connection }
            await connection.close()
            return try await connect(until: deadline)
        case .connect:
            return try await connect(until: deadline)
        case .closed:
            throw PostgresError(.poolClosed, "The connection pool is closed.")
        case .late:
            throw PostgresError(
                .poolTimeout,
                "No connection to \(configuration.description) became free within "
                    + "\(acquireTimeout). Raise the size of the pool or find what holds them.")
        case .cancelled:
            throw PostgresError(.cancelled, "Waiting for a connection was cancelled.")
        }
    }

    /// Waits for a turn, with a second task as the alarm clock.
    private func grant(until deadline: ContinuousClock.Instant) async -> PoolState.Grant {
        let id = state.withLock { $0.makeID() }
        return await withTaskGroup(of: PoolState.Grant.self) { group in
            group.addTask { await self.turn(id) }
            group.addTask {
                do {
                    try await Task.sleep(until: deadline, clock: .continuous)
                    return .late
                } catch {
                    // The turn came first, or the caller was cancelled.
                    return .cancelled
                }
            }
            var answer = PoolState.Grant.cancelled
            for await grant in group {
                group.cancelAll()
                // A connection that was granted counts, also when the alarm rang with it.
                switch (answer, grant) {
                case (.cancelled, _), (.late, .use), (.late, .connect), (.late, .closed):
                    answer = grant
                default:
                    continue
                }
            }
            return answer
        }
    }

    private func turn(_ id: UInt64) async -> PoolState.Grant {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Looked at under the lock, or a cancellation just before queueing would be lost.
                let grant = state.withLock { state in
                    Task.isCancelled ? .cancelled : state.acquire(id, continuation)
                }
                if let grant { continuation.resume(returning: grant) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.remove(id) }
            waiter?.resume(returning: .cancelled)
        }
    }

    /// Opens a connection in the place that the caller holds; gives the place back on failure.
    private func connect(until deadline: ContinuousClock.Instant) async throws -> PostgresConnection
    {
        var failures = 0
        while true {
            do throws(PostgresError) {
                return try await PostgresConnection.connect(configuration)
            } catch {
                let pause = PoolState.pause(failures: failures)
                failures += 1
                guard error.isRetriable, ContinuousClock.now + pause < deadline else {
                    vacate()
                    throw error
                }
                do {
                    try await Task.sleep(for: pause)
                } catch let cancellation {
                    vacate()
                    throw PostgresError(
                        .cancelled, "Connecting was cancelled.", cause: cancellation)
                }
            }
        }
    }

    private func vacate() {
        let next = state.withLock { $0.vacate() }
        next?.resume(returning: .connect)
    }

    private func release(_ connection: PostgresConnection) async {
        if await connection.isHealthy {
            let decision = state.withLock { $0.release(connection) }
            switch decision {
            case .keep: return
            case .hand(let waiter): waiter.resume(returning: .use(connection))
            case .discard: await connection.close()
            }
        } else {
            await connection.close()
            vacate()
        }
    }
}

extension PostgresConnection {
    /// Whether the connection is idle, outside of a transaction, and its server there.
    var isHealthy: Bool { link?.isHealthy() ?? false }
}

/// What a pool knows: who has a connection and who waits for one. Decides; `PostgresPool` acts.
struct PoolState {
    typealias Waiter = CheckedContinuation<Grant, Never>

    /// The answer to who asks for a connection.
    enum Grant: Sendable {
        /// An idle connection, to be looked at first.
        case use(PostgresConnection)
        /// A place for a new connection.
        case connect
        /// The pool is closed.
        case closed
        /// The deadline passed.
        case late
        /// The caller was cancelled.
        case cancelled
    }

    /// What to do with a connection that came back.
    enum Return {
        /// Nothing: it is idle now.
        case keep
        /// Give it to who waits.
        case hand(Waiter)
        /// Close it.
        case discard
    }

    let size: Int
    private(set) var inUse = 0
    private(set) var idle: [PostgresConnection] = []
    private(set) var waiters: [(id: UInt64, waiter: Waiter)] = []
    private var isClosed = false
    private var lastID: UInt64 = 0

    init(size: Int) {
        self.size = size
    }

    mutating func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// Answers at once or, with nil, queues the caller.
    mutating func acquire(_ id: UInt64, _ waiter: Waiter) -> Grant? {
        if isClosed { return .closed }
        if let connection = idle.popLast() {
            inUse += 1
            return .use(connection)
        }
        if inUse < size {
            inUse += 1
            return .connect
        }
        waiters.append((id, waiter))
        return nil
    }

    /// Takes a caller out of the queue; nil when it has its answer already.
    mutating func remove(_ id: UInt64) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).waiter
    }

    mutating func release(_ connection: PostgresConnection) -> Return {
        if !waiters.isEmpty { return .hand(waiters.removeFirst().waiter) }
        inUse -= 1
        if isClosed { return .discard }
        idle.append(connection)
        return .keep
    }

    /// Gives the place of a dead connection to who waits.
    mutating func vacate() -> Waiter? {
        if !waiters.isEmpty { return waiters.removeFirst().waiter }
        inUse -= 1
        return nil
    }

    mutating func close() -> ([PostgresConnection], [Waiter]) {
        isClosed = true
        defer {
            idle = []
            waiters = []
        }
        return (idle, waiters.map(\.waiter))
    }

    /// The pause after a failed attempt: 100 ms doubled each time up to 3.2 s, and up to a
    /// quarter more so that a fleet does not come back all at once.
    static func pause(failures: Int) -> Duration {
        .milliseconds(100) * (1 << min(failures, 5)) * Double.random(in: 1...1.25)
    }
}
