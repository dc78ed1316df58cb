internal import Glibc
internal import Synchronization
package import OgiveCore

/// Keeps a command alive exactly as long as the process that asked for it.
///
/// It is the body of a tiny process between Ogive and a model server: its standard input is a
/// pipe whose other end only Ogive holds. When that closes, also because Ogive was killed by
/// SIGKILL, the server and all it started are ended.
package enum ProcessSupervisor {
    /// How often the command is looked at.
    private static let period: Int32 = 50

    private static let isStopRequested = Atomic(false)

    /// Runs `argv` until it ends by itself, `lifeline` closes, or (with `handlesSignals`) SIGTERM,
    /// SIGINT or SIGHUP come; then ends its process group by SIGTERM, and by SIGKILL after
    /// `grace`. Returns the command's status as a shell would. Blocks the thread.
    package static func run(
        _ argv: [String], grace: Duration, lifeline: Int32 = 0, handlesSignals: Bool = true
    ) throws(ModelError) -> Int32 {
        if handlesSignals { handleSignals() }
        let process = try SpawnedProcess.start(argv, input: nil, output: nil)
        var deadline: ContinuousClock.Instant?
        var isKilled = false
        while true {
            if let end = process.end() {
                process.reap()
                return end.status
            }
            if let deadline {
                if !isKilled, ContinuousClock.now >= deadline {
                    process.signal(SIGKILL)
                    isKilled = true
                }
                wait(nil)
            } else if wait(lifeline) || (handlesSignals && isStopRequested.load(ordering: .relaxed))
            {
                process.signal(SIGTERM)
                deadline = .now + grace
            }
        }
    }

    /// Waits for one period; `true` as soon as the other end of `lifeline` is closed.
    @discardableResult
    private static func wait(_ lifeline: Int32?) -> Bool {
        guard let lifeline else {
            // No descriptor: only the time passes.
            poll(nil, 0, period)
            return false
        }
        var entry = pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0)
        // The one entry is read and written during the call alone.
        guard unsafe poll(&entry, 1, period) > 0 else { return false }
        var byte: UInt8 = 0
        // At most one byte is written to `byte`.
        let count = unsafe read(lifeline, &byte, 1)
        return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)
    }

    private static func handleSignals() {
        // The first use initialises the flag, which a signal handler must not do.
        isStopRequested.store(false, ordering: .relaxed)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            // Storing an atomic is all that a handler may do here.
            signal(number) { _ in
                ProcessSupervisor.isStopRequested.store(true, ordering: .relaxed)
            }
        }
    }
}
