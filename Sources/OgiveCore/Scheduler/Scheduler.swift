internal import DequeModule
internal import HeapModule
internal import OrderedCollections

/// Decides who does what: a pure state machine without clock, randomness or I/O.
///
/// Truth is in the database; leases are here, in memory. Nothing is iterated in an unordered
/// collection where the order reaches an effect, so equal events give equal effects.
///
/// - A lease's epoch rises when its task is *granted*, so that a late result before a regrant
///   still counts, and one after it never does.
/// - A result is acknowledged only after its commit.
/// - Whether a result is kept depends on its lease, never on its content.
package struct Scheduler: Sendable {
    /// The coordinator's fencing number.
    package let term: Term
    /// The secret that proves its leases, and those of its predecessors.
    let key: LeaseKey
    /// Bounds and intervals.
    package let limits: SchedulerLimits
    /// Totals since the beginning.
    package internal(set) var counters = SchedulerCounters()

    var runs = OrderedDictionary<RunID, SchedulerRun>()
    var workers = OrderedDictionary<WorkerID, SchedulerWorker>()
    var tasks = TaskTable()
    /// The places of all workers: in `greetings` or `silences`.
    var places = WorkerPlaces()
    /// Workers that said hello before the open runs were known: the last hello of each.
    var greetings = OrderedDictionary<WorkerID, Greeting>()
    /// Workers that said goodbye, until their check for silence is due: an incarnation that left
    /// does not come back.
    var departed: Set<WorkerID> = []
    /// The tasks of earlier terms of which a lease was taken over, and under which epoch.
    var takenOver: [FormerTask: Epoch] = [:]
    /// Whether the open runs were read at least once.
    var knowsRuns = false
    /// What the workers of each key have.
    var shares: [ConnectionKey: KeyShare] = [:]
    /// Workers that may get work, in turn.
    var queue = Deque<WorkerID>()
    /// How long draws of all runs keep a slot, while there are several.
    var slotTime = SlotTimeMean()
    /// Runs that this event brought new work for: its workers are queued once, at the end of it.
    var newWork: Set<RunID> = []
    /// Workers whose leases came back in this event: they are queued behind all others then.
    var lastInLine = OrderedSet<WorkerID>()
    /// When pauses of workers are over, one for each that has one.
    var pauseEnds = Heap<PauseEnd>()
    /// The pauses of keys whose workers left without having finished anything.
    var keyPauses: [ConnectionKey: LeasePause] = [:]
    /// The worker that gets nothing until it is empty and can take a suspect.
    var emptying: WorkerID?
    /// Deadlines of leases; entries outlive their leases, are skipped then, and are cleared away
    /// before they are more than twice the tasks in memory.
    var deadlines = Heap<LeaseDeadline>()
    /// Earliest check for silence of each worker, one for each that is registered or departed.
    var silences = Heap<SilenceCheck>()
    /// How long this coordinator could not listen, in all: workers that it did not hear then were
    /// not silent. Their silence is measured by a clock that stood still meanwhile.
    private var missed = Duration.zero
    /// Items that are leased or wait for their commit.
    var inFlightItems = 0
    /// Bytes of the prompts and texts of all leases.
    var leasedBytes = 0
    var landing = SchedulerLanding()
    var isDraining = false
    /// Whether another coordinator may lead.
    var isHeld = false
    var lastTask: UInt64 = 0
    var effects: [Effect] = []
    /// Parts of results to be acknowledged when the event is handled.
    var acknowledged = OrderedDictionary<WorkerID, [ResultName]>()
    #if DEBUG
        /// Guards that are turned off, for the proof that the simulator sees it.
        package var guardsOff: Set<Guard> = []
        /// How often a worker was looked at because there was new work: what that costs.
        package internal(set) var looks = 0
    #endif

    /// Begins to lead with `term`. Leases that `key` proves may be taken over.
    package init(term: Term, key: LeaseKey, limits: SchedulerLimits = SchedulerLimits()) {
        self.term = term
        self.key = key
        self.limits = limits
    }

    /// Takes in what happened and answers with what is to be done, in order.
    package mutating func handle(_ event: Event, now: TimePoint) -> [Effect] {
        var effects: [Effect] = []
        handle(event, now: now, &effects)
        return effects
    }

    /// Takes in what happened and appends what is to be done, in order.
    package mutating func handle(_ event: Event, now: TimePoint, _ done: inout [Effect]) {
        swap(&effects, &done)
        defer { swap(&effects, &done) }
        take(event, now: now)
        attend(to: event, now: now)
    }

    private mutating func take(_ event: Event, now: TimePoint) {
        switch event {
        case .runs(let descriptions):
            update(descriptions)
            admitWaiting(now: now)
        case .page(let run, let page): take(page, of: run)
        case .pageFailed(let run, let error): failed(.page, of: run, error, now: now)
        case .message(let message): receive(message, now: now)
        case .sendFailed(let message, let outcome): sendFailed(message, outcome, now: now)
        case .landed(let batch, let receipt): landed(batch, receipt)
        case .landingFailed(let batch, let error): landingFailed(batch, error, now: now)
        case .bound(let binding): bound(binding)
        case .bindFailed(let run, let error): failed(.bind, of: run, error, now: now)
        case .finished(let run, let state): finished(run, state, now: now)
        case .finishFailed(let run, let error): failed(.finish, of: run, error, now: now)
        case .superseded(let error), .refused(let error): effects.append(.stop(error))
        case .hold(let isHeld): self.isHeld = isHeld
        case .tick, .listened: break
        case .drain: isDraining = true
        }
    }

    /// Does what is due after every event.
    private mutating func attend(to event: Event, now: TimePoint) {
        expireLeases(now: now)
        switch event {
        case .tick: expireWorkers(heardUntil: listened(now), now: now)
        case .listened(let listening):
            missed = max(missed, listening.missed)
            expireWorkers(heardUntil: listened(listening.until), now: now)
        default: break
        }
        stopExhausted()
        queueForNewWork()
        endPauses(now: now)
        grant(now: now)
        flushLanding(now: now)
        askDatabase(now: now)
        sendAcknowledgements()
    }

    /// When time alone will change something: the caller sends `tick` then.
    package var nextTick: TimePoint? {
        let pauses = runs.values.lazy.filter { $0.notBefore > .zero }.map(\.notBefore).min()
        return [
            deadlines.min?.at, silences.min.map { $0.at + missed }, pauseEnds.min?.at,
            landing.dueAt(limits), pauses,
        ].compactMap(\.self).min()
    }

    /// Whether nothing is leased and everything received is committed.
    package var isQuiet: Bool {
        inFlightItems == 0 && landing.isEmpty
    }

    /// Numbers of what is in memory, for status and tests.
    package var load: Load {
        Load(
            workers: workers.count, tasks: tasks.count, inFlightItems: inFlightItems,
            landingItems: landing.items,
            activeItems: runs.values.reduce(0) { $0 + $1.activeItems },
            deadlines: deadlines.count)
    }

    /// What is in memory.
    package struct Load: Hashable, Sendable {
        /// Registered workers.
        package var workers: Int
        /// Tasks that are ready, leased or landing.
        package var tasks: Int
        /// Items that are leased or wait for their commit.
        package var inFlightItems: Int
        /// Items that wait for their commit.
        package var landingItems: Int
        /// Items of all runs.
        package var activeItems: Int
        /// Deadlines of leases, some of which may be over.
        package var deadlines: Int
    }

    /// How many leases a registered worker holds, and how many it is willing to.
    package func leases(of worker: WorkerID) -> (held: Int, credit: Int)? {
        workers[worker].map { ($0.tasks.count, $0.willing) }
    }

    /// Whether a guard is turned off: never in a release build.
    @inline(__always)
    func isOff(_ guarding: Guard) -> Bool {
        #if DEBUG
            guardsOff.contains(guarding)
        #else
            false
        #endif
    }

    /// A moment by the clock of listening.
    func listened(_ moment: TimePoint) -> TimePoint { moment + (.zero - missed) }

    /// Changes a worker in its place: by its key, a dictionary that keeps an order would move it
    /// to the end and back.
    @discardableResult
    mutating func withWorker<Value>(
        _ id: WorkerID, _ change: (inout SchedulerWorker) -> Value
    ) -> Value? {
        workers.index(forKey: id).map { change(&workers.values[$0]) }
    }

    /// Reads of a worker in its place: by its key, a dictionary hands out a copy of all of it.
    @inline(__always)
    func ofWorker<Value>(_ id: WorkerID, _ read: (SchedulerWorker) -> Value) -> Value? {
        workers.index(forKey: id).map { read(workers.values[$0]) }
    }

    /// Changes a task in its place.
    @discardableResult
    mutating func withTask<Value>(
        _ id: TaskID, _ change: (inout SchedulerTask) -> Value
    ) -> Value? {
        tasks.place(of: id).map { change(&tasks[$0]) }
    }

    /// Reads of a run in its place.
    @inline(__always)
    func ofRun<Value>(_ id: RunID, _ read: (SchedulerRun) -> Value) -> Value? {
        runs.index(forKey: id).map { read(runs.values[$0]) }
    }

    /// The key of a worker's connection; nothing without keys, or without the worker.
    func connectionKey(of id: WorkerID) -> ConnectionKey {
        ofWorker(id, \.connection) ?? ConnectionKey(nil)
    }

    /// Changes a run in its place.
    @discardableResult
    mutating func withRun<Value>(
        _ id: RunID, _ change: (inout SchedulerRun) -> Value
    ) -> Value? {
        runs.index(forKey: id).map { change(&runs.values[$0]) }
    }

    mutating func send(_ message: CoordinatorMessage, to worker: WorkerID) {
        effects.append(.send(ToWorker(worker: worker, message: message)))
    }

    /// Acknowledges a part of results: with all others of the same event, in one message.
    mutating func acknowledge(_ name: ResultName, to worker: WorkerID) {
        acknowledged[worker, default: []].append(name)
    }

    private mutating func sendAcknowledgements() {
        guard !acknowledged.isEmpty else { return }
        for (worker, names) in acknowledged {
            for start in stride(from: 0, to: names.count, by: Self.acknowledgedMax) {
                let end = min(start + Self.acknowledgedMax, names.count)
                send(.acks(Array(names[start..<end])), to: worker)
            }
        }
        acknowledged = [:]
    }

    /// Most parts that one message acknowledges.
    private static let acknowledgedMax = 4_096

    func leaseName(_ task: SchedulerTask) -> LeaseName {
        LeaseName(term: term, task: task.id, epoch: task.epoch)
    }

    /// Keeps a task that is new in memory.
    mutating func keep(_ task: SchedulerTask) {
        tasks.keep(task)
        withRun(task.run) { $0.tasks[task.promptID, default: []].append(task.id) }
    }

    /// Forgets a task.
    mutating func forget(_ id: TaskID) {
        guard let task = tasks.remove(id) else { return }
        withRun(task.run) { $0.forget(id, of: task.promptID) }
    }
}

