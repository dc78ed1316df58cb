import OgiveCore
import OgiveTesting

@testable import OgiveWorker

/// A scheduler and workers that several runs share, in virtual time: the state machines are the
/// real ones, and the stages between them take as long as they are told to.
struct SharedFleet {
    /// What one run does.
    struct Work {
        var weight = 1.0
        /// How long a task is sampled, and how long a batch of texts is scored.
        var sampling: Duration
        var scoring: Duration
    }

    /// How a worker is made up.
    struct Shape {
        var workers = 1
        var sampleSlots = 8
        var scoreSlots = 2
        /// Most texts of a batch.
        var scoreBatch = 64
        /// Whether the worker tells of leases that wait for the scorer, and serves runs fairly.
        var isFair = true
    }

    private struct Job {
        let ticket: WorkerSession.Ticket
        let lease: Lease
    }

    private enum Event {
        case scheduler(Scheduler.Event)
        case session(Int, WorkerSession.Event)
        case sampled(Int, Job)
        case scored(Int, [Job])
    }

    private struct Worker {
        let id: WorkerID
        var session: WorkerSession
        var toSample: [Job] = []
        var sampling = 0
        var toScore = FairLines<Job>()
        var scoring = 0
        var inScoring = 0
        var leases: [RunID: Int] = [:]
    }

    private let shape: Shape
    private let works: [RunID: Work]
    private var scheduler: Scheduler
    private var workers: [Worker] = []
    private var events: [(at: TimePoint, event: Event)] = []
    private var now = TimePoint(.seconds(1))
    private var lastPrompt: Int64 = 0
    private var random = SeededRandom(seed: 1)
    private var tickAt: TimePoint?
    /// Draws of each run that landed.
    private(set) var landed: [RunID: Int] = [:]

    private static let latency = Duration.milliseconds(1)

    /// Runs 1, 2, … with this work.
    init(_ works: [Work], _ shape: Shape = Shape()) {
        self.shape = shape
        self.works = Dictionary(
            uniqueKeysWithValues: works.enumerated().map { (RunID(Int64($0 + 1)), $1) })
        scheduler = Scheduler(term: Term(5), key: MemoryDatabase.leaseKey)
        let runs = works.enumerated().map { number, work in
            var run = SimulatedModel.run(id: Int64(number + 1), draws: 64)
            run.spec.weight = work.weight
            run.sampling = SamplingID(Int64(number + 1))
            run.scoring = ScoringID(Int64(number + 1))
            run.spec.scoring.sampling.parameters.seed = UInt64(number)
            return run
        }
        push(.scheduler(.runs(runs)))
        var configuration = WorkerConfiguration(name: "worker", version: "1")
        configuration.sampleConcurrency = .fixed(shape.sampleSlots)
        configuration.scoreConcurrency = .fixed(shape.scoreSlots)
        for number in 0..<shape.workers {
            let session = WorkerSession(
                name: "worker \(number)", version: "1", offer: SimulatedModel.offer,
                limits: configuration.sessionLimits, now: now)
            workers.append(
                Worker(id: WorkerID(high: 1 << 63, low: UInt64(number + 1)), session: session))
            push(.session(number, .room(configuration.firstLeases)))
            push(.session(number, .tick))
        }
    }

    /// Draws of each run that land in a while, for each second.
    mutating func rates(over duration: Duration) -> [Double] {
        let former = landed
        let end = now + duration
        while let (at, event) = events.last, at <= end {
            events.removeLast()
            now = at
            handle(event)
        }
        now = end
        return works.keys.sorted().map {
            Double((landed[$0] ?? 0) - (former[$0] ?? 0)) / (duration / .seconds(1))
        }
    }

