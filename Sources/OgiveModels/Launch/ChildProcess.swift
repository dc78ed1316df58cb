internal import Glibc
package import OgiveCore

/// Another process of this program, started and watched by it.
///
/// Its standard input is a connection that closes when this process ends, however it ends; its
/// outputs are this process's own.
package final class ChildProcess: Sendable {
    private let process: SpawnedProcess
    private let lifeline: Lifeline

    /// Starts `argv` in a process group of its own, with this process's environment but for the
    /// variables `withheld`. Throws `processDied`.
    package init(_ argv: [String], without withheld: Set<String> = []) throws(ModelError) {
        lifeline = try Lifeline()
        process = try SpawnedProcess.start(
            argv, withheld: withheld, input: lifeline.readEnd, output: nil)
    }

    /// The process id.
    package var id: Int32 { process.id }

    /// Whether it has not ended yet.
    package var isRunning: Bool { process.end() == nil }

    /// Asks the process to end as if by SIGTERM.
    package func terminate() {
        process.signal(SIGTERM)
    }

    /// Ends the process at once.
    package func kill() {
        process.signal(SIGKILL)
    }

    /// Waits for its end and returns its status as a shell would (128 + n for signal n). Call it
    /// once. When the task is cancelled, the process is killed first.
    package func wait() async -> Int32 {
        await withTaskCancellationHandler {
            await process.waitForEnd().status
        } onCancel: {
            kill()
        }
    }
}
