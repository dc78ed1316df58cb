internal import OgiveCore

extension SlotWait {
    /// If a coordinator that is there has granted nothing for so long, there is no work: a grant
    /// takes milliseconds.
    static let idleMin = Duration.seconds(2)

    /// How many slots wait for what, now.
    ///
    /// A slot in use waits for its stage's model. A free slot for samples waits for the scorer if
    /// tasks queue before a full scoring stage, because they take up the leases that the worker may
    /// have. A free slot for scores waits for the policy while anything is sampled. All others wait
    /// for the coordinator, or have nothing to do.
    static func count(
        sampling: StageLoad, scoring: StageLoad, _ intake: WorkerMetrics.Intake, now: TimePoint
    ) -> [SlotWait: Int] {
        let isIdle =
            intake.isRegistered && intake.working == 0 && intake.unacknowledged == 0
            && now - intake.workedAt >= idleMin
        let rest: Side = isIdle ? .nothing : .coordinator
        let isCrowded = scoring.waiting > 0 && scoring.free == 0
        var counts: [SlotWait: Int] = [:]
        counts[SlotWait(stage: .sample, side: .policy), default: 0] += sampling.used
        counts[SlotWait(stage: .sample, side: isCrowded ? .scorer : rest), default: 0] +=
            sampling.free
        counts[SlotWait(stage: .score, side: .scorer), default: 0] += scoring.used
        counts[SlotWait(stage: .score, side: sampling.used > 0 ? .policy : rest), default: 0] +=
            scoring.free
        return counts
    }
}

/// How a stage stands.
struct StageLoad: Hashable, Sendable {
    /// Slots in use.
    var used = 0
    /// All slots.
    var slots = 0
    /// Tasks that wait for a slot.
    var waiting = 0

    /// Slots that are not in use.
    var free: Int { max(0, slots - used) }
}

/// Looks at the slots and endpoints of a worker now and then, and publishes what it sees.
struct PipelineMeter: Sendable {
    /// How often the slots are looked at.
    static let slotInterval = Duration.milliseconds(100)
    /// After so many looks at the slots, the rest is looked at.
    static let looks = 10
    /// After so many, the coordinator's report is renewed.
    static let reportLooks = 5

    let gates: ModelGates
    let metrics: WorkerMetrics
    let time: TimeSource
    /// How the stages stand.
    let loads: @Sendable () -> (sampling: StageLoad, scoring: StageLoad)

    /// Takes what is measured now and then, for the coordinator.
    let report: @Sendable (WorkerLoad) -> Void

    /// Runs until the task is cancelled.
    func run() async throws {
        var last = time.now()
        var look = 0
        var total = SlotClock()
        while true {
            try await time.sleep(Self.slotInterval)
            let now = time.now()
            let intake = metrics.publishIntake(now: now)
            let (sampling, scoring) = loads()
            let waits = SlotWait.count(sampling: sampling, scoring: scoring, intake, now: now)
            metrics.note(waits, for: now - last)
            total.add(waits, for: now - last)
            last = now
            look = (look + 1) % Self.looks
            if look % Self.reportLooks == 0 { report(total.load(sampling, scoring)) }
            if look == 0 { gates.publishLoads() }
        }
    }
}

/// Sums up the time of slots.
private struct SlotClock {
    private var times: [SlotWait: Duration] = [:]

    /// So many slots waited for something for a while.
    mutating func add(_ waits: [SlotWait: Int], for duration: Duration) {
        for (wait, count) in waits where count > 0 {
            times[wait, default: .zero] += duration * count
        }
    }

    /// The report, with the slots that there are now.
    func load(_ sampling: StageLoad, _ scoring: StageLoad) -> WorkerLoad {
        var load = WorkerLoad()
        load.sampleSlots = min(sampling.slots, WorkerLoad.slotsMax)
        load.scoreSlots = min(scoring.slots, WorkerLoad.slotsMax)
        for (wait, time) in times { load.slotTime[wait] = Int(time / .milliseconds(1)) }
        return load
    }
}
