internal import OgiveCore

/// The stages of a worker and the queues between them.
struct Pipeline: Sendable {
    private let configuration: WorkerConfiguration
    private let provider: any ModelProvider
    private let time: TimeSource
    private let split: @Sendable ([ItemResult]) -> [[ItemResult]]
    private let feed: EventFeed<WorkerSession.Event>
    private let samples = StageQueue<LeaseJob>()
    private let scores = StageQueue<LeaseJob>()
    private let leases = PipelineLeases()
    private let gates: EndpointGates

    init(
        configuration: WorkerConfiguration, provider: any ModelProvider, time: TimeSource,
        split: @escaping @Sendable ([ItemResult]) -> [[ItemResult]],
        feed: EventFeed<WorkerSession.Event>
    ) {
        self.configuration = configuration
        self.provider = provider
        self.time = time
        self.split = split
        self.feed = feed
        gates = EndpointGates(configuration: configuration, time: time)
    }

    /// Takes a lease in.
    func start(_ job: LeaseJob) {
        leases.enter(job.ticket)
        samples.push(job)
    }

    /// Stops working on a lease.
    func stop(_ ticket: WorkerSession.Ticket) {
        leases.stop(ticket)
        let waiting = samples.remove { $0.ticket == ticket } + scores.remove { $0.ticket == ticket }
        for job in waiting { leases.leave(job.ticket) }
    }

    /// Runs the stages until the task is cancelled; throws when the servers stay away.
    func run(offer: Offer) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, configuration.sampleConcurrency) {
                group.addTask { await sampleLoop() }
            }
            for _ in 0..<max(1, configuration.scoreConcurrency) {
                group.addTask { await scoreLoop() }
            }
            group.addTask { try await watch(offer) }
            // `waitForAll` would wait for the other stages before it throws; this ends them.
            for try await _ in group {}
        }
    }

    private func sampleLoop() async {
        let stage = SampleStage(
            provider: provider, gates: gates, leases: leases,
            rule: AttemptRule(configuration, time: time))
        while let job = await samples.next() {
            feed.yield(.started(job.ticket))
            if job.lease.items.first?.stage == .logProbability {
                await tell(job)
            } else if let sampled = await stage.process(job) {
                scores.push(sampled)
            } else {
                leases.leave(job.ticket)
            }
        }
    }

    /// Log-probabilities of candidates are the policy's: the scorer is not asked.
    private func tell(_ job: LeaseJob) async {
        let stage = LogProbabilityStage(
            provider: provider, gates: gates, leases: leases,
            rule: AttemptRule(configuration, time: time))
        if let told = await stage.process(job) {
            feed.yield(.done(told.ticket, split(told.results)))
        }
        leases.leave(job.ticket)
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
            for job in await stage.process(jobs) {
                feed.yield(.done(job.ticket, split(job.results)))
            }
            for job in jobs { leases.leave(job.ticket) }
        }
    }

    /// Looks after servers that do not answer: suspends the intake while there are any, and lets
    /// requests try them once they are found. Other models than before are announced anew.
    private func watch(_ first: Offer) async throws {
        var offer = first
        var isSuspended = false
        while !Task.isCancelled {
            try await time.sleep(configuration.probeInterval)
            let outages = gates.outages
            if isSuspended != !outages.isEmpty {
                isSuspended.toggle()
                feed.yield(.suspended(isSuspended))
            }
            for (_, outage) in outages { try check(outage) }
            let due = outages.map(\.gate).filter(\.isDue)
            guard !due.isEmpty else { continue }
            let current: Offer
            do {
                current = try await provider.offer()
            } catch {
                guard !error.isRetriable else { continue }
                throw WorkerError(code: .models, message: error.message, cause: error)
            }
            if current != offer {
                offer = current
                feed.yield(.offerChanged(current))
            }
            for gate in due { gate.probeSucceeded() }
        }
    }

    /// Throws when an outage cannot be waited out.
    private func check(_ outage: CircuitBreaker.Outage) throws(WorkerError) {
        let error = outage.error
        guard error.isRetriable else {
            throw WorkerError(code: .models, message: error.message, cause: error)
        }
        guard time.now() - outage.since < configuration.outageMax else {
            throw WorkerError(
                code: .models,
                message:
                    "\(error.message) (for \(configuration.outageMax), the longest outage that "
                    + "`worker.outage_timeout` allows)", cause: error)
        }
    }
}
