internal import DequeModule

/// Results between receipt and commit.
struct SchedulerLanding: Sendable {
    /// Results of one part of a lease, and whom to tell when they are committed.
    struct Entry: Sendable {
        let task: TaskID
        let ack: ResultName?
        let worker: WorkerID
        /// The key of its worker, or nothing.
        let key: ConnectionKey
        let group: LandingGroup
        /// Whether it is this coordinator's own failure in the place of a result that the database
        /// refused. No result of a worker is, whatever it says.
        var isReplacement = false
        /// About what the results take in memory.
        let bytes: Int

        init(
            task: TaskID, ack: ResultName?, worker: WorkerID, key: ConnectionKey,
            group: LandingGroup
        ) {
            self.task = task
            self.ack = ack
            self.worker = worker
            self.key = key
            self.group = group
            bytes = group.items.byteCount
        }

        /// Number of its results.
        var count: Int { group.items.count }

        /// The same for other items.
        func with(_ items: [ItemResult]) -> Entry {
            var group = group
            group.items = items
            return Entry(task: task, ack: ack, worker: worker, key: key, group: group)
        }
    }

    /// Results that wait for a batch, oldest first.
    struct Lane: Sendable {
        private(set) var entries: [Entry] = []
        private(set) var items = 0
        private(set) var bytes = 0
        /// Since when the oldest of them waits, at the earliest.
        private(set) var oldest: TimePoint?

        mutating func append(_ entry: Entry, now: TimePoint) {
            entries.append(entry)
            items += entry.count
            bytes += entry.bytes
            oldest = oldest ?? now
        }

        /// Takes the first ones out, up to about these bounds.
        mutating func take(items itemsMax: Int, bytes bytesMax: Int, now: TimePoint) -> [Entry] {
            var (count, takenItems, takenBytes) = (0, 0, 0)
            while count < entries.count, takenItems < itemsMax, takenBytes < bytesMax {
                takenItems += entries[count].count
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
        func isDue(_ limits: SchedulerLimits, now: TimePoint) -> Bool {
            guard let oldest else { return false }
            return items >= limits.landingItems || bytes >= limits.landingBytes
                || oldest + limits.landingDelay <= now
        }
    }

    /// A batch that waits to be sent (again), or is on its way.
    struct Packed: Sendable {
        let batch: LandingBatch
        let entries: [Entry]
        let items: Int
        let isLarge: Bool
        var isWaiting = true

        init(batch: LandingBatch, entries: [Entry], isLarge: Bool) {
            self.batch = batch
            self.entries = entries
            self.isLarge = isLarge
            items = entries.reduce(0) { $0 + $1.count }
        }
    }

    /// The bytes that the workers of a key have waiting.
    struct KeyBytes: Sendable {
        var all = 0
        /// Those within the free shares of the workers.
        var free = 0
    }

    /// A part of a worker's results that waits for its commit.
    struct WaitingPart: Hashable, Sendable {
        let worker: WorkerID
        let name: ResultName

        func _rawHashValue(seed: Int) -> Int {
            // The epoch and the term add little: a task has one of each at a time.
            let part = UInt64(truncatingIfNeeded: Int64(name.part)) << 48
            return QuickHash.of(name.lease.task.rawValue ^ part, worker.low, seed: seed)
        }
    }

    var small = Lane()
    /// Those that take the database long: at most one batch of them lands at a time, beside others.
    var large = Lane()
    /// Batches that are not committed.
    private var packed: [BatchID: Packed] = [:]
    /// Those of them that wait to be sent, in order.
    private var waiting = Deque<BatchID>()
    /// The same of large results.
    private var waitingLarge = Deque<BatchID>()
    /// Batches that the database has now.
    private(set) var onTheirWay = 0
    /// Whether one of them is of large results.
    private var isLargeOnItsWay = false
    /// Results in batches.
    private var packedItems = 0
    private var lastBatch: UInt64 = 0
    /// About the bytes in memory of all results that wait for their commit.
    private(set) var bytes = 0
    private var bytesOfWorkers: [WorkerID: Int] = [:]
    private var bytesOfKeys: [ConnectionKey: KeyBytes] = [:]
    /// In how many pieces each part waits: in one, until the database refuses it and it is cut up.
    private var pieces: [WaitingPart: Int] = [:]
    /// Nothing is sent before this: the database refused.
    var pausedUntil: TimePoint?
    /// The last pause; `nil` when something has landed since.
    var pause: Duration?

    var isEmpty: Bool { small.entries.isEmpty && large.entries.isEmpty && packed.isEmpty }

    /// Results that wait for their commit.
    var items: Int { small.items + large.items + packedItems }

    /// Whether a batch of large results has been packed and is not committed.
    var hasLarge: Bool { isLargeOnItsWay || !waitingLarge.isEmpty }

    /// About the bytes of one worker's results that wait for their commit.
    func bytes(of worker: WorkerID) -> Int { bytesOfWorkers[worker] ?? 0 }

    /// Whether so many more bytes of a worker may wait. What one worker sends does not keep the
    /// results of others out, nor what those of one key send those of another.
    func mayTake(
        _ more: Int, of worker: WorkerID, key: ConnectionKey, isOnlyKey: Bool,
        _ limits: SchedulerLimits
    ) -> Bool {
        let own = bytes(of: worker)
        let ofKey = bytesOfKeys[key] ?? KeyBytes()
        if own + more <= limits.landingBytesFree, ofKey.free + more <= limits.landingBytesOfKey {
            return true
        }
        return (own == 0 || own + more <= limits.landingBytesOfWorker)
            && (isOnlyKey || ofKey.all == 0 || ofKey.all + more <= limits.landingBytesOfKey)
            && (bytes == 0 || bytes + more <= limits.landingBytesMax)
    }

    /// Whether a worker may be granted more, as far as its results and all others find room.
    func hasRoom(for worker: WorkerID, _ limits: SchedulerLimits) -> Bool {
        let own = bytes(of: worker)
        return own < limits.landingBytesFree / 2
            || own < limits.landingBytesOfWorker / 2 && bytes < limits.landingBytesMax / 2
    }

    /// Counts bytes of results of an entry that wait, or do not wait any more.
    mutating func note(_ more: Int, of entry: Entry, _ limits: SchedulerLimits) {
        bytes += more
        let former = bytes(of: entry.worker)
        let own = former + more
        bytesOfWorkers[entry.worker] = own > 0 ? own : nil
        var ofKey = bytesOfKeys[entry.key] ?? KeyBytes()
        ofKey.all += more
        ofKey.free += min(own, limits.landingBytesFree) - min(former, limits.landingBytesFree)
        bytesOfKeys[entry.key] = ofKey.all > 0 ? ofKey : nil
    }

    /// Whether the database refused and nothing has landed since: another try is due now and
    /// then, and nothing else is begun.
    var isPaused: Bool { pause != nil }

    /// Whether it is too early for another try.
    func isWaiting(_ now: TimePoint) -> Bool {
        pausedUntil.map { $0 > now } ?? false
    }

    func dueAt(_ limits: SchedulerLimits) -> TimePoint? {
        if let pausedUntil { return pausedUntil }
        guard onTheirWay < limits.landingsMax else { return nil }
        let oldest = [small.oldest, hasLarge ? nil : large.oldest].compactMap(\.self).min()
        return oldest.map { $0 + limits.landingDelay }
    }

    /// Puts results into the next batch.
    mutating func append(_ entry: Entry, _ limits: SchedulerLimits, now: TimePoint) {
        if entry.bytes > limits.largeResultBytes {
            large.append(entry, now: now)
        } else {
            small.append(entry, now: now)
        }
        note(entry.bytes, of: entry, limits)
        if let name = entry.ack { addPiece(of: name, from: entry.worker) }
    }

    /// Whether this part waits for its commit.
    func holds(_ name: ResultName, from worker: WorkerID) -> Bool {
        pieces[WaitingPart(worker: worker, name: name)] != nil
    }

    /// A part came, or a piece of one becomes two.
    mutating func addPiece(of name: ResultName, from worker: WorkerID) {
        pieces[WaitingPart(worker: worker, name: name), default: 0] += 1
    }

    /// Counts a committed piece; whether all of the part is committed now.
    mutating func isLastPiece(of name: ResultName, from worker: WorkerID) -> Bool {
        let part = WaitingPart(worker: worker, name: name)
        guard let left = pieces[part] else { return true }
        pieces[part] = left > 1 ? left - 1 : nil
        return left == 1
    }
}

/// The way of a batch: packed, sent, and sent again until it is committed or refused.
extension SchedulerLanding {
    /// Puts entries into a batch that waits to be sent.
    mutating func pack(_ entries: [Entry], isLarge: Bool) {
        lastBatch += 1
        let batch = LandingBatch(id: BatchID(lastBatch), groups: entries.map(\.group))
        let news = Packed(batch: batch, entries: entries, isLarge: isLarge)
        packed[batch.id] = news
        packedItems += news.items
        wait(batch.id, isLarge: isLarge)
    }

