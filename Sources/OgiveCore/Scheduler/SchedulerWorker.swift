internal import OrderedCollections

/// A registered worker.
struct SchedulerWorker {
    let id: WorkerID
    /// The public key of its connection as text; `nil` without keys.
    let key: String?
    /// The same, under which the share of its workers is looked up.
    let connection: ConnectionKey
    /// What is not looked at for each lease.
    private var account: Apart<Account>
    var credit: Int
    /// Leases that wait for a scorer and take up none of the credit, as last reported.
    var unscored = 0
    /// When it was last heard, by the clock of listening.
    var lastSeen: TimePoint
    var isDraining = false
    /// Tasks leased to it.
    var tasks: Set<TaskID> = []
    /// How many of them are of each run.
    var leases = RunLeases()
    /// Bytes of their prompts and texts.
    var leasedBytes = 0
    /// Leases that it finished.
    var finished = 0
    /// Leases that it may hold by what it has shown.
    var allowance: Int
    /// When its last hello was answered.
    var greetedAt: TimePoint
    /// Runs that it serves, ascending.
    var serves: [RunID] = []
    /// Runs whose specification it was sent.
    var announcedRuns: Set<RunID> = []
    /// Most bytes of why it gets no work, and of the texts of its endpoints.
    static let noteBytesMax = 16 << 10
    /// Whether it stands in the queue for work.
    var isQueued = false
    /// The suspect that it was granted last: while it has it, it gets nothing else.
    var suspect: TaskID?
    /// Whether it is to be granted an ordinary task before the next suspect.
    var owesOthers = true
    /// Since when it gets nothing, so that it can take a suspect.
    var emptiedSince: TimePoint?
    /// Since when it was kept from ordinary tasks for the suspect that it was granted last.
    var aloneSince: TimePoint?
    /// Until when it takes ordinary tasks, if there are any.
    var owesUntil = TimePoint.zero
    /// Its wait, when leases came back from it undone.
    var pause = LeasePause()
    /// Whether it waits: an entry of `pauseEnds` ends that.
    var isPaused = false

    /// Registers what a hello says.
    init(
        id: WorkerID, key: String?, account: Account, credit: Int, lastSeen: TimePoint,
        allowance: Int, greetedAt: TimePoint
    ) {
        self.id = id
        self.key = key
        connection = ConnectionKey(key)
        self.account = Apart(account)
        self.credit = credit
        self.lastSeen = lastSeen
        self.allowance = allowance
        self.greetedAt = greetedAt
    }

    /// If its suspect is over, it owes others the time that the suspect took.
    mutating func noteSuspectOver(now: TimePoint) {
        guard let since = aloneSince, !isAlone else { return }
        owesUntil = now + (now - since)
        aloneSince = nil
    }

    /// Whether it works on a suspect.
    var isAlone: Bool { suspect.map(tasks.contains) ?? false }

    /// Leases that it is willing to hold.
    var willing: Int { credit + unscored }

    /// Whether it may get another lease of a run. Leases that wait for a scorer leave room to
    /// others, and each run gets a part of this room alone: one whose scorer is slow would
    /// otherwise fill all of it.
    func mayHold(_ run: RunID, _ limits: SchedulerLimits) -> Bool {
        leases.mayHold(run, asked: credit, most: limits.unscoredMax / max(1, serves.count))
    }

    /// Whether it would take a task, were it empty.
    var isWilling: Bool { !isDraining && !isPaused && credit > 0 }

    /// Whom its leases are granted to.
    var holder: LeaseHolder { LeaseHolder(worker: id, key: key) }

    /// Whether it may get another lease, as one of those that share its key.
    func hasRoom(
        _ share: KeyShare, isOnlyKey: Bool, _ limits: SchedulerLimits, beyondCredit extra: Int
    ) -> Bool {
        guard !isDraining, !isPaused, !isAlone, tasks.count < min(willing, allowance) + extra,
            leasedBytes < limits.leasedBytesOfWorker,
            isOnlyKey || share.leases < limits.leasesOfKeyMax
        else { return false }
        return finished > 0 || share.firstLeases < limits.firstLeasesOfKey
            || tasks.count < limits.reducedFirstLeases
    }

