import Glibc
import Synchronization

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
