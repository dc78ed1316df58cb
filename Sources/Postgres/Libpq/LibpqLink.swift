internal import CLibpq
internal import DedicatedThread
internal import Glibc
internal import Synchronization

/// One connection of libpq, used by one thread at a time: every call blocks that thread in
/// `poll`, which a cancellation or a deadline ends.
@safe final class LibpqLink {
    private let handle: LibpqConnectionHandle
    let wake: WakeDescriptor
    /// Whether the connection can no longer be used, although libpq may think otherwise.
    var isBroken = false
    /// How long the server may take to confirm a cancellation before the connection is given up.
    let grace: Duration
    /// How long the server may be silent during a statement before the connection is given up;
    /// nil is for ever.
    let silenceLimit: Duration?
    /// The statements that the server has prepared for this connection, and their names there.
    var prepared: [PreparedStatement: String] = [:]
    /// Part of these names: a session of a pooler may have statements of those before.
    var preparedSalt = UInt64.random(in: 0 ... .max)

    /// Begins to connect; `finishConnecting` does the rest.
    init(
        _ configuration: PostgresConfiguration, wake: WakeDescriptor
    ) throws(PostgresError) {
        let keywords = configuration.connectionKeywords
        let timeout = configuration.statementTimeout
        grace = configuration.grace
        // The server ends each statement in its time; a statement timeout of zero is none.
        silenceLimit = timeout > .zero ? timeout + grace : nil
        self.wake = wake
        var names = unsafe keywords.map { unsafe strdup($0.0) }
        var values = unsafe keywords.map { unsafe strdup($0.1) }
        defer {
            unsafe (names + values).forEach { text in unsafe free(text) }
        }
        unsafe names.append(nil)
        unsafe values.append(nil)
        let started = unsafe names.withUnsafeBufferPointer { names in
            unsafe values.withUnsafeBufferPointer { values in
                // Sound: both lists end with a null pointer and libpq copies them.
                unsafe names.withMemoryRebound(to: UnsafePointer<CChar>?.self) { names in
                    unsafe values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        unsafe PQconnectStartParams(names.baseAddress, values.baseAddress, 0)
                    }
                }
            }
        }
        // Only compared with null here.
        guard let started = unsafe started else {
            throw PostgresError(.configuration, "There is no memory for a database connection.")
        }
        // Sound here and below: the handle owns the connection and lives as long as `self`.
        handle = unsafe LibpqConnectionHandle(started)
        // Verbose messages carry the SQLSTATE, which libpq has no other way to tell while
        // connecting.
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        // libpq would print notices on standard error.
        unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
    }

    /// The connection, for calls of libpq that end before `self` does.
    var pointer: OpaquePointer { unsafe handle.pointer }

    /// The message of the last failure.
    var lastMessage: String {
        guard let text = unsafe PQerrorMessage(pointer) else { return "" }
        return unsafe String(cString: text)
    }

    /// Whether libpq still takes the connection for a good one.
    var isAlive: Bool {
        if isBroken { return false }
        return unsafe PQstatus(pointer) == CONNECTION_OK
    }

    var transactionStatus: PGTransactionStatusType { unsafe PQtransactionStatus(pointer) }

    /// The process id of the server's end.
    var backendProcessID: Int32 { unsafe PQbackendPID(pointer) }

    /// Drives the connection attempt to its end.
    func finishConnecting(
        until deadline: ContinuousClock.Instant, _ flag: CancellationFlag,
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) {
        // As libpq demands: begin as if it had asked to wait until the socket is writable.
        var state = PGRES_POLLING_WRITING
        while true {
            if unsafe PQstatus(pointer) == CONNECTION_BAD {
                throw ConnectionFailure(lastMessage).error(configuration)
            }
            switch state {
            case PGRES_POLLING_OK:
                // Sound, as is the call below: `self` owns the connection.
                unsafe PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
                unsafe PQsetnonblocking(pointer, 1)
                return
            case PGRES_POLLING_READING:
                try waitWhileConnecting(Int16(POLLIN), deadline, flag, configuration)
            case PGRES_POLLING_WRITING:
                try waitWhileConnecting(Int16(POLLOUT), deadline, flag, configuration)
            default:
                throw ConnectionFailure(lastMessage).error(configuration)
            }
            // Sound: the attempt was begun in `init` and has not ended.
            state = unsafe PQconnectPoll(pointer)
        }
    }

    private func waitWhileConnecting(
        _ events: Int16, _ deadline: ContinuousClock.Instant, _ flag: CancellationFlag,
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) {
        switch wait(for: events, until: deadline, flag) {
        case .ready:
            return
        case .cancelled:
            throw PostgresError(
                .cancelled, "Connecting to \(configuration.description) was cancelled.")
        case .late:
            throw PostgresError(
                .connectTimeout,
                "\(configuration.description) did not answer within "
                    + "\(configuration.connectTimeout). Is it a PostgreSQL server, is it "
                    + "overloaded, or does a firewall drop the packets?")
        }
    }

    /// Asks the server, over a connection of its own, to stop the running statement.
    func sendCancel() {
        guard let cancel = unsafe PQgetCancel(pointer) else { return }
        defer { unsafe PQfreeCancel(cancel) }
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            // Sound: the buffer has the size that is passed. A failure needs no report: the
            // statement then ends by itself or the grace period does.
            _ = unsafe PQcancel(cancel, buffer.baseAddress, Int32(buffer.count))
        }
    }
}