    private mutating func push(_ event: Event, after delay: Duration = .zero) {
        let at = now + delay
        // The next one is the last of the list.
        let place = events.firstIndex { $0.at <= at } ?? events.count
        events.insert((at, event), at: place)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .scheduler(let event):
            if case .tick = event { tickAt = nil }
            for effect in scheduler.handle(event, now: now) { follow(effect) }
            if let next = scheduler.nextTick, tickAt.map({ next < $0 }) ?? true {
                tickAt = next
                push(.scheduler(.tick), after: max(.milliseconds(1), next - now))
            }
        case .session(let index, let event):
            if case .tick = event { push(.session(index, .tick), after: .milliseconds(100)) }
            step(index, event)
        case .sampled(let index, let job):
            workers[index].sampling -= 1
            let weight = works[job.lease.run]?.weight ?? 1
            workers[index].toScore.push(
                job, of: shape.isFair ? job.lease.run : RunID(0), weight: weight, now: now)
            tell(index)
            begin(index)
        case .scored(let index, let jobs):
            workers[index].scoring -= 1
            workers[index].inScoring -= jobs.count
            workers[index].toScore.finish(shape.isFair ? jobs[0].lease.run : RunID(0), now: now)
            for job in jobs {
                workers[index].leases[job.lease.run, default: 0] -= 1
                step(index, .done(job.ticket, [results(of: job.lease)]))
            }
            tell(index)
            begin(index)
        }
    }

    /// As the pipeline does.
    private mutating func tell(_ index: Int) {
        guard shape.isFair else { return }
        let isShared = workers[index].leases.values.count { $0 > 0 } > 1
        let unscored = workers[index].toScore.count + workers[index].inScoring - shape.scoreSlots
        step(index, .unscored(isShared ? max(0, unscored) : 0))
    }

    private mutating func begin(_ index: Int) {
        while workers[index].sampling < shape.sampleSlots, !workers[index].toSample.isEmpty {
            let job = workers[index].toSample.removeFirst()
            workers[index].sampling += 1
            push(.sampled(index, job), after: took(works[job.lease.run]?.sampling))
        }
        while workers[index].scoring < shape.scoreSlots {
            let jobs = workers[index].toScore.take(
                now: now, upTo: shape.scoreBatch, size: { _ in 8 })
            guard let first = jobs.first else { return }
            workers[index].scoring += 1
            workers[index].inScoring += jobs.count
            push(.scored(index, jobs), after: took(works[first.lease.run]?.scoring))
        }
    }

    private mutating func took(_ mean: Duration?) -> Duration {
        (mean ?? .zero) * Double.random(in: 0.8..<1.2, using: &random)
    }

    private mutating func step(_ index: Int, _ event: WorkerSession.Event) {
        for effect in workers[index].session.handle(event, now: now) {
            switch effect {
            case .send(let message):
                let term = workers[index].session.term
                push(
                    .scheduler(
                        .message(
                            FromWorker(worker: workers[index].id, term: term, message: message))),
                    after: Self.latency)
            case .start(let ticket, let lease, _):
                workers[index].leases[lease.run, default: 0] += 1
                workers[index].toSample.append(Job(ticket: ticket, lease: lease))
                begin(index)
            case .stop, .idle, .declined, .rejected, .exit: break
            }
        }
    }

    private mutating func follow(_ effect: Scheduler.Effect) {
        switch effect {
        case .send(let message):
            let index = Int(message.worker.low) - 1
            push(.session(index, .message(message.message)), after: Self.latency)
        case .fetchPage(let run, _, let limit):
            let prompts = (0..<min(limit.prompts, max(1, limit.items / 64))).map { _ in
                lastPrompt += 1
                return PendingPrompt(
                    prompt: Prompt(
                        id: PromptID(lastPrompt), key: "\(lastPrompt)", content: .text("?"),
                        metadata: "{}"),
                    items: (0..<64).map { WorkItem(name: .draw(Int32($0))) })
            }
            push(
                .scheduler(
                    .page(run.id, PendingPage(prompts: prompts, next: PromptID(lastPrompt)))),
                after: Self.latency)
        case .land(let batch):
            for group in batch.groups { landed[group.run, default: 0] += group.items.count }
            let receipt = LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 0)
            push(.scheduler(.landed(batch.id, receipt)), after: Self.latency)
        case .bind(let binding): push(.scheduler(.bound(binding)), after: Self.latency)
        case .finish, .record, .notice, .stop: break
        }
    }

    private func results(of lease: Lease) -> [ItemResult] {
        lease.items.map { item in
            var result = ItemResult(name: item.name)
            result.completion = Completion(
                text: "text", tokenCount: 1, finishReason: .stop, logProbability: nil)
            result.seed = lease.seedBase + UInt64(item.name.index)
            result.sampleDuration = works[lease.run]?.sampling
            result.reward = 1
            return result
        }
    }
}