    /// It finished a lease.
    mutating func noteFinished(_ limits: SchedulerLimits) {
        finished += 1
        allowance = min(allowance + 1, limits.creditMax)
        pause.forgive()
    }

    /// It let a lease run out, forgot one, or does not read.
    mutating func noteNeglected() {
        allowance = max(1, allowance / 2)
    }

    var record: WorkerRecord {
        let state: WorkerRecord.State = isDraining ? .draining : note == nil ? .active : .idle
        var record = WorkerRecord(id: id, name: name, state: state, note: note)
        record.outages = outages
        record.version = version
        record.site = site
        record.load = loads.recent
        return record
    }
}

extension SchedulerWorker {
    /// What a worker says of itself.
    struct Account {
        let name: String
        let version: String
        let site: WorkerSite
        let offer: Offer
        /// What it reports of its load.
        var loads: WorkerLoadWindow
        /// Runs that it says it cannot serve, and why.
        var declined: [RunID: String] = [:]
        /// Why it gets no work, as last reported.
        var note: String?
        /// Endpoints of its models that get no requests, as last reported.
        var outages: [EndpointOutage] = []
    }

    var name: String { account.value.name }
    var version: String { account.value.version }
    var site: WorkerSite { account.value.site }
    var offer: Offer { account.value.offer }
    /// What it reports of its load.
    var loads: WorkerLoadWindow {
        get { account.value.loads }
        _modify { yield &account.value.loads }
    }
    /// Runs that it says it cannot serve, and why.
    var declined: [RunID: String] {
        get { account.value.declined }
        _modify { yield &account.value.declined }
    }
    /// Why it gets no work, as last reported.
    var note: String? {
        get { account.value.note }
        _modify { yield &account.value.note }
    }
    /// Endpoints of its models that get no requests, as last reported.
    var outages: [EndpointOutage] {
        get { account.value.outages }
        _modify { yield &account.value.outages }
    }
}

/// The public key of a connection as text, or nothing without keys: with its hash, as it is looked
/// up several times for each lease.
struct ConnectionKey: Hashable, Sendable {
    private let text: String
    private let hash: Int

    /// Takes a key; `nil` without keys.
    init(_ key: String?) {
        text = key ?? ""
        hash = text.hashValue
    }

    func _rawHashValue(seed: Int) -> Int {
        QuickHash.of(UInt64(bitPattern: Int64(hash)), seed: seed)
    }
}

/// What the workers of one key have together.
struct KeyShare {
    /// Registered workers.
    var workers = 0
    /// Leases that they hold.
    var leases = 0
    /// Those of them that workers hold which have finished none yet.
    var firstLeases = 0
}

/// Who holds which task: all that changes it goes through here, so that the shares are right.
extension Scheduler {
    /// Notes that a worker has a task.
    mutating func hold(_ task: SchedulerTask, by id: WorkerID) {
        hold(task.id, of: task.run, bytes: task.bytes, by: id)
    }

    /// Notes that a worker has a task of so many bytes.
    mutating func hold(_ task: TaskID, of run: RunID, bytes: Int, by id: WorkerID) {
        let noted = withWorker(id) { worker -> (key: ConnectionKey, isFirst: Bool)? in
            guard worker.tasks.insert(task).inserted else { return nil }
            worker.leases.add(run)
            worker.leasedBytes += bytes
            return (worker.connection, worker.finished == 0)
        }
        guard let noted = noted.flatMap(\.self) else { return }
        leasedBytes += bytes
        shares[noted.key, default: KeyShare()].leases += 1
        if noted.isFirst { shares[noted.key, default: KeyShare()].firstLeases += 1 }
    }

    /// Notes that a worker does not have a task any more.
    mutating func release(_ task: SchedulerTask, by id: WorkerID) {
        release(task.id, of: task.run, bytes: task.bytes, by: id)
    }

