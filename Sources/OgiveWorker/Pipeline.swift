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
            owner: { ($0.run.id, $0.run.weight) })
    }

    /// Takes leases in.
    func start(_ begun: [(ticket: WorkerSession.Ticket, lease: Lease, run: ServedRun)]) {
        guard !begun.isEmpty else { return }
        samples.push(leases.enter(begun))
    }

    /// Stops working on a lease.
    func stop(_ ticket: WorkerSession.Ticket) {
        leases.stop(ticket)
        let waiting = samples.remove { $0.ticket == ticket } + scores.remove { $0.ticket == ticket }
        for job in waiting { leases.leave(job.work) }
        tellUnscored()
    }

    /// The session is told of what happened: whether work on leases began, where it decides by
    /// that, and their ends.
    func told(_ events: [WorkerSession.Event]) -> [WorkerSession.Event] {
        var (ended, asks) = ([WorkerSession.Ticket](), false)
        for event in events {
            switch event {
            case .done(let ticket, _), .declined(let ticket, _): ended.append(ticket)
            case .drain, .end: asks = true
            default: break
            }
        }
        leases.forget(ended)
        return asks ? started + events : events
    }

    /// The leases that work began on, as the session is told of them.
    var started: [WorkerSession.Event] { leases.started.map(WorkerSession.Event.started) }

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
            provider: provider, gates: gates, rule: AttemptRule(configuration, time: time))
        var next = await samples.next()
        while let job = next.take() {
            let work = job.work
            work.start()
            // Else the session is told when it asks.
            if configuration.endsIn != nil { feed.leave(.started(work.ticket)) }
            if work.lease.items.first?.stage == .logProbability {
                await askLogProbabilities(job)
            } else if let sampled = await stage.process(job) {
                if let reason = sampled.reason {
                    feed.yield(.declined(work.ticket, reason))
                    leases.leave(work)
                } else {
                    scores.push(sampled)
                    tellUnscored()
                }
            } else {
                leases.leave(work)
            }
            follow()
            next = await samples.finishAndNext()
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
            provider: provider, gates: gates, rule: AttemptRule(configuration, time: time))
        let work = job.work
        if let result = await stage.process(job) {
            feed.yield(event(of: result))
        }
        leases.leave(work)
    }

    private func event(of job: LeaseJob) -> WorkerSession.Event {
        if let reason = job.reason { return .declined(job.ticket, reason) }
        // What a server counts wrongly costs no result.
        let results = job.run.bounds.possible(job.results, of: job.lease)
        return .done(job.ticket, split(results))
    }

    private func scoreLoop() async {
        let stage = ScoreStage(
            provider: provider, gates: gates, rule: AttemptRule(configuration, time: time))
        let most = configuration.scoreBatch
        while let jobs = await scores.next(upTo: most, size: { $0.results.count }) {
            let works = jobs.map(\.work)
            let scored = await stage.process(jobs)
            feed.yield(scored.map(event))
            for work in works { leases.leave(work) }
            scores.finish(works[0].run.id, elements: works.count)
            tellUnscored()
            follow()
        }
    }

    /// Says how many leases beyond the scorer's slots are sampled and have no rewards: none while
    /// the worker has leases of one run alone, which holds up nobody.
    private func tellUnscored() {
        guard leases.areOfSeveralRuns || !told.isZero else { return }
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
    /// Those who look at the number now, and one more while another number than 0 is the last.
    private let notZero = Tally()

    /// Whether the number is 0, and nobody looks whether it is another one.
    var isZero: Bool { notZero.count == 0 }

    func follow(_ number: () -> Int, tell: (Int) -> Void) {
        // Before the look: who finds nobody here, later than it changed the number to 0, knows
        // that all looks to come see that.
        _ = notZero.enter()
        last.withLock { last in
            let now = number()
            guard now != last else { return }
            if last == 0 { _ = notZero.enter() }
            if now == 0 { _ = notZero.leave() }
            last = now
            tell(now)
        }
        _ = notZero.leave()
    }
}