extension LibpqLink {
    /// Why `wait` returned.
    enum Wake {
        /// The socket is ready.
        case ready
        /// Cancellation was asked for.
        case cancelled
        /// The deadline passed.
        case late
    }

    /// Blocks the thread until the socket is ready for `events`, the flag is set or the deadline
    /// passes.
    func wait(
        for events: Int16, until deadline: ContinuousClock.Instant?, _ flag: CancellationFlag?
    ) -> Wake {
        while true {
            if flag?.isSet == true { return .cancelled }
            // Sound: `self` owns the connection, which may change its socket while it connects.
            var descriptors = [
                pollfd(fd: unsafe PQsocket(pointer), events: events, revents: 0),
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            // Sound: the array holds the two entries that are announced. Without a flag only the
            // first is polled: a wake-up is then for nobody.
            let ready = unsafe poll(
                &descriptors, flag == nil ? 1 : 2, LibpqLink.milliseconds(until: deadline))
            // An interrupted or failed poll is a spurious wake-up: libpq sees what is wrong.
            if ready < 0 && errno == EINTR { continue }
            if descriptors[1].revents != 0 { wake.drain() }
            if descriptors[0].revents != 0 || ready < 0 { return .ready }
            if let deadline, ContinuousClock.now >= deadline { return .late }
        }
    }

    /// The time left for `poll`, rounded up; -1 is for ever.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

extension LibpqLink {
    /// Blocks until a notification arrives.
    func nextNotification(_ flag: CancellationFlag) throws(PostgresError) -> PostgresNotification {
        let flight = Flight(statement: "LISTEN", mayCommit: false)
        while true {
            if let notification = takeNotification() { return notification }
            guard isAlive else { throw lost(flight) }
            if wait(for: Int16(POLLIN), until: nil, flag) == .cancelled {
                throw PostgresError(.cancelled, "Waiting for a notification was cancelled.")
            }
            // Sound: `self` keeps the connection open while it is read.
            if unsafe PQconsumeInput(pointer) == 0 { throw lost(flight) }
        }
    }

    /// Whether an idle connection still has its server: what arrives unasked is read.
    func isHealthy() -> Bool {
        guard isAlive, transactionStatus == PQTRANS_IDLE else { return false }
        // The server's farewell comes before the end of the stream: both must be read.
        let readsMax = 100
        for _ in 0..<readsMax {
            guard wait(for: Int16(POLLIN), until: .now, nil) == .ready else { return isAlive }
            // Sound: `self` keeps the connection open while it is read.
            guard unsafe PQconsumeInput(pointer) == 1 else { return false }
            // Asking parses what was read, or libpq would not notice the end.
            if unsafe PQisBusy(pointer) == 1 { return false }
        }
        return false
    }

    private func takeNotification() -> PostgresNotification? {
        // Sound: libpq allocates the notification for the caller, and its texts with it: both are
        // copied before they are freed.
        guard let notify = unsafe PQnotifies(pointer) else { return nil }
        defer { unsafe PQfreemem(notify) }
        guard let channel = unsafe notify.pointee.relname, let extra = unsafe notify.pointee.extra
        else { return nil }
        return unsafe PostgresNotification(
            channel: String(cString: channel), payload: String(cString: extra))
    }
}

/// The one owner of a `PGconn`: it cannot be copied, and its end closes the connection.
@safe struct LibpqConnectionHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer) {
        // Sound: whoever gives the pointer gives it away.
        unsafe self.pointer = pointer
    }

    deinit {
        // Sound: nobody else owns the connection, so nobody uses it any more.
        unsafe PQfinish(pointer)
    }
}

/// The one owner of a `PGresult`: it cannot be copied, and its end frees the rows.
@safe struct LibpqResultHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer) {
        // Sound: whoever gives the pointer gives it away.
        unsafe self.pointer = pointer
    }

    deinit {
        // Sound: nobody else owns the result, so nobody reads it any more.
        unsafe PQclear(pointer)
    }
}

/// The wish to cancel one statement. A wake-up for an earlier statement leaves it unset.
final class CancellationFlag: Sendable {
    private let wanted = Atomic<Bool>(false)
    private let wake: WakeDescriptor

    init(_ wake: WakeDescriptor) {
        self.wake = wake
    }

    /// Whether cancellation was asked for.
    var isSet: Bool { wanted.load(ordering: .acquiring) }

    /// Asks for cancellation; callable from any thread.
    func set() {
        wanted.store(true, ordering: .releasing)
        wake.signal()
    }
}
