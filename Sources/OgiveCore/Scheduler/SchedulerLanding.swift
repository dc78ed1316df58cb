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
        /// Whether it is this coordinator's own failure in the place of a result that the database
        /// refused. No result of a worker is, whatever it says.
        var isReplacement = false
        /// About what the results take in memory.
        let bytes: Int

        init(
            task: TaskID, ack: ResultName?, worker: WorkerID, group: LandingGroup
        ) {
            self.task = task
            self.ack = ack
            self.worker = worker
            self.group = group
            names = group.items.map(\.name)
            bytes = group.items.byteCount
        }

        /// The same for other items.
        func with(_ items: [ItemResult]) -> Entry {
            var group = group
            group.items = items
            return Entry(task: task, ack: ack, worker: worker, group: group)
        }
    }

    /// A batch that waits to be sent (again), or is on its way.
    struct Sent: Sendable {
        let batch: LandingBatch
        let entries: [Entry]
        let items: Int
        let bytes: Int
        var isWaiting = true

        init(batch: LandingBatch, entries: [Entry]) {
            self.batch = batch
            self.entries = entries
            items = entries.reduce(0) { $0 + $1.names.count }
            bytes = entries.reduce(0) { $0 + $1.bytes }
        }
    }

    /// A part of a worker's results that was cut up, because the database refused it.
    struct CutPart: Hashable, Sendable {
        let worker: WorkerID
        let name: ResultName
    }

    var waiting: [Entry] = []
    var waitingItems = 0
    var waitingBytes = 0
    var oldest: Instant?
    var sent = OrderedDictionary<BatchID, Sent>()
    var lastBatch: UInt64 = 0
    /// How many pieces of a cut part are not committed; a part that is not here is whole.
    var pieces: [CutPart: Int] = [:]
    /// Nothing is sent before this: the database refused.
    var pausedUntil: Instant?
    /// The last pause; `nil` when something has landed since.
    var pause: Duration?

    /// Batches that the database has now.
    var onTheirWay: Int { sent.values.count { !$0.isWaiting } }

    var isEmpty: Bool { waiting.isEmpty && sent.isEmpty }

    /// Results that wait for their commit.
    var items: Int { waitingItems + sent.values.reduce(0) { $0 + $1.items } }

    /// About the bytes of these results in memory.
    var bytes: Int { waitingBytes + sent.values.reduce(0) { $0 + $1.bytes } }

    /// Whether the database refused and nothing has landed since: another try is due now and
    /// then, and nothing else is begun.
    var isPaused: Bool { pause != nil }

    /// Whether it is too early for another try.
    func isWaiting(_ now: Instant) -> Bool {
        pausedUntil.map { $0 > now } ?? false
    }

    func dueAt(_ limits: SchedulerLimits) -> Instant? {
        if let pausedUntil { return pausedUntil }
        guard onTheirWay < limits.landingsMax else { return nil }
        return oldest.map { $0 + limits.landingDelay }
    }

    /// Puts results into the next batch.
    mutating func append(_ entry: Entry, now: Instant) {
        waiting.append(entry)
        waitingItems += entry.names.count
        waitingBytes += entry.bytes
        oldest = oldest ?? now
    }

    /// Whether this part waits for its commit.
    func holds(_ name: ResultName, from worker: WorkerID) -> Bool {
        waiting.contains { $0.ack == name && $0.worker == worker }
            || sent.values.contains { sent in
                sent.entries.contains { $0.ack == name && $0.worker == worker }
            }
    }

    /// A piece of a part becomes two.
    mutating func split(_ name: ResultName, to worker: WorkerID) {
        pieces[CutPart(worker: worker, name: name), default: 1] += 1
    }

    /// Counts a committed piece; whether all of the part is committed now.
    mutating func isLastPiece(of name: ResultName, to worker: WorkerID) -> Bool {
        let part = CutPart(worker: worker, name: name)
        guard let left = pieces[part] else { return true }
        pieces[part] = left > 1 ? left - 1 : nil
        return left == 1
    }

    mutating func nextBatch() -> BatchID {
        lastBatch += 1
        return BatchID(lastBatch)
    }
}
