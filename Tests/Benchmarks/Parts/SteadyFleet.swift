internal import DequeModule
internal import OgiveCore
internal import OgiveTesting

/// A scheduler in full swing: workers return every lease as a result at once, the database commits
/// at once and always has another page.
package struct SteadyFleet {
    private var scheduler: Scheduler
    private var waiting: Deque<Scheduler.Event> = []
    private var now = TimePoint.zero
    private var lastPrompt: Int64 = 0
    /// Events handled.
    package private(set) var events = 0
    /// Results acknowledged.
    package private(set) var acknowledged = 0

    /// Registers workers, each of which holds so many leases that the window is half full.
    package init(workers: Int, windowItems: Int = 16_384, landingItems: Int = 2_048) {
        var limits = SchedulerLimits()
        limits.windowItems = windowItems
        limits.landingItems = landingItems
        scheduler = Scheduler(
            term: Term(7), key: MemoryDatabase.leaseKey, limits: limits)
        waiting.append(.runs([SimulatedModel.run(draws: 1)]))
        let credit = max(1, scheduler.limits.windowItems / 2 / workers)
        for number in 1...workers {
            let hello = Hello(
                name: "worker-\(number)", version: "1", offer: SimulatedModel.offer,
                credit: credit, inFlight: [])
            say(.hello(hello), WorkerID(high: 1 << 63, low: UInt64(number)), term: Term(0))
        }
    }

    /// Goes on until so many more tasks are acknowledged.
    package mutating func run(tasks: Int) {
        let end = acknowledged + tasks
        while acknowledged < end {
            events += 1
            if let event = waiting.popFirst() {
                now = now + .microseconds(1)
                handle(event)
            } else {
                now = max(now, scheduler.nextTick ?? now + .milliseconds(50))
                handle(.tick)
            }
        }
    }

    private mutating func handle(_ event: Scheduler.Event) {
        for effect in scheduler.handle(event, now: now) {
            switch effect {
            case .send(let message): receive(message)
            case .fetchPage(let run, _, let limit): waiting.append(.page(run.id, page(limit)))
            case .land(let batch): waiting.append(.landed(batch.id, Self.receipt(of: batch)))
            case .bind(let binding): waiting.append(.bound(binding))
            case .finish, .record, .notice, .stop: break
            }
        }
    }

    private mutating func receive(_ message: ToWorker) {
        switch message.message {
        case .lease(let lease):
            let items = lease.items.map {
                Samples.draw($0.name.index, seedBase: lease.seedBase)
            }
            let result = TaskResult(claim: lease.claim, part: 0, items: items)
            say(.result(result), message.worker, term: scheduler.term)
        case .acks(let names): acknowledged += names.count
        case .welcome, .serve, .rejected, .cancel, .reRegister, .idle, .refused, .heartbeat: break
        }
    }

    private mutating func say(_ message: WorkerMessage, _ worker: WorkerID, term: Term) {
        waiting.append(.message(FromWorker(worker: worker, term: term, message: message)))
    }

    private mutating func page(_ limit: PageLimit) -> PendingPage {
        let prompts = (0..<min(limit.prompts, limit.items)).map { _ in
            lastPrompt += 1
            return PendingPrompt(
                prompt: Prompt(
                    id: PromptID(lastPrompt), key: "prompt-\(lastPrompt)",
                    content: .text(Samples.text), metadata: "{}"),
                items: [WorkItem(name: .draw(0))])
        }
        return PendingPage(prompts: prompts, next: PromptID(lastPrompt))
    }

    private static func receipt(of batch: LandingBatch) -> LandingReceipt {
        let items = batch.groups.reduce(0) { $0 + $1.items.count }
        return LandingReceipt(completions: items, rewards: items, failures: 0, duplicates: 0)
    }
}
