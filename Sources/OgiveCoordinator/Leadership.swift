internal import Logging
internal import OgiveCore
internal import ServiceLifecycle
internal import Synchronization

/// A coordinator before it leads: asks to, and stands by while another one does.
struct Standby: Sendable {
    let configuration: CoordinatorConfiguration
    let store: any Store
    let time: TimeSource
    let logger: Logger

    /// What a coordinator that leads has to know.
    struct Success: Sendable {
        /// Its term.
        let term: Term
        /// The secret of the workers' leases.
        let key: LeaseKey
        /// The moment from which its expiry counts.
        let since: TimePoint
    }

    /// Returns once this coordinator leads; `nil` when it was shut down before. Throws
    /// `CoordinatorError` when it cannot lead.
    func lead() async throws -> Success? {
        var leader: Leader?
        var isAway = false
        while !Task.isShuttingDownGracefully {
            let asked = time.now()
            do throws(StoreError) {
                switch try await store.lead(as: configuration.name, for: configuration.termExpiry) {
                case .leading(let term, let key):
                    return Success(term: term, key: key, since: asked)
                case .following(let found):
                    try follow(found, after: leader)
                    leader = found
                }
                isAway = false
            } catch {
                guard leader != nil, error.isRetriable else {
                    throw CoordinatorError(
                        code: .leadership, message: error.message, cause: error)
                }
                if !isAway {
                    logger.warning(
                        "the database does not say who leads",
                        metadata: ["reason": "\(error.message)"])
                }
                isAway = true
            }
            do {
                try await cancelWhenGracefulShutdown {
                    try await time.sleep(configuration.standbyInterval)
                }
            } catch  where Task.isShuttingDownGracefully {
                return nil
            }
        }
        return nil
    }

    /// Throws when this one must not wait for a leader that lives.
    private func follow(_ leader: Leader, after former: Leader?) throws(StoreError) {
        let isRenewed = former.map {
            $0.term == leader.term && $0.renewedAt != leader.renewedAt
        }
        if !configuration.standsBy, isRenewed == true {
            throw StoreError(.conflict, leader.conflict)
        }
        if former?.term != leader.term {
            logger.notice(
                "standing by: another coordinator leads", metadata: ["leader": "\(leader)"])
        }
    }
}

/// Keeps the term of a coordinator that leads: renews it, and knows by the monotonic clock until
/// when nobody else can lead.
///
/// A leader that cannot renew grants nothing from then on; it goes on when it could renew again,
/// and stops when another one took the term. If renewing fails, "from then on" is a fifth of the
/// expiry after the last renewal: another one may lead then if this one's session is gone.
final class TermRenewer: Sendable {
    private struct State {
        var renewedAt: TimePoint
        /// Whether the last renewal failed.
        var isAway = false
        var isHeld = false
        /// Whether it was said that the term is about to expire.
        var isWarned = false
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
        store: any Store, term: Term, since: TimePoint, configuration: CoordinatorConfiguration,
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
    func change(at now: TimePoint) -> Scheduler.Event? {
        let (isHeld, isNearExpiry, left) = state.withLock { state in
            let age = now - state.renewedAt
            let isNear = age >= configuration.termExpiry - configuration.expiryMargin
            let isHeld = isNear || state.isAway && age >= configuration.termExpiry / Term.renewals
            defer { (state.isHeld, state.isWarned) = (isHeld, isNear) }
            return (
                isHeld == state.isHeld ? nil : isHeld, isNear && !state.isWarned,
                max(.zero, configuration.termExpiry - age)
            )
        }
        if isNearExpiry {
            logger.warning(
                """
                this coordinator's term is about to expire: the machine or the database is slow. \
                Nothing is lost: workers keep their results, and no work is handed out until the \
                term is renewed
                """,
                metadata: ["expires_in": "\(left)"])
        } else if isHeld == true {
            logger.notice(
                "no work is handed out until the database answers again; nothing is lost",
                metadata: ["expires_in": "\(left)"])
        } else if isHeld == false {
            logger.notice("the term is renewed: work is handed out again")
        }
        return isHeld.map { .hold($0) }
    }

    /// Takes note of the scheduler's totals, which go with the next renewal.
    func note(_ counters: SchedulerCounters) {
        state.withLock { $0.counters = counters }
    }

    /// Renews the term again and again, until the task is cancelled or the term is over.
    func run() async throws {
        while !Task.isCancelled {
            try await time.sleep(configuration.renewInterval)
            do throws(StoreError) {
                try await renew()
            } catch {
                if error.code == .staleTerm {
                    feed.yield(.superseded(error))
                    return
                }
                guard error.isRetriable else {
                    feed.yield(.refused(error))
                    return
                }
                let wasAway = state.withLock { state in
                    defer { state.isAway = true }
                    return state.isAway
                }
                if !wasAway {
                    logger.notice(
                        "the database did not renew this coordinator's term; trying again",
                        metadata: ["reason": "\(error.message)"])
                }
            }
        }
    }

    /// Renews the term, and stores the totals.
    func renew() async throws(StoreError) {
        let asked = time.now()
        let counts = state.withLock(\.counters).counts.merging(transportCounts()) { own, _ in own }
        try await store.renew(term, for: configuration.termExpiry, counts: counts)
        // From before it was asked: the database cannot have begun to count earlier.
        state.withLock {
            $0.renewedAt = asked
            $0.isAway = false
        }
    }
}
