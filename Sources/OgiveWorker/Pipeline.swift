internal import OgiveCore

/// The stages of a worker and the queues between them.
struct Pipeline: Sendable {
    private let configuration: WorkerConfiguration
    private let provider: any ModelProvider
    private let time: TimeSource
    private let split: @Sendable ([ItemResult]) -> [[ItemResult]]
    private let feed: AsyncStream<WorkerSession.Event>.Continuation
    private let samples = StageQueue<LeaseJob>()
    private let scores = StageQueue<LeaseJob>()
    private let leases = PipelineLeases()
    private let gate: EndpointGate

    init(
        configuration: WorkerConfiguration, provider: any ModelProvider, time: TimeSource,
        split: @escaping @Sendable ([ItemResult]) -> [[ItemResult]],
        feed: AsyncStream<WorkerSession.Event>.Continuation
    ) {
        self.configuration = configuration
        self.provider = provider
        self.time = time
        self.split = split
        self.feed = feed
        gate = EndpointGate(time: time)
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
        let stage = SampleStage(provider: provider, gate: gate, leases: leases, time: time)
        while let job = await samples.next() {
            feed.yield(.started(job.ticket))
            if let sampled = await stage.process(job) {
                scores.push(sampled)
            } else {
                leases.leave(job.ticket)
            }
        }
    }

    private func scoreLoop() async {
        let stage = ScoreStage(provider: provider, gate: gate, leases: leases, time: time)
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

    /// Looks after servers that do not answer: suspends the intake, and opens the gate when they
    /// are back. Other models than before are announced anew.
    private func watch(_ first: Offer) async throws {
        var offer = first
        var isSuspended = false
        while !Task.isCancelled {
            try await time.sleep(configuration.probeInterval)
            guard let outage = gate.outage else { continue }
            if !isSuspended {
                isSuspended = true
                feed.yield(.suspended(true))
            }
            guard outage.error.isRetriable, time.now() - outage.since < configuration.outageMax
            else {
                throw WorkerError(
                    code: .models, message: outage.error.message, cause: outage.error)
            }
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
            isSuspended = false
            feed.yield(.suspended(false))
            gate.open()
        }
    }
}
