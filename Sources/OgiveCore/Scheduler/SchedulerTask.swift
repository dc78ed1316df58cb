/// A task in memory: some items of one prompt.
struct SchedulerTask {
    enum State: Hashable {
        /// In its run's queue.
        case ready
        /// Handed out until the deadline.
        case leased(WorkerID, deadline: TimePoint)
        /// All results are here and wait for their commit.
        case landing
    }

    let id: TaskID
    let run: RunID
    let promptID: PromptID
    /// `nil` for a task that was taken over from another coordinator's worker: it can be finished,
    /// but not granted again; then the database will name its items anew.
    let prompt: Prompt?
    /// Items without a result, ascending.
    var items: [WorkItem]
    /// Bytes of the prompt and of the texts of the items, when it was made.
    var bytes = 0
    var state: State
    var epoch = Epoch(0)
    /// The seed of the draw with index 0 under its last grant; `nil` before.
    var seedBase: UInt64?
    /// The lease of an earlier term that it was taken over from.
    var former: LeaseName?
    /// How often a worker was lost or too slow, but for losses of workers with many tasks.
    var attempts = 0
    /// How often a worker was lost that had many tasks: that says little of this one.
    var massLosses = 0
    /// The last times that a worker was lost or too slow.
    var history: [TaskLoss] = []
    /// Whether it was granted to a worker that has nothing else meanwhile.
    var isAlone = false
    /// Since when results of its lease wait for room beside those that wait for their commit.
    var waitsSince: TimePoint?
    /// Parts whose results are here.
    var parts: Set<Int> = []
    /// Results that wait for their commit.
    var unlanded = 0

    /// Whether it may be what ended its workers.
    func isSuspect(_ limits: SchedulerLimits) -> Bool {
        attempts >= limits.suspectAttempts || massLosses >= limits.massLossesMax
    }

    /// It is granted anew: what came of its lease before is over.
    mutating func regrant(under epoch: Epoch, seedBase: UInt64) {
        self.epoch = epoch
        self.seedBase = seedBase
        parts = []
        waitsSince = nil
    }

    /// Whether a claim is word for word that to the lease that a worker has: who claims what memory
    /// says needs no other proof. Of a lease in parts this is so before the first one.
    func isLeased(to worker: WorkerID, under claim: LeaseClaim) -> Bool {
        guard case .leased(worker, _) = state else { return false }
        return claim.lease.epoch == epoch && claim.run == run && claim.prompt == promptID
            && claim.seedBase == seedBase && claim.items.count == items.count
            && items.indices.allSatisfy { claim.items[$0] == items[$0].name }
    }

    /// It has nothing to do but to wait for its commit: the database names its items again.
    mutating func leaveItems() {
        items = []
        state = .landing
    }

    /// Charges an attempt.
    mutating func charge(_ loss: TaskLoss) {
        attempts += 1
        if history.count == TaskLoss.historyMax { history.removeFirst() }
        history.append(loss)
    }

    /// Counts results that are committed, and says whether nothing of the task is left to do.
    mutating func isDone(landed: Int) -> Bool {
        unlanded -= landed
        return state == .landing && unlanded == 0
    }

    /// Whether the results of a part are here already.
    func has(part: Int) -> Bool { state == .landing || parts.contains(part) }

    /// Whether its items can be granted again from memory.
    var hasPrompt: Bool { prompt != nil }

    /// Takes a part's results of items without one; the last part makes it wait for its commit.
    mutating func take(_ result: TaskResult) -> [ItemResult] {
        let taken = take(result.items)
        if items.isEmpty { state = .landing } else { parts.insert(result.part) }
        return taken
    }

    /// Takes the results that belong to items without one, and forgets those items.
    private mutating func take(_ results: [ItemResult]) -> [ItemResult] {
        if isAnswered(by: results) {
            items = []
            return results
        }
        var missing = Set(items.map(\.name))
        var taken = results.filter { missing.remove($0.name) != nil }
        if taken.count < results.count {
            // Else the texts that are taken would keep the memory of the others.
            for index in taken.indices {
                guard let text = taken[index].completion?.content else { continue }
                taken[index].completion?.content = text.alone
            }
        }
        items.removeAll { !missing.contains($0.name) }
        return taken
    }

    /// Whether these are results of all of the items, in their order, as nearly all are.
    private func isAnswered(by results: [ItemResult]) -> Bool {
        // By index: a loop over the elements would copy each of them, with its text.
        results.count == items.count
            && items.indices.allSatisfy { results[$0].name == items[$0].name }
    }
}

/// How a worker failed to finish a task, for the history of a task that is given up.
struct TaskLoss: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The worker fell silent.
        case lost
        /// The lease ran out while the worker was there.
        case tooSlow
    }

    let kind: Kind
    /// What the worker calls itself.
    let worker: String
    /// Time since the lease began.
    let after: Duration
    /// Whether the worker had no other lease.
    let wasAlone: Bool

    /// Most bytes of a worker's name in a history.
    static let nameMax = 64
    /// Most losses that a task remembers; the oldest go first.
    static let historyMax = 8

    /// For people: who, what, when.
    var description: String {
        let tenths =
            after.components.seconds * 10 + after.components.attoseconds / 100_000_000_000_000_000
        let name = String(decoding: worker.utf8.prefix(Self.nameMax), as: UTF8.self)
        let what = kind == .lost ? "was lost" : "was too slow"
        return "\(name) \(what) after \(tenths / 10).\(tenths % 10) s"
            + (wasAlone ? " with this task alone" : "")
    }
}

extension [TaskLoss] {
    /// Too slow each time is a timeout; else workers were lost.
    var code: ModelError.Code {
        allSatisfy { $0.kind == .tooSlow } ? .timeout : .workerLost
    }

    /// The history for people; at most `historyMax` losses of bounded length.
    func message(attempts: Int) -> String {
        let earlier = attempts > count ? ["\(attempts - count) earlier"] : []
        let times = attempts == 1 ? "once" : "\(attempts) times"
        return "Given up: its worker was lost or too slow \(times): "
            + (earlier + map(\.description)).joined(separator: ", ") + "."
    }
}
