internal import Logging
internal import OgiveCore
internal import Synchronization

/// Carries out what the scheduler asks of the database, and reports back to it.
struct StoreDispatcher: Sendable {
    let store: any Store
    let term: Term
    let feed: EventFeed<Scheduler.Event>
    let time: TimeSource
    let metrics: CoordinatorMetrics
    let logger: Logger

    /// Carries out one effect; effects that do not concern the database are ignored.
    func perform(_ effect: Scheduler.Effect) async {
        switch effect {
        case .fetchPage(let run, let cursor, let limit):
            await report(
                { () async throws(StoreError) in
                    try await store.pendingPage(of: run, after: cursor, limit: limit)
                },
                success: { .page(run.id, $0) }, failure: { .pageFailed(run.id, $0) })
        case .land(let batch):
            let begun = time.now()
            await report(
                { () async throws(StoreError) in try await store.land(batch, term: term) },
                success: { receipt in
                    metrics.noteCommit(batch, receipt, after: time.now() - begun)
                    return .landed(batch.id, receipt)
                },
                failure: { error in
                    metrics.noteFailedCommit(after: time.now() - begun)
                    return .landingFailed(batch.id, error)
                })
        case .bind(let binding):
            await report(
                { () async throws(StoreError) in try await store.bind(binding, term: term) },
                success: { .bound($0) }, failure: { .bindFailed(binding.run, $0) })
        case .finish(let run):
            await report(
                { () async throws(StoreError) in try await store.finish(run, term: term) },
                success: { .finished(run, $0) }, failure: { .finishFailed(run, $0) })
        case .record, .send, .notice, .stop:
            break
        }
    }

    private func report<Value: Sendable>(
        _ call: () async throws(StoreError) -> Value,
        success: (Value) -> Scheduler.Event?, failure: (StoreError) -> Scheduler.Event?
    ) async {
        do throws(StoreError) {
            let value = try await call()
            if let event = success(value) { feed.yield(event) }
        } catch {
            logger.debug("the database refused", metadata: ["reason": "\(error.message)"])
            if error.code == .staleTerm {
                feed.yield(.superseded(error))
            } else if let event = failure(error) {
                feed.yield(event)
            }
        }
    }
}

/// Writes what is known of workers, for `ogive status`: one write at a time, and of each worker
/// the newest record only, so that an old one never lands after it.
///
/// While the database is away it keeps one record for each worker and tries again.
final class WorkerRecorder: Sendable {
    /// Most records that wait; beyond it, records of further workers are dropped and logged.
    static let waitingMax = 65_536
    /// Most records of one write.
    static let batchMax = 1_000

    private let store: any Store
    private let term: Term
    private let limits: SchedulerLimits
    private let time: TimeSource
    private let feed: EventFeed<Scheduler.Event>
    private let logger: Logger
    private let waiting = Mutex<[WorkerID: WorkerRecord]>([:])
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(
        store: any Store, term: Term, limits: SchedulerLimits, time: TimeSource,
        feed: EventFeed<Scheduler.Event>, logger: Logger
    ) {
        self.store = store
        self.term = term
        self.limits = limits
        self.time = time
        self.feed = feed
        self.logger = logger
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a record in the place of an older one of the same worker.
    func put(_ record: WorkerRecord) {
        let isTaken = waiting.withLock { waiting in
            guard waiting.count < Self.waitingMax || waiting[record.id] != nil else { return false }
            waiting[record.id] = record.following(waiting[record.id])
            return true
        }
        if !isTaken {
            logger.warning(
                "too many workers wait to be recorded; `ogive status` will lack some",
                metadata: ["worker": "\(record.id)"])
        }
        wake.yield()
    }

    /// Writes what comes until the task is cancelled.
    func run() async {
        for await _ in wakeups {
            var pause = limits.databasePause
            while true {
                let batch = next()
                if batch.isEmpty { break }
                if await isWritten(batch) { continue }
                do {
                    try await time.sleep(pause)
                } catch {
                    return
                }
                pause = min(pause * 2, limits.databasePauseMax)
            }
        }
    }

    /// Tries once to write what still waits: the last words of a coordinator.
    func flush() async {
        while true {
            let batch = next()
            if batch.isEmpty { return }
            guard await isWritten(batch) else { return }
        }
    }

    private func next() -> [WorkerRecord] {
        waiting.withLock { waiting in
            let batch = Array(waiting.values.prefix(Self.batchMax))
            for record in batch { waiting[record.id] = nil }
            return batch
        }
    }

    /// Whether nothing is left to do about a batch; otherwise it waits again.
    private func isWritten(_ batch: [WorkerRecord]) async -> Bool {
        do throws(StoreError) {
            try await store.record(batch, term: term)
            return true
        } catch {
            if error.code == .staleTerm {
                feed.yield(.superseded(error))
                return true
            }
            guard error.isRetriable else {
                logger.warning(
                    "workers could not be recorded", metadata: ["reason": "\(error.message)"])
                return true
            }
            logger.debug("workers not recorded yet", metadata: ["reason": "\(error.message)"])
            waiting.withLock { waiting in
                waiting.merge(batch.map { ($0.id, $0) }) { newer, older in
                    newer.following(older)
                }
            }
            return false
        }
    }
}

extension WorkerRecord {
    /// This record in the place of an older one that was not written: slot time of both.
    fileprivate func following(_ older: WorkerRecord?) -> WorkerRecord {
        guard let older, !older.slotTimes.isEmpty else { return self }
        var record = self
        record.slotTimes.merge(older.slotTimes, uniquingKeysWith: +)
        return record
    }
}
