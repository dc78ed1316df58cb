internal import Logging
internal import OgiveCore
internal import Synchronization

/// The stages of a worker and the queues between them.
struct Pipeline: Sendable {
    private let configuration: WorkerConfiguration
    private let provider: any ModelProvider
    private let time: TimeSource
    private let split: @Sendable ([ItemResult]) -> [[ItemResult]]
    private let feed: EventFeed<WorkerSession.Event>
    private let samples: StageQueue<LeaseJob>
    private let scores: StageQueue<LeaseJob>
    private let leases = PipelineLeases()
    private let gates: ModelGates
    private let metrics: WorkerMetrics
    /// The changes of the gates' capacities that were followed.
    private let followed = Counter()
    /// The leases without rewards that the session was told of.
    private let told = LastTold()

    init(
        configuration: WorkerConfiguration, provider: any ModelProvider, time: TimeSource,
        metrics: WorkerMetrics, logger: Logger,
        split: @escaping @Sendable ([ItemResult]) -> [[ItemResult]],
        feed: EventFeed<WorkerSession.Event>
    ) {
        self.configuration = configuration
        self.provider = provider
        self.time = time
        self.split = split
        self.feed = feed
        self.metrics = metrics
        gates = ModelGates(
            configuration: configuration, time: time, metrics: metrics, logger: logger)
        samples = StageQueue(capacity: configuration.sampleConcurrency.initial)
        scores = StageQueue(
            capacity: configuration.scoreConcurrency.initial, now: time.now,
            owner: { ($0.lease.run, $0.run.spec.weight) })
    }

    /// Takes a lease in.
    func start(_ job: LeaseJob) {
        leases.enter(job.ticket, of: job.lease.run)
        samples.push(job)
    }

    /// Stops working on a lease.
    func stop(_ ticket: WorkerSession.Ticket) {
        leases.stop(ticket)
        let waiting = samples.remove { $0.ticket == ticket } + scores.remove { $0.ticket == ticket }
        for job in waiting { leases.leave(job.ticket) }
        tellUnscored()
    }

    /// Runs the stages until the task is cancelled; throws when the servers stay away.
    func run(offer: Offer) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<configuration.sampleConcurrency.most {
                group.addTask { await sampleLoop() }
            }
            for _ in 0..<configuration.scoreConcurrency.most {
                group.addTask { await scoreLoop() }
            }
            let watch = EndpointWatch(
                gates: gates, provider: provider, configuration: configuration, time: time,
                feed: feed)
            group.addTask { try await watch.run(offer) }
            let meter = PipelineMeter(
                gates: gates, metrics: metrics, time: time, loads: { (samples.load, scores.load) },
                report: { feed.yield(.load($0)) })
            group.addTask { try await meter.run() }
            // `waitForAll` would wait for the other stages before it throws; this ends them.
            for try await _ in group {}
        }
    }

    private func sampleLoop() async {
        let stage = SampleStage(
            provider: provider, gates: gates, leases: leases,
            rule: AttemptRule(configuration, time: time))
        while let job = await samples.next() {
            feed.leave(.started(job.ticket))
            if job.lease.items.first?.stage == .logProbability {
                await askLogProbabilities(job)
            } else if let sampled = await stage.process(job) {
                if let reason = sampled.reason {
                    feed.yield(.declined(job.ticket, reason))
                    leases.leave(job.ticket)
                } else {
                    scores.push(sampled)
                    tellUnscored()
                }
            } else {
                leases.leave(job.ticket)
            }
            samples.finish()
            follow()
        }
    }

    /// Lets the stages and the intake follow the limits that were found.
    private func follow() {
        guard followed.update(to: gates.changes) else { return }
        let sampling = configuration.sampleConcurrency.initial
        let scoring = configuration.scoreConcurrency.initial
        let slots = (
            gates.capacity(isPolicy: true).map { min($0, configuration.sampleConcurrency.most) },
            gates.capacity(isPolicy: false).map { min($0, configuration.scoreConcurrency.most) }
        )
        let hasChanged = samples.setCapacity(slots.0 ?? sampling)
        guard scores.setCapacity(slots.1 ?? scoring) || hasChanged else { return }
        feed.yield(
            .room(configuration.leases(sampling: slots.0 ?? sampling, scoring: slots.1 ?? scoring)))
    }

    /// Log-probabilities of candidates are the policy's: the scorer is not asked.
    private func askLogProbabilities(_ job: LeaseJob) async {
        let stage = LogProbabilityStage(
            provider: provider, gates: gates, leases: leases,
            rule: AttemptRule(configuration, time: time))
        if let result = await stage.process(job) {
            feed.yield(event(of: result))
        }
        leases.leave(job.ticket)
    }

    private func event(of job: LeaseJob) -> WorkerSession.Event {
        if let reason = job.reason { return .declined(job.ticket, reason) }
        // What a server counts wrongly costs no result.
        let results = TokenBounds(job.run.spec).possible(job.results, of: job.lease)
        return .done(job.ticket, split(results))
    }

    private func scoreLoop() async {
        let stage = ScoreStage(
            provider: provider, gates: gates, leases: leases,
            rule: AttemptRule(configuration, time: time))
        let most = configuration.scoreBatch
        while let jobs = await scores.next(whileFits: { taken, next in
            taken[0].lease.run == next.lease.run
                && taken.reduce(next.results.count) { $0 + $1.results.count } <= most
        }) {
            let scored = await stage.process(jobs)
            feed.yield(scored.map(event))
            for job in jobs { leases.leave(job.ticket) }
            scores.finish(jobs[0].lease.run, elements: jobs.count)
            tellUnscored()
            follow()
        }
    }

    /// Says how many leases beyond the scorer's slots are sampled and have no rewards: none while
    /// the worker has leases of one run alone, which holds up nobody.
    private func tellUnscored() {
        told.follow {
            leases.areOfSeveralRuns ? max(0, scores.elements - scores.load.slots) : 0
        } tell: {
            feed.yield(.unscored($0))
        }
    }
}

