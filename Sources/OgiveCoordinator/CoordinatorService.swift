package import Logging
package import Metrics
package import OgiveCore
internal import ServiceLifecycle

/// The coordinator: serves every open run to whatever workers come, for as long as it runs.
///
/// While another coordinator leads it stands by. One loop owns the scheduler and everything it
/// decides; pages are read and batches landed beside it and come back as events. Shut down
/// gracefully, it grants nothing more, lands what is there and resigns.
package struct CoordinatorService<Transport: CoordinatorTransport>: Service {
    private let configuration: CoordinatorConfiguration
    private let transport: Transport
    private let store: any Store
    private let time: TimeSource
    private let logger: Logger
    private let monitoring: Monitoring
    private let whenLeading: @Sendable () async throws -> Void

    /// What is seen of it from outside.
    private struct Monitoring {
        let metrics: CoordinatorMetrics
        let pulse: Pulse
        let readiness: Readiness

        /// Says that it leads, or that it may not while its term is not renewed.
        func note(_ change: Scheduler.Event, _ term: Term) {
            guard case .hold(let isHeld) = change else { return }
            metrics.noteLeading(term, isHeld: isHeld)
            readiness.note(
                "leadership", isReady: !isHeld,
                isHeld ? "its term is not renewed" : "leads with term \(term.rawValue)")
        }
    }

    /// Joins the parts. It counts with `metrics`, beats `pulse` as long as its loop progresses, and
    /// tells `readiness` where it stands. `whenLeading` is called once this coordinator leads: only
    /// then should its address be open, so that workers find the one that leads. Nobody is served
    /// until it returns, and nobody at all when it throws.
    package init(
        configuration: CoordinatorConfiguration, transport: Transport, store: any Store,
        time: TimeSource, logger: Logger,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, pulse: Pulse = Pulse(),
        readiness: Readiness = Readiness(),
        whenLeading: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.configuration = configuration
        self.transport = transport
        self.store = store
        self.time = time
        self.logger = logger
        monitoring = Monitoring(
            metrics: CoordinatorMetrics(metrics), pulse: pulse, readiness: readiness)
        self.whenLeading = whenLeading
    }

    /// Serves until it is shut down. Throws `CoordinatorError` when it cannot lead, or must not
    /// any more.
    package func run() async throws {
        let standby = Standby(
            configuration: configuration, store: store, time: time, logger: logger)
        monitoring.readiness.note("leadership", isReady: true, "stands by")
        guard let success = try await beating({ try await standby.lead() }) else { return }
        let term = success.term
        logger.notice("leading", metadata: ["term": "\(term.rawValue)"])
        defer { monitoring.metrics.noteResigned() }
        let feed = EventFeed<Scheduler.Event>(
            eventsMax: configuration.eventsMax, bytesMax: configuration.eventBytesMax
        ) { event in
            guard case .message(let said) = event else { return 0 }
            return said.message.byteCount
        }
        let renewer = TermRenewer(
            store: store, term: term, since: success.since, configuration: configuration,
            time: time, feed: feed, logger: logger, transportCounts: { transport.counts })
        do {
            try await whenLeading()
            monitoring.note(.hold(false), term)
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        try await serve(success, feed: feed, renewer: renewer)
                        return true
                    }
                    for duty in duties(feed, renewer) {
                        group.addTask {
                            try await duty()
                            return false
                        }
                    }
                    defer { group.cancelAll() }
                    while let isServed = try await group.next(), !isServed {}
                }
            } onGracefulShutdown: {
                feed.yield(.drain)
            }
        } catch {
            // Whatever went wrong here, another one need not wait for the term to expire.
            await store.resign(term)
            throw error
        }
        await store.resign(term)
        logger.notice("resigned", metadata: ["term": "\(term.rawValue)"])
    }

    /// Beats while it stands by: what the database does there says nothing of this process.
    private func beating(
        _ body: @escaping @Sendable () async throws -> Standby.Success?
    ) async throws -> Standby.Success? {
        try await withThrowingTaskGroup(of: Standby.Success?.self) { group in
            group.addTask {
                while true {
                    monitoring.pulse.beat()
                    try await time.sleep(TotalsPublisher.interval)
                }
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// What goes on beside the scheduler.
    private func duties(
        _ feed: EventFeed<Scheduler.Event>, _ renewer: TermRenewer
    ) -> [@Sendable () async throws -> Void] {
        let listening = ListeningClock(ticksEvery: configuration.tickInterval)
        let watch = RunWatch(
            store: store, interval: configuration.pollInterval, onlyRun: configuration.onlyRun,
            time: time, feed: feed, logger: logger)
        return [
            { await listen(feed, listening) }, { try await tick(feed, listening) },
            { try await renewer.run() },
            { try await watch.run() },
        ]
    }

    /// Runs the scheduler until it is drained or must stop.
    private func serve(
        _ success: Standby.Success, feed: EventFeed<Scheduler.Event>, renewer: TermRenewer
    ) async throws {
        let term = success.term
        var scheduler = Scheduler(
            term: term, key: success.key, limits: configuration.limits)
        let dispatcher = StoreDispatcher(
            store: store, term: term, feed: feed, time: time, metrics: monitoring.metrics,
            logger: logger)
        let recorder = WorkerRecorder(
            store: store, term: term, limits: configuration.limits, time: time, feed: feed,
            logger: logger)
        let log = NoticeLog(logger: logger)
        var totals = TotalsPublisher(monitoring.metrics)
        var drainingSince: TimePoint?
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await recorder.run() }
            while let events = await feed.nextBatch(max: configuration.eventsAtOnce) {
                monitoring.pulse.beat()
                var effects: [Scheduler.Effect] = []
                // Not behind what waits in the feed: nobody who talks much holds up the end.
                let isEnding = drainingSince == nil && Task.isShuttingDownGracefully
                for event in isEnding ? [.drain] + events : events {
                    let now = time.now()
                    if case .drain = event {
                        drainingSince = drainingSince ?? now
                        monitoring.readiness.note("leadership", isReady: false, "drains")
                    }
                    // A process that was stopped wakes here, with events from before: it must know
                    // first that its term may be over.
                    if let change = renewer.change(at: now) {
                        monitoring.note(change, term)
                        scheduler.handle(change, now: now, &effects)
                    }
                    scheduler.handle(event, now: now, &effects)
                }
                var outgoing: [ToWorker] = []
                for effect in effects {
                    switch effect {
                    case .send(let message): outgoing.append(message)
                    case .notice(let notice): log.write(notice)
                    case .stop(let error):
                        throw CoordinatorError(
                            code: error.code == .staleTerm ? .superseded : .store,
                            message: error.message, cause: error)
                    case .record(let worker): recorder.put(worker)
                    case .fetchPage, .land, .bind, .finish:
                        group.addTask { await dispatcher.perform(effect) }
                    }
                }
                renewer.note(scheduler.counters)
                totals.publish(scheduler, transport.counts, now: time.now())
                await deliver(outgoing, feed)
                if let drainingSince, isDrained(scheduler, since: drainingSince) { break }
            }
            group.cancelAll()
        }
        await recorder.flush()
        await lastRenewal(renewer)
    }

    private func isDrained(_ scheduler: Scheduler, since begun: TimePoint) -> Bool {
        scheduler.load.landingItems == 0 || time.now() - begun >= configuration.drainMax
    }

    /// Stores the totals as they are at the end.
    private func lastRenewal(_ renewer: TermRenewer) async {
        do throws(StoreError) {
            try await renewer.renew()
        } catch {
            logger.debug("no last renewal", metadata: ["reason": "\(error.message)"])
        }
    }

    private func deliver(
        _ messages: [ToWorker], _ feed: EventFeed<Scheduler.Event>
    ) async {
        guard !messages.isEmpty else { return }
        let outcomes = await transport.send(messages)
        for (message, outcome) in zip(messages, outcomes) where outcome != .queued {
            feed.yield(.sendFailed(message, outcome))
        }
    }

    private func listen(
        _ feed: EventFeed<Scheduler.Event>, _ listening: ListeningClock
    ) async {
        for await batch in transport.incoming {
            listening.isHeldUp = true
            await feed.take(batch.map(Scheduler.Event.message))
            listening.isHeldUp = false
            // A feed that is cancelled takes nothing, and peers that never fall silent would be
            // heard for ever.
            if Task.isCancelled { return }
        }
        // Nobody can be heard any more: what came is landed, and then another one may lead.
        if !Task.isCancelled { feed.yield(.drain) }
    }

    private func tick(
        _ feed: EventFeed<Scheduler.Event>, _ listening: ListeningClock
    ) async throws {
        var last = time.now()
        while !Task.isCancelled {
            try await time.sleep(configuration.tickInterval)
            let now = time.now()
            feed.tick(.listened(listening.note(now, after: now - last)))
            last = now
        }
    }
}

