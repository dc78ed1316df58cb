internal import OrderedCollections

/// Results between receipt and commit.
struct SchedulerLanding: Sendable {
    /// Results of one part of a lease, and whom to tell when they are committed.
    struct Entry: Sendable {
        let task: TaskID
        let ack: ResultName?
        let worker: WorkerID
        let names: [ItemName]
        let group: LandingGroup
    }

    /// A batch that is on its way, or waits to be sent again.
    struct Sent: Sendable {
        var batch: LandingBatch
        var entries: [Entry]
        var isWaiting = false
    }

    var waiting: [Entry] = []
    var waitingItems = 0
    var oldest: Instant?
    var sent = OrderedDictionary<BatchID, Sent>()
    var lastBatch: UInt64 = 0
    /// Nothing is sent before this: the database refused.
    var pausedUntil: Instant?
    var pause: Duration?

    var isEmpty: Bool { waiting.isEmpty && sent.isEmpty }

    var items: Int {
        waitingItems + sent.values.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.names.count } }
    }

    func isPaused(_ now: Instant) -> Bool {
        pausedUntil.map { $0 > now } ?? false
    }

    func dueAt(_ limits: SchedulerLimits) -> Instant? {
        if let pausedUntil { return pausedUntil }
        guard sent.count < limits.landingsMax else { return nil }
        return oldest.map { $0 + limits.landingDelay }
    }

    mutating func nextBatch() -> BatchID {
        lastBatch += 1
        return BatchID(lastBatch)
    }
}
