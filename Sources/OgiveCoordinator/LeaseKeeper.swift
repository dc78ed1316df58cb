internal import Logging
internal import OgiveCore
internal import Synchronization

/// Keeps the lease of a coordinator that leads: renews it, and knows by the monotonic clock until
/// when nobody else can lead.
///
/// A leader that cannot renew grants nothing from then on; it goes on when it could renew again,
/// and stops when another one took the term.
final class LeaseKeeper: Sendable {
    private struct State {
        var renewedAt: Instant
        var isHeld = false
        var counters = SchedulerCounters()
    }

    private let store: any Store
    private let term: Term
    private let configuration: CoordinatorConfiguration
    private let time: TimeSource
    private let feed: EventFeed<Scheduler.Event>
    private let logger: Logger
    private let transportCounts: @Sendable () -> [String: Int]
    private let state: Mutex<State>

    init(
        store: any Store, term: Term, since: Instant, configuration: CoordinatorConfiguration,
        time: TimeSource, feed: EventFeed<Scheduler.Event>, logger: Logger,
        transportCounts: @escaping @Sendable () -> [String: Int]
    ) {
        self.store = store
        self.term = term
        self.configuration = configuration
        self.time = time
        self.feed = feed
        self.logger = logger
        self.transportCounts = transportCounts
        state = Mutex(State(renewedAt: since))
    }

    /// What the scheduler has to be told before it handles another event: whether it may grant.
    func change(at now: Instant) -> Scheduler.Event? {
        let isHeld: Bool? = state.withLock { state in
            let isHeld =
                now - state.renewedAt >= configuration.lease - configuration.leaseMargin
            guard isHeld != state.isHeld else { return nil }
            state.isHeld = isHeld
            return isHeld
        }
        guard let isHeld else { return nil }
        if isHeld {
            logger.warning("the lease was not renewed in time: nothing is granted until it is")
        } else {
            logger.notice("the lease is renewed: granting again")
        }
        return .hold(isHeld)
    }

    /// Takes note of the scheduler's totals, which go with the next renewal.
    func note(_ counters: SchedulerCounters) {
        state.withLock { $0.counters = counters }
    }

    /// Renews the lease again and again, until the task is cancelled or the term is over.
    func run() async throws {
        var wasAway = false
        while !Task.isCancelled {
            try await time.sleep(configuration.renewInterval)
            do throws(StoreError) {
                try await renew()
                wasAway = false
            } catch {
                if error.code == .staleTerm {
                    feed.yield(.superseded(error))
                    return
                }
                guard error.isRetriable else {
                    feed.yield(.refused(error))
                    return
                }
                if !wasAway {
                    logger.warning(
                        "the lease could not be renewed; trying again",
                        metadata: ["reason": "\(error.message)"])
                }
                wasAway = true
            }
        }
    }

    /// Renews the lease, and stores the totals.
    func renew() async throws(StoreError) {
        let asked = time.now()
        let counts = state.withLock(\.counters).counts.merging(transportCounts()) { own, _ in own }
        try await store.renew(term, for: configuration.lease, counts: counts)
        // From before it was asked: the database cannot have begun to count earlier.
        state.withLock { $0.renewedAt = asked }
    }
}