    /// Notes that a worker does not have a task of so many bytes any more.
    mutating func release(_ task: TaskID, of run: RunID, bytes: Int, by id: WorkerID) {
        let noted = withWorker(id) { worker -> (key: ConnectionKey, isFirst: Bool)? in
            guard worker.tasks.remove(task) != nil else { return nil }
            worker.leases.remove(run)
            worker.leasedBytes -= bytes
            return (worker.connection, worker.finished == 0)
        }
        guard let noted = noted.flatMap(\.self) else { return }
        leasedBytes -= bytes
        shares[noted.key]?.leases -= 1
        if noted.isFirst { shares[noted.key]?.firstLeases -= 1 }
    }

    /// Notes that a worker finished a lease of a run that it has released.
    mutating func noteFinished(_ run: RunID, by id: WorkerID, now: TimePoint) {
        let limits = limits
        let first = withWorker(id) { worker -> (key: ConnectionKey, leases: Int)? in
            worker.leases.noteFinished(run, now: now)
            defer { worker.noteFinished(limits) }
            return worker.finished == 0 ? (worker.connection, worker.tasks.count) : nil
        }
        guard let first = first.flatMap(\.self) else { return }
        shares[first.key]?.firstLeases -= first.leases
        // A newcomer of this key does work: the next ones need not wait.
        keyPauses[first.key] = nil
    }

    /// Registers a worker that holds nothing, or puts it in the place of its former self, which
    /// holds nothing any more.
    mutating func replace(_ worker: SchedulerWorker) {
        let former = workers.updateValue(worker, forKey: worker.id)
        shares[worker.connection, default: KeyShare()].workers += 1
        if let former { leaveShare(former) }
    }

    /// Forgets a worker that holds nothing any more, its place in the queue included.
    mutating func unregister(_ id: WorkerID) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        if worker.isQueued { queue.removeAll { $0 == id } }
        leaveShare(worker)
    }

    private mutating func leaveShare(_ worker: SchedulerWorker) {
        let key = worker.connection
        shares[key]?.workers -= 1
        if shares[key]?.workers == 0 { shares[key] = nil }
    }

    /// Whether a worker may get another lease.
    func hasRoom(_ worker: SchedulerWorker) -> Bool {
        landing.hasRoom(for: worker.id, limits)
            && worker.hasRoom(
                shares[worker.connection] ?? KeyShare(), isOnlyKey: shares.count < 2, limits,
                beyondCredit: isOff(.credit) ? 2 : 0)
            && !wouldWaitAtTheEnd(worker)
    }

    /// Whether another lease would wait in a worker although too few are left for all workers to
    /// have as many that wait: the last ones are for whoever is free first, or some workers would
    /// have a queue when others have nothing left.
    private func wouldWaitAtTheEnd(_ worker: SchedulerWorker) -> Bool {
        guard let atWork = worker.loads.leasesAtWork, workers.count > 1,
            worker.tasks.count >= atWork + worker.unscored
        else { return false }
        var left = 0
        for id in worker.serves {
            guard let ready = ofRun(id, { $0.readyAtTheEnd(limits) }) ?? nil else { return false }
            left += ready
        }
        let most = atWork + worker.unscored + left / workers.count
        return worker.tasks.count >= most
    }

    /// Whether a worker may take over another lease from before it was registered.
    func mayAdopt(_ id: WorkerID) -> Bool {
        guard let worker = workers[id] else { return false }
        let share = shares[worker.connection] ?? KeyShare()
        return worker.tasks.count < limits.adoptedMax
            && (shares.count < 2 || share.leases < limits.leasesOfKeyMax)
    }

    /// Whether a claim was granted to a registered worker that makes it.
    func isProved(_ claim: LeaseClaim, by worker: WorkerID) -> Bool {
        ofWorker(worker, \.holder).map { isProved(claim, heldBy: $0) } ?? false
    }

    /// Whether a claim was granted to its holder, by this coordinator or an earlier one.
    func isProved(_ claim: LeaseClaim, heldBy holder: LeaseHolder) -> Bool {
        isOff(.leaseProof) || key.proves(claim, heldBy: holder)
    }
}