/// What a coordinator could hear.
package struct ListeningTime: Hashable, Sendable {
    /// All messages that came until then were handled.
    package var until: TimePoint
    /// How long it could not listen, in all: its process was stopped, or had no room for messages.
    package var missed: Duration

    /// Joins both.
    package init(until: TimePoint, missed: Duration) {
        self.until = until
        self.missed = missed
    }
}

/// A worker's hello that waits for the first list of runs.
struct Greeting: Sendable {
    let hello: Hello
    let holder: LeaseHolder
}

/// A task of an earlier term.
struct FormerTask: Hashable, Sendable {
    let term: Term
    let task: TaskID
}

/// When a lease runs out.
struct LeaseDeadline: Comparable, Sendable {
    let at: TimePoint
    let task: TaskID
    let epoch: Epoch

    static func < (left: LeaseDeadline, right: LeaseDeadline) -> Bool {
        (left.at, left.task, left.epoch) < (right.at, right.task, right.epoch)
    }
}

/// When a worker is to be looked at, by the clock of listening.
struct SilenceCheck: Comparable, Sendable {
    let at: TimePoint
    let worker: WorkerID
    /// Whose place it has: the key under which it was registered first, or nothing.
    let key: String

    static func < (left: SilenceCheck, right: SilenceCheck) -> Bool {
        (left.at, left.worker) < (right.at, right.worker)
    }
}
