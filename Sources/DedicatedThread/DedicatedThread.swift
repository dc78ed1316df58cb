internal import CLinux
internal import Glibc
internal import Synchronization

/// A serial executor on one operating-system thread of its own, for C handles that must not be
/// shared between threads and for calls that block.
package final class DedicatedThread: SerialExecutor {
    private let queue: JobQueue

    /// Starts the thread. `name` is cut to 15 bytes, the limit of Linux.
    package init(name: String) {
        queue = JobQueue(name: String(name.utf8.prefix(15)) ?? "ogive")
        queue.startThread()
    }

    deinit {
        queue.stop()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        // The queued closure holds the executor until the job ran: the runtime may look at it.
        let unowned = UnownedJob(job)
        queue.push { [self] in
            // Sound: the job is run exactly once, on the thread of the executor it was given to.
            unsafe unowned.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}

/// The jobs waiting for one thread, and that thread's loop.
@safe private final class JobQueue: @unchecked Sendable {
    // Unchecked: `jobs` and `stopped` are only touched with `mutex` locked.
    private let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable () -> Void] = []
    private var stopped = false

    init(name: String) {
        self.name = name
        // Sound: both were just allocated and are initialised once.
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        // Sound: nobody else holds the queue, so neither is locked or waited for.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func push(_ job: @escaping @Sendable () -> Void) {
        // Sound: the pointers live as long as `self`.
        unsafe pthread_mutex_lock(mutex)
        jobs.append(job)
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    func stop() {
        // Sound: as in `push`.
        unsafe pthread_mutex_lock(mutex)
        stopped = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    func startThread() {
        var thread = pthread_t()
        // Sound: the retain taken here is released by the thread when its loop ends.
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, argument)
        precondition(status == 0, "the operating system refused to start a thread")
        pthread_detach(thread)
    }

    private func loop() {
        _ = unsafe ogive_setname(name)
        while let batch = nextBatch() {
            for job in batch {
                job()
            }
        }
    }

    private func nextBatch() -> [@Sendable () -> Void]? {
        // Sound: as in `push`.
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while jobs.isEmpty && !stopped {
            unsafe pthread_cond_wait(condition, mutex)
        }
        if jobs.isEmpty { return nil }
        defer { jobs = [] }
        return jobs
    }
}
