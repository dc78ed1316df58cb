internal import OgiveCore

/// One simulated deployment: the real scheduler and the real sessions, with a network, a database,
/// processes and time that are drawn from a seed.
///
/// What must never happen is checked after each step; what must happen in the end, after a time
/// without faults.
package struct Simulation: Sendable {
    struct Coordinator: Sendable {
        /// Its term, of which no two coordinators have the same.
        let id: Int
        /// Which of the coordinators that lead side by side it is, or was.
        let seat: Int
        /// The runs that it leads, as far as it knows; `nil` for all.
        let runs: Set<RunID>?
        var scheduler: Scheduler
        var pausedUntil = TimePoint.zero
        /// Whose key each routing id belongs to, as its transport keeps it.
        var owners: [WorkerID: UInt64] = [:]
        var ledger = LeaseLedger()
    }

    struct Worker: Sendable {
        let id: WorkerID
        /// Whose coordinator it speaks to.
        var seat = 0
        var session: WorkerSession
        var pausedUntil = TimePoint.zero
    }

    /// What the links of a place are like.
    struct Link: Sendable {
        var cutUntil = TimePoint.zero
        var clogsUntil = TimePoint.zero
    }

    /// A part of results that was sent.
    struct SentPart: Hashable, Sendable {
        let worker: WorkerID
        let name: ResultName
    }

    /// What it was of.
    struct SentItems: Sendable {
        let run: RunID
        let items: [MemoryDatabase.ItemKey]
    }

    /// More events than any run needs: both sides answer each other without end.
    var stepsMax: Int { 400_000 + 10_000 * initial.workers }

    let seed: UInt64
    let initial: SimulationOptions
    let model: AttemptModel
    /// What goes wrong now: `initial` until the faults end.
    var options: SimulationOptions
    var random: SeededRandom
    var database = MemoryDatabase()
    var databaseAwayUntil = TimePoint.zero
    var readOnlyUntil = TimePoint.zero
    var queue = EventQueue<SimulationEvent>()
    var now = TimePoint.zero
    /// Living coordinators, of each seat the current one last.
    var coordinators: [Coordinator] = []
    /// Who leads what: one seat that leads everything, or several.
    var seats: [Seat]
    /// Living workers by place.
    var workers: [Worker?]
    /// The place of each incarnation, also of former ones.
    var places: [WorkerID: Int] = [:]
    /// The seat that each incarnation speaks to, also of former ones.
    var homes: [WorkerID: Int] = [:]
    var up: [Link]
    var down: [Link]
    /// Places that nobody takes any more.
    var deserted: Set<Int> = []
    var lastWorker: UInt64 = 0
    var lastAttempt: UInt64 = 0
    var outcomes = OutcomeLedger()
    var sent: [SentPart: SentItems] = [:]
    var acked: Set<SentPart> = []
    /// Workers that a coordinator took for lost.
    var lost: Set<WorkerID> = []
    var isHealed = false
    /// Whether a person raised the number of draws or asked for a retry.
    var wasAskedForMore = false
    /// Whether the last rescoring was asked for.
    var isRescored = false
    var trace = TraceHash()
    var violations: [String] = []
    var counts = SimulationCounts()
    var work = SimulationWork()
    /// Processor time of this thread so far, where somebody wants to know what the scheduler takes.
    var processorTime: (@Sendable () -> Duration)?
    /// Reads along, for people.
    var reader: (@Sendable (String) -> Void)?
    #if DEBUG
        var guardOff: Guard?
    #endif

    /// A simulation of a seed, with its own options or others. With contents `swapped`, a server
    /// that is not deterministic answers every attempt otherwise.
    package init(seed: UInt64, options: SimulationOptions? = nil, isSwapped: Bool = false) {
        let options = options ?? SimulationOptions(seed: seed)
        self.seed = seed
        self.options = options
        initial = options
        model = AttemptModel(
            isSwapped: isSwapped, swapsSampling: options.runs < 3 && options.rescorings == 0)
        random = SeededRandom(seed: seed)
        seats = Seat.all(options)
        workers = Array(repeating: nil, count: options.workers)
        up = Array(repeating: Link(), count: options.workers)
        down = up
    }

    /// Lets somebody read along.
    package mutating func read(_ reader: @escaping @Sendable (String) -> Void) {
        self.reader = reader
    }

    /// Measures what the scheduler takes, by a clock of this thread's processor time.
    package mutating func measure(_ processorTime: @escaping @Sendable () -> Duration) {
        self.processorTime = processorTime
    }

    /// Runs to the end, or to the first violation.
    package mutating func run() -> SimulationOutcome {
        begin()
        var steps = 0
        let end = TimePoint.zero + options.faultTime + options.healTime
        while violations.isEmpty, let (at, sequence, event) = queue.pop() {
            now = at
            steps += 1
            trace.add(sequence)
            trace.add(UInt64(truncatingIfNeeded: at.sinceZero.milliseconds))
            trace.add(event)
            if reader != nil { narrate(event) }
            handle(event)
            if case .coordinatorTick = event, isHealed, isConverged, !rescoresOnceMore() { break }
            if at > end || steps == stepsMax {
                violations.append("no convergence: \(stateOfAffairs)")
            }
        }
        if violations.isEmpty { checkTables() }
        if let reader { violations.forEach { reader("violation: \($0)") } }
        return SimulationOutcome(
            seed: seed, options: initial, trace: trace, violations: violations, steps: steps,
            counts: counts, work: work, outcomes: outcomes.resolved)
    }

    private mutating func begin() {
        database.add(SimulatedModel.prompts(options.prompts), to: "prompts")
        for var run in SimulationRuns.all(options.runs, draws: options.draws) {
            run.spec.budget = options.budget.map { Budget(tokens: $0) }
            if run.id.rawValue <= 2 { adapt(&run.spec) }
            database.submit(run)
        }
        #if DEBUG
            if let guardOff { database.guardsOff = [guardOff] }
        #endif
        for place in workers.indices {
            let first = options.startsAtOnce ? .zero : random.duration(0...300)
            queue.push(.startWorker(place), at: now + first)
        }
        for seat in seats.indices {
            queue.push(.fault(.replaceCoordinator(seat)), at: now + random.duration(0...300))
        }
        if seats.count > 1 { queue.push(.balance, at: now + .milliseconds(500)) }
        planFaults()
        counts.coordinatorsReplaced = -seats.count
    }

    /// Lets the first draws say how many there are to be.
    private func adapt(_ spec: inout RunSpec) {
        let first = spec.draws
        if let precision = options.precision {
            spec.adaptive = AdaptiveDraws(min: first, targetStandardError: precision)
        } else if let allocation = options.allocation {
            spec.adaptive = AdaptiveDraws(min: first, mean: allocation * Double(first))
        } else {
            return
        }
        spec.draws *= options.growth
    }

    private mutating func handle(_ event: SimulationEvent) {
        switch event {
        case .toCoordinator(let message, let owner): arrive(message, from: owner)
        case .toWorker(let message): step(message.worker, .message(message.message), again: event)
        case .coordinatorTick, .poll, .storeCall, .answer: coordinate(event)
        case .workerTick, .work: work(event)
        case .balance: balance()
        case .poison, .startWorker, .killCoordinator, .fault, .heal: inject(event)
        }
    }

    private var isConverged: Bool {
        database.runs.values.allSatisfy { $0.state != .open }
            && workers.allSatisfy { worker in
                worker.map { $0.session.working == 0 && $0.session.unacked == 0 } ?? true
            }
            && coordinators.allSatisfy(\.scheduler.isQuiet)
    }

    private var stateOfAffairs: String {
        let missing = database.runs.keys.sorted().map { database.missing(of: $0).count }
        let sessions = workers.map { worker in
            worker.map { "\($0.session.working)+\($0.session.unacked)" } ?? "-"
        }
        let loads = coordinators.map { "\($0.scheduler.load)" }
        return "\(missing) items missing, workers \(sessions), coordinators \(loads)"
    }
}

extension Duration {
    /// The whole duration in milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
