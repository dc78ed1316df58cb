import OgiveCore
import OgiveTesting
import Testing

/// Drives a worker's session by hand: time stands still unless it is moved.
struct SessionBench {
    var session: WorkerSession
    var now = TimePoint(.seconds(100))

    init(_ adjust: (inout WorkerLimits) -> Void = { _ in }) {
        var limits = WorkerLimits()
        limits.leasesMax = 4
        adjust(&limits)
        session = WorkerSession(
            name: "w", version: "1", offer: SimulatedModel.offer, limits: limits, now: now)
    }

    /// Registered under term 5, with the run known.
    static func registered(_ adjust: (inout WorkerLimits) -> Void = { _ in }) -> SessionBench {
        var bench = SessionBench(adjust)
        bench.handle(.tick)
        bench.welcome()
        bench.hear(.serve(SimulatedModel.run(draws: 8)))
        return bench
    }

    @discardableResult
    mutating func handle(
        _ event: WorkerSession.Event, after delay: Duration = .zero
    ) -> [WorkerSession.Effect] {
        now = now + delay
        return session.handle(event, now: now)
    }

    @discardableResult
    mutating func hear(
        _ message: CoordinatorMessage, after delay: Duration = .zero
    ) -> [WorkerSession.Effect] {
        handle(.message(message), after: delay)
    }

    @discardableResult
    mutating func welcome(
        term: Int64 = 5, adopting adopted: [Welcome.Adoption] = []
    ) -> [WorkerSession.Effect] {
        hear(
            .welcome(
                Welcome(
                    term: Term(term), heartbeatInterval: .seconds(2), silenceMax: .seconds(10),
                    adopted: adopted)))
    }

    static func name(_ task: UInt64, term: Int64 = 5, epoch: UInt64 = 1) -> LeaseName {
        LeaseName(term: Term(term), task: TaskID(task), epoch: Epoch(epoch))
    }

    /// A lease of term 5 that goes on under term 6.
    static func adoption(_ old: UInt64, as new: UInt64) -> Welcome.Adoption {
        Welcome.Adoption(
            old: name(old), new: name(new, term: 6), proof: SHA256Digest(hashing: "\(new)"))
    }

    static func lease(
        _ task: UInt64, term: Int64 = 5, run: Int64 = 1, items: Int32 = 2,
        duration: Duration = .seconds(900)
    ) -> Lease {
        Lease(
            name: name(task, term: term), run: RunID(run),
            prompt: SimulatedModel.prompts(1)[0].prompt, seedBase: 7,
            items: (0..<items).map { WorkItem(name: .draw($0)) }, duration: duration,
            proof: .unproved)
    }

    /// Takes a lease and answers with its ticket.
    mutating func take(
        _ task: UInt64, duration: Duration = .seconds(900)
    ) throws -> WorkerSession.Ticket {
        let started = hear(.lease(Self.lease(task, duration: duration))).started
        return try #require(started.first)
    }

    static func results(_ indexes: Int32...) -> [ItemResult] {
        indexes.map { index in
            var result = ItemResult(name: .draw(index))
            result.reward = Double(index)
            return result
        }
    }
}

extension [WorkerSession.Effect] {
    var sent: [WorkerMessage] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }

    var started: [WorkerSession.Ticket] {
        compactMap { if case .start(let ticket, _, _) = $0 { ticket } else { nil } }
    }

    var stopped: [WorkerSession.Ticket] {
        compactMap { if case .stop(let ticket) = $0 { ticket } else { nil } }
    }

    var hellos: [Hello] {
        sent.compactMap { if case .hello(let hello) = $0 { hello } else { nil } }
    }

    var results: [TaskResult] {
        sent.compactMap { if case .result(let result) = $0 { result } else { nil } }
    }

    var credits: [Int] {
        sent.compactMap { if case .credit(let credit) = $0 { credit } else { nil } }
    }

    var returned: [LeaseName] {
        sent.flatMap { if case .returned(let names) = $0 { names } else { [LeaseName]() } }
    }

    var idleReasons: [String] {
        compactMap { if case .idle(let reason) = $0 { reason } else { nil } }
    }

    var exits: [WorkerSession.Exit] {
        compactMap { if case .exit(let exit) = $0 { exit } else { nil } }
    }
}
