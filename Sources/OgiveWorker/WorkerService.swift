package import Logging
package import Metrics
package import OgiveCore
internal import ServiceLifecycle

/// A worker: intake ▶ sample ▶ score ▶ outbox, for one coordinator.
///
/// Sampling and scoring overlap; each stage has its own number of slots. Shut down gracefully, it
/// takes nothing new, finishes what it can within the grace period, gives back the rest, and
/// leaves when everything is acknowledged.
package struct WorkerService<Transport: WorkerTransport>: Service {
    private let configuration: WorkerConfiguration
    private let transport: Transport
    private let provider: any ModelProvider
    private let time: TimeSource
    private let logger: Logger
    private let metrics: WorkerMetrics
    private let pulse: Pulse
    private let readiness: Readiness
    private let hooks: WorkerHooks
    private let split: @Sendable ([ItemResult]) -> [[ItemResult]]

    /// Joins the parts. It counts with `metrics`, beats `pulse` as long as its loop progresses, and
    /// tells `readiness` where it stands. `split` cuts results into parts that fit a message.
    package init(
        configuration: WorkerConfiguration, transport: Transport, provider: any ModelProvider,
        time: TimeSource, logger: Logger,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, pulse: Pulse = Pulse(),
        readiness: Readiness = Readiness(), hooks: WorkerHooks = WorkerHooks(),
        split: @escaping @Sendable ([ItemResult]) -> [[ItemResult]]
    ) {
        self.configuration = configuration
        self.transport = transport
        self.provider = provider
        self.time = time
        self.logger = logger
        self.metrics = WorkerMetrics(metrics)
        self.pulse = pulse
        self.readiness = readiness
        self.hooks = hooks
        self.split = split
    }

    /// Works until it is told to leave. Throws `WorkerError` when it has to stop for another
    /// reason.
    package func run() async throws {
        let offer: Offer
        do {
            offer = try await provider.offer()
        } catch {
            throw WorkerError(code: .models, message: error.message, cause: error)
        }
        readiness.note("models", isReady: true, "answered")
        let feed = EventFeed<WorkerSession.Event>(
            eventsMax: configuration.eventsMax, bytesMax: configuration.eventBytesMax
        ) { event in
            guard case .message(let said) = event else { return 0 }
            return said.byteCount
        }
        let pipeline = Pipeline(
            configuration: configuration, provider: provider, time: time, metrics: metrics,
            logger: logger, split: split, feed: feed)
        let exit = try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: WorkerSession.Exit?.self) { group in
                group.addTask {
                    for await batch in transport.incoming {
                        await feed.take(batch.map(WorkerSession.Event.message))
                    }
                    guard !Task.isCancelled else { return nil }
                    throw WorkerError(
                        code: .noCoordinator,
                        message: "The connection to the coordinator was closed.")
                }
                group.addTask {
                    while !Task.isCancelled {
                        try await time.sleep(.milliseconds(100))
                        feed.tick(.tick)
                    }
                    return nil
                }
                group.addTask {
                    do {
                        try await pipeline.run(offer: offer)
                    } catch let error as WorkerError {
                        // Its leases go to others at once, and no attempt is charged.
                        _ = await transport.send(.goodbye)
                        throw error
                    }
                    return nil
                }
                if let untilServersAreGone = hooks.untilServersAreGone {
                    group.addTask {
                        await untilServersAreGone()
                        if !Task.isCancelled { feed.yield(.abandon) }
                        return nil
                    }
                }
                group.addTask {
                    await converse(offer: offer, feed: feed, pipeline: pipeline)
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let exit = result { return exit }
                }
                return .drained
            }
        } onGracefulShutdown: {
            feed.yield(.drain)
        }
        try check(exit)
    }

    /// Runs the session: the only place that sends.
    private func converse(
        offer: Offer, feed: EventFeed<WorkerSession.Event>, pipeline: Pipeline
    ) async -> WorkerSession.Exit {
        var session = WorkerSession(
            name: configuration.name, version: configuration.version, offer: offer,
            site: configuration.site, limits: configuration.sessionLimits, now: time.now())
        _ = session.handle(.room(configuration.firstLeases), now: time.now())
        var report = SessionReport(metrics: metrics, readiness: readiness)
        var search = CoordinatorSearch(patience: configuration.connectMax)
        var wait = WaitAnnouncement(after: configuration.announceAfter, now: time.now())
        var end = configuration.endsIn.map {
            EndOfTime(remaining: $0, unknown: configuration.limits.drainGrace, now: time.now())
        }
        var wasDraining = false
        while let events = await feed.nextBatch(max: configuration.eventsAtOnce) {
            let now = time.now()
            pulse.beat()
            if end != nil { for event in events { end?.note(event, now: now) } }
            var effects = session.handle(pipeline.told(events), now: now)
            if let grace = end?.grace(now: now) {
                logger.notice(
                    "the machine is taken away soon: draining, nothing new is taken",
                    metadata: [
                        "within": "\(grace)", "a_task_takes": "\(end?.estimate ?? .zero)",
                    ])
                effects += session.handle(pipeline.told([.end(within: grace)]), now: now)
            }
            if session.isDraining, !wasDraining {
                wasDraining = true
                hooks.draining()
            }
            if search.isDue(
                isRegistered: session.isRegistered, now: now, jitter: .random(in: 0...1))
            {
                await transport.connectToNext()
            }
            if wait.isDue(isRegistered: session.isRegistered, now: now) { announceWait() }
            let (messages, exit) = follow(effects, pipeline) { end?.forget($0) }
            report.tell(session, now: now)
            let unheard = await send(messages)
            if !unheard.isEmpty { session.noteUnheard(unheard, now: time.now()) }
            if let exit { return exit }
        }
        return .drained
    }

    private func announceWait() {
        var metadata: Logger.Metadata = ["for": "\(configuration.limits.registrationMax)"]
        if let obstacle = transport.obstacle { metadata["reason"] = "\(obstacle)" }
        logger.notice(
            "waiting for a coordinator at \(configuration.coordinators)", metadata: metadata)
    }

    /// Does what the session says, but for sending.
    private func follow(
        _ effects: [WorkerSession.Effect], _ pipeline: Pipeline,
        stopped: (WorkerSession.Ticket) -> Void
    ) -> (messages: [WorkerMessage], exit: WorkerSession.Exit?) {
        var messages: [WorkerMessage] = []
        messages.reserveCapacity(effects.count)
        var begun: [(ticket: WorkerSession.Ticket, lease: Lease, run: ServedRun)] = []
        var exit: WorkerSession.Exit?
        for effect in effects {
            switch effect {
            case .send(let message): messages.append(message)
            case .start(let ticket, let lease, let run): begun.append((ticket, lease, run))
            case .stop(let ticket):
                // It may be one of those that have just begun.
                pipeline.start(begun)
                begun = []
                stopped(ticket)
                pipeline.stop(ticket)
            case .idle(let reason):
                logger.warning("no work for this worker", metadata: ["reason": "\(reason)"])
            case .declined(let reason):
                logger.warning(
                    "this worker cannot serve a run", metadata: ["reason": "\(reason)"])
            case .rejected(let reason):
                logger.error(
                    "the coordinator refused results of this worker; others get their items",
                    metadata: ["reason": "\(reason)"])
            case .exit(let reason): exit = exit ?? reason
            }
        }
        pipeline.start(begun)
        return (messages, exit)
    }

    /// Sends messages; answers with those that found nobody who reads.
    private func send(_ messages: [WorkerMessage]) async -> [WorkerMessage] {
        guard !messages.isEmpty else { return [] }
        var unheard: [WorkerMessage] = []
        for (message, outcome) in zip(messages, await transport.send(messages))
        where outcome != .queued {
            logger.debug("message not queued", metadata: ["outcome": "\(outcome)"])
            if outcome != .tooLarge { unheard.append(message) }
        }
        return unheard
    }

    private func check(_ exit: WorkerSession.Exit) throws(WorkerError) {
        switch exit {
        case .drained: logger.info("worker drained")
        case .idle(let time):
            logger.notice("no work: this worker leaves", metadata: ["since": "\(time)"])
        case .refused(let reason):
            throw WorkerError(code: .refused, message: "The coordinator refuses: \(reason)")
        case .noCoordinator(let silence):
            if let obstacle = transport.obstacle {
                throw WorkerError(code: .refused, message: obstacle)
            }
            throw WorkerError(
                code: .noCoordinator,
                message: "No coordinator answered for \(silence.components.seconds) s at "
                    + "\(configuration.coordinators). "
                    + "Check that one runs and listens there, or correct the address.")
        }
    }
}

