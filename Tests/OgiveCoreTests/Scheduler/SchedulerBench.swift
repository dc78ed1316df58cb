import OgiveCore
import OgiveTesting

/// Drives a scheduler by hand: time stands still unless it is moved.
struct SchedulerBench {
    var scheduler: Scheduler
    var now = TimePoint(.seconds(100))

    init(term: Int64 = 5, _ adjust: (inout SchedulerLimits) -> Void = { _ in }) {
        var limits = SchedulerLimits()
        limits.drawsPerTask = 2
        limits.landingDelay = .zero
        limits.helloPause = .zero
        adjust(&limits)
        scheduler = Scheduler(
            term: Term(term), key: MemoryDatabase.leaseKey, limits: limits)
    }

    /// With one bound run of `prompts` × `draws` whose first page is in memory.
    static func loaded(
        prompts: Int = 1, draws: Int = 4, _ adjust: (inout SchedulerLimits) -> Void = { _ in }
    ) -> SchedulerBench {
        var bench = SchedulerBench(adjust)
        bench.handle(.runs([Self.boundRun(draws: draws)]))
        bench.page(Self.pending(1...prompts, draws: draws))
        return bench
    }

    /// What a database says that is away.
    static let away = StoreError(.unavailable, "connection refused")

    static func boundRun(id: Int64 = 1, draws: Int = 4) -> RunDescription {
        var run = SimulatedModel.run(id: id, draws: draws)
        run.policyFingerprint = SimulatedModel.offer.policies[0].fingerprint
        run.scorerFingerprint = SimulatedModel.offer.scorers[0].fingerprint
        return run
    }

    static func pending(_ ids: ClosedRange<Int>, draws: Int) -> [PendingPrompt] {
        ids.map { id in
            PendingPrompt(
                prompt: Prompt(
                    id: PromptID(Int64(id)), key: "key \(id)", content: .text("?"),
                    metadata: "{}"),
                items: (0..<draws).map { WorkItem(name: .draw(Int32($0))) })
        }
    }

    static func worker(_ number: UInt64) -> WorkerID { WorkerID(high: 1 << 63, low: number) }

    @discardableResult
    mutating func handle(
        _ event: Scheduler.Event, after delay: Duration = .zero
    ) -> [Scheduler.Effect] {
        now = now + delay
        return scheduler.handle(event, now: now)
    }

    @discardableResult
    mutating func say(
        _ message: WorkerMessage, from worker: UInt64 = 1, term: Int64? = nil,
        key: String? = nil, after delay: Duration = .zero
    ) -> [Scheduler.Effect] {
        var said = FromWorker(
            worker: Self.worker(worker), term: term.map(Term.init) ?? scheduler.term,
            message: message)
        said.key = key
        return handle(.message(said), after: delay)
    }

    @discardableResult
    mutating func hello(
        from worker: UInt64 = 1, credit: Int = 1, holding held: [HeldLease] = [],
        offer: Offer = SimulatedModel.offer, key: String? = nil
    ) -> [Scheduler.Effect] {
        say(
            .hello(
                Hello(
                    name: "w\(worker)", version: "1", offer: offer, credit: credit,
                    inFlight: held)),
            from: worker, term: 0, key: key)
    }

    @discardableResult
    mutating func page(
        _ prompts: [PendingPrompt], next: Int64? = nil, run: Int64 = 1
    ) -> [Scheduler.Effect] {
        handle(.page(RunID(run), PendingPage(prompts: prompts, next: next.map(PromptID.init))))
    }

    /// Results for all items of a lease, or for some.
    static func result(
        _ lease: Lease, part: Int = 0, items: [Int32]? = nil, reward: Double = 1
    ) -> WorkerMessage {
        let names = lease.items.map(\.name).filter { items?.contains($0.index) ?? true }
        return .result(
            TaskResult(
                claim: lease.claim, part: part,
                items: names.map { name in
                    var result = ItemResult(name: name)
                    result.completion = Completion(
                        text: "text", tokenCount: 1, finishReason: .stop, logProbability: nil)
                    result.seed = lease.seedBase + UInt64(name.index)
                    result.reward = reward
                    return result
                }))
    }

    static func held(_ lease: Lease) -> HeldLease {
        HeldLease(claim: lease.claim)
    }

    static let receipt = LandingReceipt(completions: 0, rewards: 0, failures: 0, duplicates: 0)
}

extension [Scheduler.Effect] {
    var sent: [ToWorker] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }

    var leases: [Lease] {
        sent.compactMap { if case .lease(let lease) = $0.message { lease } else { nil } }
    }

    /// Who got leases, in order.
    var grantees: [UInt64] {
        sent.compactMap { if case .lease = $0.message { $0.worker.low } else { nil } }
    }

    var acks: [ResultName] {
        sent.flatMap { (message) -> [ResultName] in
            if case .acks(let names) = message.message { names } else { [] }
        }
    }

    var rejections: [(ResultName, reason: String)] {
        sent.compactMap {
            if case .rejected(let name, let reason) = $0.message { (name, reason) } else { nil }
        }
    }

    var cancels: [LeaseName] {
        sent.compactMap { if case .cancel(let name) = $0.message { name } else { nil } }
    }

    var welcome: Welcome? {
        sent.lazy.compactMap {
            if case .welcome(let welcome) = $0.message { welcome } else { nil }
        }.first
    }

    var asksToReRegister: Bool { sent.contains { $0.message == .reRegister } }

    var idleReason: String? {
        sent.lazy.compactMap { if case .idle(let why) = $0.message { why } else { nil } }.first
    }

    var batches: [LandingBatch] {
        compactMap { if case .land(let batch) = $0 { batch } else { nil } }
    }

    var pages: [(after: PromptID?, limit: PageLimit)] {
        compactMap {
            if case .fetchPage(_, let after, let limit) = $0 { (after, limit) } else { nil }
        }
    }

    /// Of each page that is asked for, whether it names begun prompts only.
    var onlyBegun: [Bool] { pages.map { $0.limit.onlyBegun } }

    var bindings: [FingerprintBinding] {
        compactMap { if case .bind(let binding) = $0 { binding } else { nil } }
    }

    var finishes: [RunID] {
        compactMap { if case .finish(let run) = $0 { run } else { nil } }
    }

    var stops: [StoreError] {
        compactMap { if case .stop(let error) = $0 { error } else { nil } }
    }

    var records: [WorkerRecord] {
        compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    /// How runs ended, as the operator is told.
    var endings: [RunState] {
        compactMap { if case .notice(.finished(_, _, let state)) = $0 { state } else { nil } }
    }

    /// The runs whose trouble with the database is reported.
    var troubles: [String] {
        compactMap { if case .notice(.callFailed(_, let run, _, _)) = $0 { run } else { nil } }
    }

    var pauses: [Duration] {
        compactMap { if case .notice(.landingPaused(_, let pause)) = $0 { pause } else { nil } }
    }
}
