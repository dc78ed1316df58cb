package import Logging
package import OgiveCore
internal import ServiceLifecycle

/// The coordinator: serves every open run to whatever workers come, for as long as it runs.
///
/// One loop owns the scheduler and everything it decides; pages are read and batches landed
/// beside it and come back as events. Shut down gracefully, it grants nothing more, lands what is
/// there and resigns.
package struct CoordinatorService<Transport: CoordinatorTransport>: Service {
    private let configuration: CoordinatorConfiguration
    private let transport: Transport
    private let store: any Store
    private let time: TimeSource
    private let logger: Logger

    /// Joins the parts.
    package init(
        configuration: CoordinatorConfiguration, transport: Transport, store: any Store,
        time: TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.transport = transport
        self.store = store
        self.time = time
        self.logger = logger
    }

    /// Serves until it is shut down. Throws `CoordinatorError` when it cannot lead, or must not
    /// any more.
    package func run() async throws {
        let term: Term
        do {
            term = try await store.lead(as: configuration.name)
        } catch {
            throw CoordinatorError(code: .leadership, message: error.message, cause: error)
        }
        logger.info("leading", metadata: ["term": "\(term.rawValue)"])
        let (events, feed) = AsyncStream.makeStream(of: Scheduler.Event.self)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await serve(term, events: events, feed: feed)
                    return true
                }
                group.addTask {
                    await listen(feed)
                    return false
                }
                group.addTask {
                    try await poll(feed)
                    return false
                }
                group.addTask {
                    try await tick(feed)
                    return false
                }
                defer { group.cancelAll() }
                while let isServed = try await group.next(), !isServed {}
            }
        } onGracefulShutdown: {
            feed.yield(.drain)
        }
        await store.resign(term)
        logger.info("resigned", metadata: ["term": "\(term.rawValue)"])
    }

    /// Runs the scheduler until it is drained or must stop.
    private func serve(
        _ term: Term, events: AsyncStream<Scheduler.Event>,
        feed: AsyncStream<Scheduler.Event>.Continuation
    ) async throws {
        var scheduler = Scheduler(term: term, limits: configuration.limits)
        let desk = StoreDesk(store: store, term: term, feed: feed, logger: logger)
        let recorder = WorkerRecorder(
            store: store, term: term, limits: configuration.limits, time: time, feed: feed,
            logger: logger)
        let log = NoticeLog(logger: logger)
        var drainingSince: Instant?
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await recorder.run() }
            for await event in events {
                if case .drain = event { drainingSince = drainingSince ?? time.now() }
                var outgoing: [ToWorker] = []
                for effect in scheduler.handle(event, now: time.now()) {
                    switch effect {
                    case .send(let message): outgoing.append(message)
                    case .notice(let notice): log.write(notice)
                    case .stop(let error):
                        throw CoordinatorError(
                            code: error.code == .staleTerm ? .superseded : .store,
                            message: error.message, cause: error)
                    case .record(let worker): recorder.put(worker)
                    case .fetchPage, .land, .bind, .finish:
                        group.addTask { await desk.perform(effect) }
                    }
                }
                await deliver(outgoing, feed)
                if let drainingSince,
                    scheduler.load.landingItems == 0
                        || time.now() - drainingSince >= configuration.drainMax
                {
                    break
                }
            }
            group.cancelAll()
        }
        await recorder.flush()
    }

    private func deliver(
        _ messages: [ToWorker], _ feed: AsyncStream<Scheduler.Event>.Continuation
    ) async {
        guard !messages.isEmpty else { return }
        let outcomes = await transport.send(messages)
        for (message, outcome) in zip(messages, outcomes) where outcome != .queued {
            feed.yield(.sendFailed(message, outcome))
        }
    }

    private func listen(_ feed: AsyncStream<Scheduler.Event>.Continuation) async {
        for await batch in transport.incoming {
            for message in batch { feed.yield(.message(message)) }
        }
        // Nobody can be heard any more: what came is landed, and then another one may lead.
        if !Task.isCancelled { feed.yield(.drain) }
    }

    private func tick(_ feed: AsyncStream<Scheduler.Event>.Continuation) async throws {
        while !Task.isCancelled {
            try await time.sleep(configuration.tickInterval)
            feed.yield(.tick)
        }
    }

    /// Watches for runs that were submitted, changed or ended.
    private func poll(_ feed: AsyncStream<Scheduler.Event>.Continuation) async throws {
        var wasAway = false
        while !Task.isCancelled {
            do throws(StoreError) {
                feed.yield(.runs(try await store.openRuns()))
                wasAway = false
            } catch {
                if !wasAway {
                    logger.warning(
                        "the database does not say which runs are open",
                        metadata: ["reason": "\(error.message)"])
                }
                wasAway = true
            }
            try await time.sleep(configuration.pollInterval)
        }
    }
}
