internal import BenchmarkParts
internal import DequeModule
internal import OgiveCore
internal import OgiveTesting

/// The real scheduler and the real sessions of workers, driven by a simulated clock without faults.
struct BusyFleet {
    /// A worker: leases wait until a slot is free, as in its pipeline.
    private struct Worker {
        let id: WorkerID
        var session: WorkerSession
        var waiting: Deque<(ticket: WorkerSession.Ticket, lease: Lease)> = []
        var running: [WorkerSession.Ticket: TimePoint] = [:]
    }

    private enum Event {
        case join(Int)
        case leave(Int)
        case toWorker(Int, CoordinatorMessage)
        case toScheduler(Scheduler.Event)
        case done(Int, WorkerSession.Ticket, Lease)
        case tick
    }

    private let plan: BusyPlan
    private var scheduler = Scheduler(term: Term(7), key: MemoryDatabase.leaseKey)
    private var workers: [Worker?]
    private var queue = EventQueue<Event>()
    private var now = TimePoint.zero
    private var remaining: Int
    private var seen: Set<Int> = []
    /// When the last draw was done.
    private(set) var end = Duration.zero
    /// When the last draw was begun for the first time.
    private(set) var lastBegin = Duration.zero
    /// Work that was begun and not finished.
    private(set) var lost = Duration.zero
    /// Events that happened.
    private(set) var events = 0

    /// Prepares the fleet of a plan.
    init(_ plan: BusyPlan) {
        self.plan = plan
        remaining = plan.durations.count
        workers = Array(repeating: nil, count: plan.members.count)
        var run = SimulatedModel.run(draws: 1)
        run.spec.candidates = []
        queue.push(.toScheduler(.runs([run])), at: now)
        for (place, member) in plan.members.enumerated() {
            queue.push(.join(place), at: .zero + member.joins)
            if let leaves = member.leaves { queue.push(.leave(place), at: .zero + leaves) }
        }
        queue.push(.tick, at: now)
    }

    /// Runs until the last draw is done.
    mutating func run() {
        while remaining > 0, let (at, _, event) = queue.pop() {
            now = at
            events += 1
            handle(event)
        }
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .join(let place): join(place)
        case .leave(let place): step(place, .drain)
        case .toWorker(let place, let message): step(place, .message(message))
        case .toScheduler(let event): coordinate(event)
        case .done(let place, let ticket, let lease): finish(place, ticket, lease)
        case .tick:
            coordinate(.tick)
            for place in workers.indices where workers[place] != nil { step(place, .tick) }
            queue.push(.tick, at: now + .milliseconds(100))
        }
    }

    private mutating func join(_ place: Int) {
        var limits = WorkerLimits()
        limits.leasesMax = plan.slotsOfWorker + plan.prefetch
        limits.drainGrace = plan.grace
        workers[place] = Worker(
            id: WorkerID(high: 1 << 63, low: UInt64(place)),
            session: WorkerSession(
                name: "worker-\(place)", version: "1", offer: SimulatedModel.offer,
                limits: limits, now: now))
        var load = WorkerLoad()
        load.sampleSlots = plan.slotsOfWorker
        load.scoreSlots = plan.scoreSlotsOfWorker
        load.slotTime[SlotWait(stage: .score, side: .nothing)] = 1
        step(place, .load(load))
    }

    private mutating func coordinate(_ event: Scheduler.Event) {
        for effect in scheduler.handle(event, now: now) {
            switch effect {
            case .send(let message):
                queue.push(
                    .toWorker(Int(message.worker.low), message.message), at: now + plan.latency)
            case .fetchPage(let run, let cursor, let limit):
                answer(.page(run.id, page(after: cursor, limit)))
            case .land(let batch):
                let items = batch.groups.reduce(0) { $0 + $1.items.count }
                let receipt = LandingReceipt(
                    completions: items, rewards: items, failures: 0, duplicates: 0)
                answer(.landed(batch.id, receipt))
            case .bind(let binding): answer(.bound(binding))
            case .finish(let run): answer(.finished(run, remaining == 0 ? .finished : .open))
            case .record, .notice, .stop: break
            }
        }
    }

    private mutating func answer(_ event: Scheduler.Event) {
        queue.push(.toScheduler(event), at: now + plan.databaseTime)
    }

    private func page(after cursor: PromptID?, _ limit: PageLimit) -> PendingPage {
        let first = cursor?.rawValue ?? 0
        let last = min(
            first + Int64(min(limit.prompts, limit.items)), Int64(plan.durations.count))
        let prompts = (first..<last).map { number in
            PendingPrompt(
                prompt: Prompt(
                    id: PromptID(number + 1), key: "\(number)", content: .text(""), metadata: "{}"),
                items: [WorkItem(name: .draw(0))])
        }
        return PendingPage(
            prompts: prompts, next: last < plan.durations.count ? PromptID(last) : nil)
    }

    private mutating func step(_ place: Int, _ event: WorkerSession.Event) {
        // Taken out, so that it is changed in place.
        guard var worker = workers[place] else { return }
        workers[place] = nil
        var hasLeft = false
        for effect in worker.session.handle(event, now: now) {
            switch effect {
            case .send(let message):
                let said = FromWorker(
                    worker: worker.id, term: worker.session.term, message: message)
                queue.push(.toScheduler(.message(said)), at: now + plan.latency)
            case .start(let ticket, let lease, _): worker.waiting.append((ticket, lease))
            case .stop(let ticket):
                worker.waiting.removeAll { $0.ticket == ticket }
                if let began = worker.running.removeValue(forKey: ticket) { lost += now - began }
            case .exit: hasLeft = true
            case .idle, .declined, .rejected: break
            }
        }
        if hasLeft { return }
        begin(&worker, place)
        workers[place] = worker
    }

    /// Puts what waits into free slots.
    private mutating func begin(_ worker: inout Worker, _ place: Int) {
        while worker.running.count < plan.slotsOfWorker, let next = worker.waiting.popFirst() {
            _ = worker.session.handle(.started(next.ticket), now: now)
            worker.running[next.ticket] = now
            let draw = Int(next.lease.prompt.id.rawValue) - 1
            if seen.insert(draw).inserted { lastBegin = now.sinceZero }
            let duration = plan.durations[draw]
            queue.push(.done(place, next.ticket, next.lease), at: now + duration)
        }
    }

    private mutating func finish(_ place: Int, _ ticket: WorkerSession.Ticket, _ lease: Lease) {
        guard workers[place]?.running.removeValue(forKey: ticket) != nil else { return }
        remaining -= 1
        end = now.sinceZero
        let duration = plan.durations[Int(lease.prompt.id.rawValue) - 1]
        let results = lease.items.map { item in
            var result = Samples.draw(item.name.index, seedBase: lease.seedBase)
            result.sampleDuration = duration
            return result
        }
        step(place, .done(ticket, [results]))
    }
}