/// Why a worker had to stop.
package struct WorkerError: Error, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: String, Sendable {
        /// No coordinator answered.
        case noCoordinator = "no_coordinator"
        /// The coordinator refuses this worker.
        case refused
        /// The model servers were away for too long, or refuse the worker.
        case models
    }

    /// The kind of reason.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// What the model server said, when it is the reason.
    package var cause: ModelError?

    /// Whether starting the worker again may help without a change by hand.
    package var isRetriable: Bool {
        switch code {
        case .noCoordinator: true
        case .refused: false
        case .models: cause?.isRetriable ?? false
        }
    }

    package var description: String { message }
}

/// Decides when a worker says that it waits for its first coordinator: once.
struct WaitAnnouncement {
    private let due: TimePoint
    private var isOver = false

    init(after patience: Duration, now: TimePoint) {
        due = now + patience
    }

    /// Whether to say it now.
    mutating func isDue(isRegistered: Bool, now: TimePoint) -> Bool {
        guard !isOver else { return false }
        let isDue = !isRegistered && now >= due
        isOver = isRegistered || isDue
        return isDue
    }
}

/// Decides when a worker that no coordinator answers tries the next address.
struct CoordinatorSearch {
    private let patience: Duration
    private var until: TimePoint?

    init(patience: Duration) {
        self.patience = patience
    }