/// Writes what the scheduler noticed into the log.
struct NoticeLog: Sendable {
    let logger: Logger

    /// Writes one notice.
    func write(_ notice: Scheduler.Notice) {
        switch notice {
        case .registered(let id, let name):
            logger.info("worker registered", metadata: ["worker": "\(id)", "name": "\(name)"])
        case .lost(let id, let name, let tasks):
            logger.warning(
                "worker lost; its tasks go to others",
                metadata: ["worker": "\(id)", "name": "\(name)", "tasks": "\(tasks)"])
        case .left(let id, let name):
            logger.info("worker left", metadata: ["worker": "\(id)", "name": "\(name)"])
        case .expired(let lease, let worker):
            logger.warning(
                "lease ran out; the task goes to others",
                metadata: ["worker": "\(worker)", "task": "\(lease.task.rawValue)"])
        case .stale(let lease, let worker):
            logger.info(
                "result of a former lease dropped",
                metadata: ["worker": "\(worker)", "task": "\(lease.task.rawValue)"])
        case .rejected(let id, let name, let reason):
            logger.warning(
                "what a worker says of its leases is refused",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .unserved(let id, let name, let reason):
            logger.warning(
                "worker gets no work",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .landingPaused(let error, let pause):
            logger.warning(
                "results could not be landed; trying again",
                metadata: ["reason": "\(error.message)", "in": "\(pause)"])
        case .declined(let id, let name, let reason):
            logger.warning(
                "worker cannot serve a run",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .callFailed(let call, let run, let error, let pause):
            logger.warning(
                "the database did not do what a run needs; trying again",
                metadata: [
                    "call": "\(call.rawValue)", "run": "\(run)",
                    "reason": "\(error.message)", "code": "\(error.code.rawValue)",
                    "in": "\(pause)",
                ])
        case .finished(let id, let name, let state):
            logger.notice(
                Self.ending(state), metadata: ["run": "\(name)", "id": "\(id.rawValue)"])
        }
    }

    /// What is said of a closed run.
    private static func ending(_ state: RunState) -> Logger.Message {
        switch state {
        case .open, .finished: "run finished"
        case .outOfBudget: "run ended; its budget is spent"
        case .cancelled: "run ended; it was cancelled or dropped"
        }
    }
}
