import Glibc
import Synchronization

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

/// A job together with the executor that it keeps alive until it has run.
struct QueuedJob: Sendable {
    let job: UnownedJob
    let executor: DedicatedThreadExecutor
}

/// The jobs of one executor, and the loop that runs them; shared by the executor and its thread.
///
/// It outlives the executor where the executor is released by a job on its own thread.
final class JobQueue: Sendable {
    let wake: WakeDescriptor
    private let state = Mutex(State())
    private let thread = Atomic<UInt>(0)

    init() throws(DedicatedThreadError) {
        wake = try WakeDescriptor()
    }

    var hasWaitingJobs: Bool {
        state.withLock { !$0.isEmpty }
    }

    var isCurrentThread: Bool {
        thread.load(ordering: .relaxed) == UInt(pthread_self())
    }

    func append(_ job: QueuedJob) {
        let wasEmpty = state.withLock { $0.append(job) }
        if wasEmpty { wake.signal() }
    }

    /// Lets the thread end once no job is left.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    /// The thread's whole life.
    func runUntilStopped() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            // Drained before the look at the queue: what is appended later signals again.
            wake.drain()
            switch state.withLock({ $0.take() }) {
            case .run(let next, let othersWait):
                if othersWait { wake.signal() }
                // Sound: `next` holds the executor while the job runs.
                unsafe next.job.runSynchronously(on: next.executor.asUnownedSerialExecutor())
            case .wait:
                wake.wait()
            case .stop:
                return
            }
        }
    }

    /// What the thread does next.
    private enum Step {
        case run(QueuedJob, othersWait: Bool)
        case wait
        case stop
    }

    /// First in, first out; what has been taken is cut off now and then.
    private struct State {
        private var jobs: [QueuedJob?] = []
        private var head = 0
        var isStopping = false

        var isEmpty: Bool { head == jobs.count }

        /// Says whether the queue was empty before.
        mutating func append(_ job: QueuedJob) -> Bool {
            let wasEmpty = isEmpty
            jobs.append(job)
            return wasEmpty
        }

        mutating func take() -> Step {
            guard !isEmpty, let next = jobs[head] else { return isStopping ? .stop : .wait }
            jobs[head] = nil
            head += 1
            if isEmpty {
                jobs.removeAll(keepingCapacity: jobs.count <= 1024)
                head = 0
            } else if head >= 1024, head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            return .run(next, othersWait: !isEmpty)
        }
    }
}