/// A number that is told each time that it is another one. What was told last is what it was last:
/// of two who tell at once, one waits.
private final class LastTold: Sendable {
    private let last = Mutex(0)

    func follow(_ number: () -> Int, tell: (Int) -> Void) {
        last.withLock { last in
            let now = number()
            guard now != last else { return }
            last = now
            tell(now)
        }
    }
}

/// The leases in the pipeline, and which of them are not wanted any more, so that stages stop
/// waiting for servers on their behalf.
final class PipelineLeases: Sendable {
    private struct Entry {
        let run: RunID
        /// Whether it is still wanted.
        var isWanted = true
    }

    private struct State {
        var entries: [WorkerSession.Ticket: Entry] = [:]
        /// How many of them each run has.
        var runs: [RunID: Int] = [:]
    }

    private let state = Mutex(State())

    /// A lease of a run enters the pipeline.
    func enter(_ ticket: WorkerSession.Ticket, of run: RunID) {
        state.withLock { state in
            state.entries[ticket] = Entry(run: run)
            state.runs[run, default: 0] += 1
        }
    }

    /// A lease is not wanted any more; nothing happens when it left the pipeline already.
    func stop(_ ticket: WorkerSession.Ticket) {
        state.withLock { $0.entries[ticket]?.isWanted = false }
    }

    /// A lease leaves the pipeline.
    func leave(_ ticket: WorkerSession.Ticket) {
        state.withLock { state in
            guard let run = state.entries.removeValue(forKey: ticket)?.run else { return }
            let left = (state.runs[run] ?? 1) - 1
            state.runs[run] = left > 0 ? left : nil
        }
    }

    /// Whether there are leases of more than one run.
    var areOfSeveralRuns: Bool { state.withLock { $0.runs.count > 1 } }

    /// Whether work on a lease is to go on.
    func isWanted(_ ticket: WorkerSession.Ticket) -> Bool {
        state.withLock { $0.entries[ticket]?.isWanted ?? false }
    }

    /// Number of leases in the pipeline.
    var count: Int {
        state.withLock { $0.entries.count }
    }
}

/// A lease on its way through the stages.
struct LeaseJob: Sendable {
    let ticket: WorkerSession.Ticket
    let lease: Lease
    let run: RunDescription
    /// One entry for each item of the lease, in its order.
    var results: [ItemResult]
    /// Why this worker cannot serve the lease's run; `nil` while nothing is against it.
    var obstacle: ModelError?

    init(ticket: WorkerSession.Ticket, lease: Lease, run: RunDescription) {
        self.ticket = ticket
        self.lease = lease
        self.run = run
        results = lease.items.map { ItemResult(name: $0.name) }
    }

    /// The same job of a run that cannot be served.
    func facing(_ obstacle: ModelError) -> LeaseJob {
        var job = self
        job.obstacle = obstacle
        return job
    }

    /// The obstacle with what it was found by, for people.
    var reason: String? {
        obstacle.map {
            "run '\(run.spec.name)', prompt `\(lease.prompt.key)`: \($0.message)"
        }
    }

    /// Positions of the items that have a text and neither a reward nor a failure.
    var unscored: [Int] {
        results.indices.filter { position in
            results[position].failure == nil && results[position].reward == nil
                && text(at: position) != nil
        }
    }

    /// The text that is scored: byte for byte what is stored.
    func text(at position: Int) -> String? {
        lease.items[position].text ?? results[position].completion?.text
    }
}
