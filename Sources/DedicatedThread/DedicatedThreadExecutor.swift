/// A serial executor on one operating-system thread of its own, for C handles that must stay on a
/// thread or whose calls block.
///
/// An actor returns it from `unownedExecutor` and keeps a strong reference; its code may then block
/// without taking a thread from Swift's cooperative pool. Jobs run one at a time, in the order in
/// which they were enqueued, from whatever threads they came.
///
/// **Blocking in a job.** A job that blocks (a poll loop) keeps all later jobs waiting. So that it
/// can notice them, `wake` is readable while jobs wait: add `wake.descriptor` to what the job
/// polls, and when it is readable, `await Task.yield()`, which lets them run. Do not drain `wake`;
/// the thread does so itself when it takes the next job.
///
/// **Stopping.** There is no stop call that could strand a job: every enqueued job holds the
/// executor, and when the last reference goes, the thread ends by itself. Nothing joins it, so that
/// the last reference may also be dropped by a job on the thread itself.
package final class DedicatedThreadExecutor: SerialExecutor {
    private let queue: JobQueue

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: what `top -H` and debuggers show; Linux keeps its first 15 bytes.
    ///   - onExit: called on the thread as its last act.
    /// - Throws: `descriptorUnavailable` or `threadUnavailable`.
    package init(
        name: String, onExit: (@Sendable () -> Void)? = nil
    ) throws(DedicatedThreadError) {
        queue = try JobQueue()
        try OSThread.start(name: name) { [queue] in
            queue.runUntilStopped()
            onExit?()
        }
    }

    deinit {
        queue.stop()
    }

    /// Readable while jobs wait for the thread; may be signalled once too often, never too seldom.
    package var wake: WakeDescriptor { queue.wake }

    /// Whether jobs wait for the thread, apart from the one that runs.
    package var hasWaitingJobs: Bool { queue.hasWaitingJobs }

    /// Whether the caller runs on this executor's thread.
    package var isCurrentThread: Bool { queue.isCurrentThread }

    /// Appends a job; part of `SerialExecutor`, called by the Swift runtime.
    package func enqueue(_ job: consuming ExecutorJob) {
        queue.append(QueuedJob(job: UnownedJob(job), executor: self))
    }

    /// Part of `SerialExecutor`: stops the process when called from another thread.
    package func checkIsolated() {
        precondition(isCurrentThread, "called outside of the executor's thread")
    }

    /// Part of `SerialExecutor`: whether the caller is isolated to this executor.
    package func isIsolatingCurrentContext() -> Bool? {
        isCurrentThread
    }
}
