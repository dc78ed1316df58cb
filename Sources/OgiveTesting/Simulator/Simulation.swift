internal import OgiveCore

/// One simulated run: the real scheduler and the real sessions, a network, a database and time
/// that are drawn from a seed.
///
/// What must never happen is checked after each step; what must happen in the end, after a time
/// without faults.
package struct Simulation: Sendable {
    /// How it went.
    package struct Outcome: Hashable, Sendable {
        /// The seed it was drawn from.
        package var seed: UInt64
        /// Hash of everything that happened, in order.
        package var trace: TraceHash
        /// What must not have happened; empty when all is well.
        package var violations: [String]
        /// Number of events.
        package var steps: Int
        /// Results that were dropped as stale.
        package var stale: Int
    }

    struct Coordinator: Sendable {
        let id: Int
        var scheduler: Scheduler
    }

    struct Worker: Sendable {
        let id: WorkerID
        var session: WorkerSession
        var pausedUntil = Instant.zero
    }

    /// A part of results that was sent.
    struct SentPart: Hashable, Sendable {
        let worker: WorkerID
        let name: ResultName
    }

    static let run = RunID(1)
    /// More events than any run needs: both sides answer each other without end.
    static let stepsMax = 100_000

    let seed: UInt64
    var options: SimulationOptions
    var random: SplitMix64
    var database = MemoryDatabase()
    var queue = EventQueue<SimulationEvent>()
    var now = Instant.zero
    /// Living coordinators, the current one last.
    var coordinators: [Coordinator] = []
    var lastCoordinator = 0
    /// Living workers by place.
    var workers: [Worker?]
    var lastWorker: UInt64 = 0
    var sent: [SentPart: [MemoryDatabase.ItemKey]] = [:]
    var isHealed = false
    var trace = TraceHash()
    var violations: [String] = []
    var stale = 0

    /// Draws options and everything else from a seed; or takes the options given.
    package init(seed: UInt64, options: SimulationOptions? = nil) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        self.options = options ?? SimulationOptions(using: &random)
        workers = Array(repeating: nil, count: self.options.workers)
    }

    /// Runs to the end, or to the first violation.
    package mutating func run() -> Outcome {
        begin()
        var steps = 0
        let end = Instant.zero + options.faultTime + options.healTime
        while violations.isEmpty, let (at, sequence, event) = queue.pop() {
            now = at
            steps += 1
            trace.add("\(at.sinceZero.attoseconds) \(sequence) \(event.summary)")
            handle(event)
            checkTruth()
            if case .coordinatorTick = event, isHealed, isConverged { break }
            if at > end || steps == Self.stepsMax {
                violations.append("no convergence: \(stateOfAffairs)")
            }
        }
        checkTables()
        return Outcome(
            seed: seed, trace: trace, violations: violations, steps: steps, stale: stale)
    }

    private mutating func begin() {
        database.add(SimulatedModel.prompts(options.prompts), to: "prompts")
        database.submit(SimulatedModel.run(draws: options.draws))
        for place in workers.indices {
            queue.push(.startWorker(place), at: now + random.duration(0...300))
        }
        queue.push(.replaceCoordinator, at: now + random.duration(0...300))
        planFaults()
    }

    private mutating func handle(_ event: SimulationEvent) {
        switch event {
        case .toCoordinator(let message): arrive(message)
        case .toWorker(let message): arrive(message, event)
        case .coordinatorTick, .poll, .storeCall, .answer: coordinate(event)
        case .workerTick, .work: work(event)
        case .crashWorker, .startWorker, .pauseWorker, .drainWorker, .replaceCoordinator,
            .killCoordinator, .raise, .heal:
            befall(event)
        }
    }

    private var isConverged: Bool {
        database.isFinished(Self.run)
            && workers.allSatisfy { worker in
                worker.map { $0.session.working == 0 && $0.session.unacked == 0 } ?? false
            }
            && coordinators.allSatisfy(\.scheduler.isQuiet)
    }

    private var stateOfAffairs: String {
        let missing = database.missing(of: Self.run).count
        let sessions = workers.map { worker in
            worker.map { "\($0.session.working)+\($0.session.unacked)" } ?? "-"
        }
        let loads = coordinators.map { "\($0.scheduler.load)" }
        return "\(missing) items missing, finished \(database.isFinished(Self.run)), "
            + "workers \(sessions), coordinators \(loads)"
    }

    private mutating func checkTruth() {
        if let conflict = database.conflicts.first {
            violations.append("\(conflict) landed twice with different content")
        }
    }

    private mutating func checkTables() {
        guard violations.isEmpty, let run = database.runs[Self.run]?.description else { return }
        let expected = SimulatedModel().table(of: run, in: database)
        if database.tables[run.scoring] != expected {
            violations.append("the table differs from that of an undisturbed run")
        }
    }
}

extension Duration {
    /// The whole duration in attoseconds, for traces.
    fileprivate var attoseconds: Int128 {
        Int128(components.seconds) * 1_000_000_000_000_000_000 + Int128(components.attoseconds)
    }
}
