internal import OrderedCollections

/// What is kept of a worker's reports: its rates of late, and what its slots' time is charged to.
struct WorkerLoadWindow {
    /// The rates are of at least half of this time, where a worker is there for so long, and of the
    /// whole at most.
    static let span = Duration.seconds(30)

    /// The last report.
    private(set) var latest: WorkerLoad
    /// How many leases its slots hold: those that it samples, and of those that it scores as many
    /// as it did of late. `nil` before it reported slots, and where scoring takes so long that
    /// batches of leases wait for it, which are not counted here.
    private(set) var leasesAtWork: Int?
    /// When the last record of it was written.
    var recordedAt: TimePoint?
    /// Runs that the worker served at the last report.
    var served: [RunID] = []
    /// Slot time of runs that no record has.
    var unrecorded: [RunID: SlotTime] = [:]
    private var latestAt: TimePoint
    /// When its time began to be counted, and what was counted of it.
    private let beganAt: TimePoint
    private var counted = SlotTime()
    /// The most slots of each stage that it reported.
    private var slots = [SlotWait.Stage.sample: 0, .score: 0]

    /// A scorer that is busy for no more than this share of the time holds up no samples.
    private static let quickScoring = 0.1
    /// The share of the slots for scores that are busy.
    private var scoringShare = 1.0

    /// Reports do not all take the same time to come: so much more is counted.
    private static let slack = Duration.seconds(10)
    private var marks: [(at: TimePoint, load: WorkerLoad)]

    /// Begins with what the worker had reported before.
    init(_ reported: WorkerLoad?, now: TimePoint) {
        latest = reported ?? WorkerLoad()
        latestAt = now
        beganAt = now
        marks = [(now, latest)]
    }

    /// Takes a report; answers with the slot time since the last one: in all no more than so many
    /// slots had since the worker came.
    mutating func take(_ load: WorkerLoad, now: TimePoint) -> SlotTime {
        let elapsed = Int((now - beganAt + Self.slack) / .milliseconds(1))
        slots.merge([.sample: load.sampleSlots, .score: load.scoreSlots], uniquingKeysWith: max)
        let since = load.slotTime.since(latest.slotTime).bounded(
            to: slots.reduce(into: [:]) { $0[$1.key] = elapsed * $1.value - counted.total($1.key) })
        counted = counted + since
        (latest, latestAt) = (load, now)
        if let newest = marks.last, now - newest.at >= Self.span / 2 {
            marks = [newest, (now, load)]
        }
        noteLeasesAtWork()
        return since
    }

    private mutating func noteLeasesAtWork() {
        let share = latest.since(marks[0].load).slotTime.busyShare(.score)
        scoringShare = share ?? scoringShare
        let isQuick = latest.sampleSlots > 0 && scoringShare <= Self.quickScoring
        let scored = Int((Double(latest.scoreSlots) * scoringShare).rounded())
        leasesAtWork = isQuick ? latest.sampleSlots + scored : nil
    }

    /// What the worker did of late, and in which time.
    var recent: RecordedLoad {
        let first = marks[0]
        return RecordedLoad(
            total: latest, recent: latest.since(first.load), window: latestAt - first.at)
    }
}

extension Scheduler {
    /// Most workers whose reports are recorded in a heartbeat interval: those of a larger fleet are
    /// recorded more rarely.
    static let recordsAtOnce = 64

    /// Takes a worker's report. The time of its slots is charged to the open runs that it serves:
    /// by the leases that it has of them or, when it has none, in equal parts.
    mutating func note(_ load: WorkerLoad, of id: WorkerID, now: TimePoint) {
        guard let worker = workers[id] else { return }
        // What it served may have ended since its last report.
        let runs = worker.serves.isEmpty ? worker.loads.served : worker.serves
        let shares = leaseShares(of: worker, runs)
        let interval = limits.heartbeatInterval * (1 + workers.count / Self.recordsAtOnce)
        let record = withWorker(id) { worker -> WorkerRecord? in
            let spent = worker.loads.take(load, now: now)
            worker.loads.served = worker.serves
            let whole = shares.reduce(0) { $0 + $1.leases }
            for (run, leases) in shares where !spent.isEmpty {
                worker.loads.unrecorded[run, default: SlotTime()] =
                    (worker.loads.unrecorded[run] ?? SlotTime()) + spent.part(leases, of: whole)
            }
            // A heartbeat may come a little early.
            let isDue = worker.loads.recordedAt.map { now - $0 >= interval * 9 / 10 } ?? true
            return isDue ? worker.takeRecord(now: now) : nil
        }
        if let record = record.flatMap(\.self) { effects.append(.record(record)) }
    }

    /// The leases that a worker has of each run, or one of each when it has none.
    private func leaseShares(
        of worker: SchedulerWorker, _ runs: [RunID]
    ) -> [(run: RunID, leases: Int)] {
        guard runs.count > 1 else { return runs.map { ($0, 1) } }
        let held = runs.map { (run: $0, leases: worker.leases.held($0)) }.filter { $0.leases > 0 }
        return held.isEmpty ? runs.map { ($0, 1) } : held
    }
}

extension SchedulerWorker {
    /// Its record, with the slot time that no record has yet.
    mutating func takeRecord(now: TimePoint) -> WorkerRecord {
        var record = record
        record.slotTimes = loads.unrecorded
        loads.unrecorded = [:]
        loads.recordedAt = now
        return record
    }
}
