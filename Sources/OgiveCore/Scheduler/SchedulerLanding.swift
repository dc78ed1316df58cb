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

    /// Results that wait for a batch, oldest first.
    struct Lane: Sendable {
        private(set) var entries: [Entry] = []
        private(set) var items = 0
        private(set) var bytes = 0
        /// Since when the oldest of them waits, at the earliest.
        private(set) var oldest: Instant?

        mutating func append(_ entry: Entry, now: Instant) {
            entries.append(entry)
            items += entry.names.count
            bytes += entry.bytes
            oldest = oldest ?? now
        }

        /// Takes the first ones out, up to about these bounds.
        mutating func take(items itemsMax: Int, bytes bytesMax: Int, now: Instant) -> [Entry] {
            var (count, takenItems, takenBytes) = (0, 0, 0)
            while count < entries.count, takenItems < itemsMax, takenBytes < bytesMax {
                takenItems += entries[count].names.count
                takenBytes += entries[count].bytes
                count += 1
            }
            let taken = Array(entries.prefix(count))
            entries.removeFirst(count)
            items -= takenItems
            bytes -= takenBytes
            oldest = entries.isEmpty ? nil : now
            return taken
        }

        /// Whether a batch of them is due.
        func isDue(_ limits: SchedulerLimits, now: Instant) -> Bool {
            guard let oldest else { return false }
            return items >= limits.landingItems || bytes >= limits.landingBytes
                || oldest + limits.landingDelay <= now
        }
    }

    /// A batch that waits to be sent (again), or is on its way.
    struct Sent: Sendable {
        let batch: LandingBatch
        let entries: [Entry]
        let items: Int
        let isLarge: Bool
        var isWaiting = true

        init(batch: LandingBatch, entries: [Entry], isLarge: Bool) {
            self.batch = batch
            self.entries = entries
            self.isLarge = isLarge
            items = entries.reduce(0) { $0 + $1.names.count }
        }
    }

    /// A part of a worker's results that was cut up, because the database refused it.
    struct CutPart: Hashable, Sendable {
        let worker: WorkerID
        let name: ResultName
    }

    var small = Lane()
    /// Those that take the database long: at most one batch of them lands at a time, beside others.
    var large = Lane()
    /// About the bytes in memory of all results that wait for their commit.
    private(set) var bytes = 0
    private var bytesOfWorkers: [WorkerID: Int] = [:]
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

    var isEmpty: Bool { small.entries.isEmpty && large.entries.isEmpty && sent.isEmpty }

    /// Results that wait for their commit.
    var items: Int { small.items + large.items + sent.values.reduce(0) { $0 + $1.items } }

    /// Whether a batch of large results has been packed and is not committed.
    var hasLarge: Bool { sent.values.contains(where: \.isLarge) }

    /// About the bytes of one worker's results that wait for their commit.
    func bytes(of worker: WorkerID) -> Int { bytesOfWorkers[worker] ?? 0 }

    /// Whether so many more bytes of a worker may wait. What one worker sends does not keep the
    /// results of others out.
    func mayTake(_ more: Int, of worker: WorkerID, _ limits: SchedulerLimits) -> Bool {
        let own = bytes(of: worker)
        if own + more <= limits.landingBytesFree { return true }
        return (own == 0 || own + more <= limits.landingBytesOfWorker)
            && (bytes == 0 || bytes + more <= limits.landingBytesMax)
    }

    /// Whether a worker may be granted more, as far as its results and all others find room.
    func hasRoom(for worker: WorkerID, _ limits: SchedulerLimits) -> Bool {
        let own = bytes(of: worker)
        return own < limits.landingBytesFree / 2
            || own < limits.landingBytesOfWorker / 2 && bytes < limits.landingBytesMax / 2
    }

    /// Counts results that wait, or do not wait any more.
    mutating func note(_ more: Int, of worker: WorkerID) {
        bytes += more
        let own = bytes(of: worker) + more
        bytesOfWorkers[worker] = own > 0 ? own : nil
    }

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
        let oldest = [small.oldest, hasLarge ? nil : large.oldest].compactMap(\.self).min()
        return oldest.map { $0 + limits.landingDelay }
    }

    /// Puts results into the next batch.
    mutating func append(_ entry: Entry, _ limits: SchedulerLimits, now: Instant) {
        if entry.bytes > limits.largeResultBytes {
            large.append(entry, now: now)
        } else {
            small.append(entry, now: now)
        }
        note(entry.bytes, of: entry.worker)
    }

    /// Whether this part waits for its commit.
    func holds(_ name: ResultName, from worker: WorkerID) -> Bool {
        func isIt(_ entry: Entry) -> Bool { entry.ack == name && entry.worker == worker }
        return small.entries.contains(where: isIt) || large.entries.contains(where: isIt)
            || sent.values.contains { $0.entries.contains(where: isIt) }
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