    /// Whether to move on now. `jitter` in 0...1 lengthens the next wait by up to a half.
    mutating func isDue(isRegistered: Bool, now: TimePoint, jitter: Double) -> Bool {
        guard !isRegistered else {
            until = nil
            return false
        }
        let deadline = until ?? now + patience * (1 + jitter / 2)
        let isDue = now >= deadline
        until = isDue ? nil : deadline
        return isDue
    }
}

/// Decides when a worker whose machine is taken away at a known time has to drain, so that it takes
/// nothing that it cannot finish.
///
/// The longest of the last tasks is what the next one is expected to take; while none is known, the
/// time allowed for draining is.
struct EndOfTime {
    /// How many of the last tasks are remembered.
    static let tasksMax = 64
    /// Kept for delivering and leaving, or a tenth of what is left when that is shorter.
    static let marginMax = Duration.seconds(5)

    private let end: TimePoint
    private let unknown: Duration
    private let margin: Duration
    private var begun: [WorkerSession.Ticket: TimePoint] = [:]
    private var recent: [Duration] = []
    private var isOver = false

    /// `remaining`: from `now`; `unknown`: how long a task is taken to last before any is known.
    init(remaining: Duration, unknown: Duration, now: TimePoint) {
        end = now + remaining
        self.unknown = unknown
        margin = min(Self.marginMax, remaining / 10)
    }

    /// How long a task is expected to take.
    var estimate: Duration { recent.max() ?? unknown }

    /// Takes note of tasks that begin and end.
    mutating func note(_ event: WorkerSession.Event, now: TimePoint) {
        switch event {
        case .started(let ticket): begun[ticket] = now
        case .done(let ticket, _):
            guard let start = begun.removeValue(forKey: ticket) else { return }
            if recent.count == Self.tasksMax { recent.removeFirst() }
            recent.append(now - start)
        default: break
        }
    }

    /// Forgets a task that was stopped.
    mutating func forget(_ ticket: WorkerSession.Ticket) {
        begun[ticket] = nil
    }

    /// Once, when it is time to drain: how long the drain may take.
    mutating func grace(now: TimePoint) -> Duration? {
        let left = end - now - margin
        guard !isOver, left <= estimate else { return nil }
        isOver = true
        return max(left, .zero)
    }
}
