internal import OgiveCore

/// What a slot of a stage waits for. Together they say which side holds up the work.
struct SlotWait: Hashable, Sendable {
    /// The stages that have slots.
    enum Stage: String, CaseIterable, Sendable {
        case sample, score
    }

    /// The sides that a slot may wait for.
    enum Side: String, CaseIterable, Sendable {
        /// The policy's servers.
        case policy
        /// The scorer.
        case scorer
        /// The coordinator: it does not answer, has not granted yet, or does not acknowledge.
        case coordinator
        /// Nothing: there is no work.
        case nothing
    }

    /// The stage of the slot.
    let stage: Stage
    /// What it waits for.
    let side: Side

    /// All that there are.
    static let all = Stage.allCases.flatMap { stage in
        Side.allCases.map { SlotWait(stage: stage, side: $0) }
    }

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

    let gates: ModelGates
    let metrics: WorkerMetrics
    let time: TimeSource
    /// How the stages stand.
    let loads: @Sendable () -> (sampling: StageLoad, scoring: StageLoad)

    /// Runs until the task is cancelled.
    func run() async throws {
        var last = time.now()
        var look = 0
        while true {
            try await time.sleep(Self.slotInterval)
            let now = time.now()
            let intake = metrics.publishIntake(now: now)
            let (sampling, scoring) = loads()
            metrics.note(
                SlotWait.count(sampling: sampling, scoring: scoring, intake, now: now),
                for: now - last)
            last = now
            look = (look + 1) % Self.looks
            if look == 0 { gates.publishLoads() }
        }
    }
}
