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
    private(set) var lent = 0
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
            lent += 1
            return .use(connection)
        }
        if lent < size {
            lent += 1
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
        lent -= 1
        if isClosed { return .discard }
        idle.append(connection)
        return .keep
    }

    /// Gives the place of a dead connection to who waits.
    mutating func vacate() -> Waiter? {
        if !waiters.isEmpty { return waiters.removeFirst().waiter }
        lent -= 1
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