    /// The next batch to be sent, which is on its way from now on. One of large results waits for
    /// the one before it, also where it is a piece of a larger one.
    mutating func sendNext() -> LandingBatch? {
        let next =
            isLargeOnItsWay || waitingLarge.isEmpty
            ? waiting.popFirst() : waitingLarge.popFirst()
        guard let next, let place = packed.index(forKey: next) else { return nil }
        packed.values[place].isWaiting = false
        onTheirWay += 1
        if packed.values[place].isLarge { isLargeOnItsWay = true }
        return packed.values[place].batch
    }

    /// Whether a batch is not committed.
    func isPacked(_ id: BatchID) -> Bool { packed[id] != nil }

    /// A batch did not get through: it waits to be sent again.
    mutating func putBack(_ id: BatchID) {
        guard let place = packed.index(forKey: id), !packed.values[place].isWaiting else { return }
        packed.values[place].isWaiting = true
        let isLarge = packed.values[place].isLarge
        noteBack(isLarge: isLarge)
        wait(id, isLarge: isLarge)
    }

    /// Takes out a batch that is committed or refused.
    mutating func remove(_ id: BatchID) -> Packed? {
        guard let gone = packed.removeValue(forKey: id) else { return nil }
        packedItems -= gone.items
        if gone.isWaiting {
            waiting.removeAll { $0 == id }
            waitingLarge.removeAll { $0 == id }
        } else {
            noteBack(isLarge: gone.isLarge)
        }
        return gone
    }

    private mutating func wait(_ id: BatchID, isLarge: Bool) {
        if isLarge { waitingLarge.append(id) } else { waiting.append(id) }
    }

    private mutating func noteBack(isLarge: Bool) {
        onTheirWay -= 1
        if isLarge { isLargeOnItsWay = false }
    }
}
