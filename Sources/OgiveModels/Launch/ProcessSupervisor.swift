internal import Glibc
internal import Synchronization
package import OgiveCore

/// Keeps a command alive exactly as long as the process that asked for it.
///
/// It is the body of a tiny process between Ogive and a model server: its standard input is a
/// pipe whose other end only Ogive holds. When that closes, also because Ogive was killed by
/// SIGKILL, the server and all it started are ended.
package enum ProcessSupervisor {
    private static let isStopRequested = Atomic(false)

    /// Runs `argv` until it ends by itself, `lifeline` closes, the task is cancelled, or (with
    /// `handlesSignals`) SIGTERM, SIGINT or SIGHUP come; then ends its process group by SIGTERM,
    /// and by SIGKILL after `grace`. Returns the command's status as a shell would.
    package static func run(
        _ argv: [String], grace: Duration, lifeline: Int32 = 0, handlesSignals: Bool = true
    ) async throws(ModelError) -> Int32 {
        if handlesSignals { handleSignals() }
        let process = try SpawnedProcess.start(argv, input: nil, output: nil)
        while process.end() == nil {
            let isStopped = handlesSignals && isStopRequested.load(ordering: .relaxed)
            if isStopped || Task.isCancelled || Lifeline.isClosed(lifeline) {
                return await process.stop(grace: grace).status
            }
            await SpawnedProcess.pause()
        }
        return await process.waitForEnd().status
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
