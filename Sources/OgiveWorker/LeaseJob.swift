internal import OgiveCore
internal import Synchronization

/// A run that has leases in the pipeline: what is worked out once for all of them.
final class PipelineRun: Sendable {
    let id: RunID
    let name: String
    let weight: Double
    let policy: PolicySpec
    let parameters: SamplingParameters
    let scorer: ScorerSpec
    let bounds: TokenBounds
    /// As it was described.
    let served: ServedRun
    /// How many of its leases are in the pipeline, however often the run was described.
    let leases: Tally
    private let policies = AtomicLazyReference<ModelAccess<any Policy>>()
    private let scorers = AtomicLazyReference<ModelAccess<any Scorer>>()

    init(_ served: ServedRun, leases: Tally) {
        let spec = served.description.spec
        id = served.description.id
        name = spec.name
        weight = spec.weight
        policy = spec.scoring.sampling.policy
        parameters = spec.scoring.sampling.parameters
        scorer = spec.scoring.scorer
        bounds = TokenBounds(spec)
        self.served = served
        self.leases = leases
    }

    /// The policy's endpoints and its gate; what is found once is kept.
    func policy(
        _ provider: any ModelProvider, _ gates: ModelGates
    ) throws(ModelError) -> ModelAccess<any Policy> {
        if let known = policies.load() { return known }
        let endpoints = try provider.policies(for: policy)
        return policies.storeIfNil(ModelAccess(endpoints, gates.gate(of: policy, endpoints)))
    }

    /// The scorer's endpoints and its gate; what is found once is kept.
    func scorer(
        _ provider: any ModelProvider, _ gates: ModelGates
    ) throws(ModelError) -> ModelAccess<any Scorer> {
        if let known = scorers.load() { return known }
        let endpoints = try provider.scorers(for: scorer)
        return scorers.storeIfNil(ModelAccess(endpoints, gates.gate(of: scorer, endpoints)))
    }
}

/// The endpoints of a model, and the gate before them.
final class ModelAccess<Model: Sendable>: Sendable {
    let endpoints: [Served<Model>]
    let gate: ModelGate

    init(_ endpoints: [Served<Model>], _ gate: ModelGate) {
        self.endpoints = endpoints
        self.gate = gate
    }
}

/// A number of things that come and go.
final class Tally: Sendable {
    private let number = Atomic<Int>(0)

    /// The number now.
    var count: Int { number.load(ordering: .sequentiallyConsistent) }

    /// One comes; whether there was none.
    func enter() -> Bool { number.add(1, ordering: .sequentiallyConsistent).oldValue == 0 }

    /// One goes; whether there is none left.
    func leave() -> Bool { number.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 }
}

/// A lease in the pipeline, with what the session and the stages tell each other of it.
final class LeaseWork: Sendable {
    let ticket: WorkerSession.Ticket
    let lease: Lease
    let run: PipelineRun
    private let stopped = Atomic<Bool>(false)
    private let started = Atomic<Bool>(false)

    init(ticket: WorkerSession.Ticket, lease: Lease, run: PipelineRun) {
        self.ticket = ticket
        self.lease = lease
        self.run = run
    }

    /// Whether work on it is to go on.
    var isWanted: Bool { !stopped.load(ordering: .acquiring) }

    /// It is not wanted any more: stages stop waiting for servers on its behalf.
    func stop() { stopped.store(true, ordering: .releasing) }

    /// Whether work on it began.
    var isStarted: Bool { started.load(ordering: .acquiring) }

    /// Work on it begins.
    func start() { started.store(true, ordering: .releasing) }
}

/// The leases in the pipeline, and the runs that they are of.
final class PipelineLeases: Sendable {
    private struct State {
        /// Those whose end the session was not told of.
        var works: [WorkerSession.Ticket: LeaseWork] = [:]
        var runs: [RunID: PipelineRun] = [:]
    }

    private let state = Mutex(State())
    private let runs = Tally()

    /// Leases enter the pipeline.
    func enter(_ leases: [(ticket: WorkerSession.Ticket, lease: Lease, run: ServedRun)])
        -> [LeaseJob]
    {
        let jobs = state.withLock { state in
            leases.map { ticket, lease, served in
                let run = Self.run(served, of: lease.run, &state)
                let work = LeaseWork(ticket: ticket, lease: lease, run: run)
                state.works[ticket] = work
                return LeaseJob(work)
            }
        }
        for job in jobs where job.run.leases.enter() { _ = runs.enter() }
        return jobs
    }

    private static func run(
        _ served: ServedRun, of id: RunID, _ state: inout State
    ) -> PipelineRun {
        let former = state.runs[id]
        if let former, former.served === served { return former }
        let run = PipelineRun(served, leases: former?.leases ?? Tally())
        state.runs[id] = run
        return run
    }

    /// A lease is not wanted any more; nothing happens when the session knows of its end.
    func stop(_ ticket: WorkerSession.Ticket) {
        state.withLock { $0.works.removeValue(forKey: ticket) }?.stop()
    }

    /// The session is told of the end of these leases.
    func forget(_ tickets: [WorkerSession.Ticket]) {
        guard !tickets.isEmpty else { return }
        state.withLock { state in
            for ticket in tickets { state.works[ticket] = nil }
        }
    }

    /// The leases that work began on, ascending.
    var started: [WorkerSession.Ticket] {
        state.withLock { $0.works.values.filter(\.isStarted).map(\.ticket) }.sorted()
    }

    /// A lease leaves the pipeline; each leaves once.
    func leave(_ work: LeaseWork) {
        if work.run.leases.leave() { _ = runs.leave() }
    }

    /// Whether there are leases of more than one run.
    var areOfSeveralRuns: Bool { runs.count > 1 }
}

/// A lease on its way through the stages.
struct LeaseJob: Sendable {
    let work: LeaseWork
    /// One entry for each item of the lease, in its order.
    var results: [ItemResult]
    /// Why this worker cannot serve the lease's run; `nil` while nothing is against it. Apart,
    /// because it hardly ever is there.
    private var found: Apart<ModelError>?

    init(_ work: LeaseWork) {
        self.work = work
        results = work.lease.items.map { ItemResult(name: $0.name) }
    }

    var ticket: WorkerSession.Ticket { work.ticket }
    var lease: Lease { work.lease }
    var run: PipelineRun { work.run }

    /// Why this worker cannot serve the lease's run; `nil` while nothing is against it.
    var obstacle: ModelError? {
        get { found?.value }
        set { found = newValue.map { Apart($0) } }
    }

    /// The same job of a run that cannot be served.
    func facing(_ obstacle: ModelError) -> LeaseJob {
        var job = self
        job.obstacle = obstacle
        return job
    }

    /// The obstacle with what it was found by, for people.
    var reason: String? {
        obstacle.map { "run '\(run.name)', prompt `\(lease.prompt.key)`: \($0.message)" }
    }

    /// Whether an item has a text and neither a reward nor a failure.
    func isUnscored(_ position: Int) -> Bool {
        results[position].failure == nil && results[position].reward == nil
            && (results[position].completion != nil || lease.items[position].text != nil)
    }

    /// Whether there is such an item.
    var hasUnscored: Bool { results.indices.contains(where: isUnscored) }

    /// The text that is scored: byte for byte what is stored.
    func text(at position: Int) -> CompletionText? {
        lease.items[position].text.map(CompletionText.init) ?? results[position].completion?.content
    }
}
