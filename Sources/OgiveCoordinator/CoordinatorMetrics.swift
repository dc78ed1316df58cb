internal import Metrics
internal import OgiveCore

/// What a coordinator measures, as metrics.
///
/// The scheduler keeps plain totals; here they become metrics, once a second. What is done for each
/// result is one addition.
struct CoordinatorMetrics: Sendable {
    private let factory: any MetricsFactory
    private let leads: Meter
    private let term: Meter
    private let workers: Meter
    private let inFlight: Meter
    private let landing: Meter
    private let committed: Timer
    private let failed: Timer
    private let tokens: [Counter]
    private let totals: [(fact: SchedulerFact, counter: Counter)]

    /// The metrics of a coordinator that stands by.
    init(_ factory: any MetricsFactory) {
        self.factory = factory
        leads = Meter(label: Metric.leads.name, factory: factory)
        term = Meter(label: Metric.term.name, factory: factory)
        workers = Meter(label: Metric.workers.name, factory: factory)
        inFlight = Meter(label: Metric.itemsInFlight.name, factory: factory)
        landing = Meter(label: Metric.itemsLanding.name, factory: factory)
        committed = Self.commits("committed", factory)
        failed = Self.commits("failed", factory)
        tokens = Self.tokenKinds.map { side, direction, _ in
            Counter(
                label: Metric.tokens.name,
                dimensions: [("side", side), ("direction", direction)], factory: factory)
        }
        // Failures are counted by their codes, when they are committed.
        totals = SchedulerFact.all.filter { $0.metric != .failures }.map { fact in
            let dimensions = fact.outcome.map { [("outcome", $0)] } ?? []
            let counter = Counter(
                label: fact.metric.name, dimensions: dimensions, factory: factory)
            return (fact, counter)
        }
    }

    private static func commits(_ outcome: String, _ factory: any MetricsFactory) -> Timer {
        Timer(
            label: Metric.commitDuration.name, dimensions: [("outcome", outcome)], factory: factory)
    }

    /// This coordinator leads with a term, or holds still because another one may lead by now.
    func noteLeading(_ term: Term, isHeld: Bool) {
        leads.set(Int64(isHeld ? 0 : 1))
        self.term.set(Int64(term.rawValue))
    }

    /// It does not any more.
    func noteResigned() {
        leads.set(0)
        for meter in [workers, inFlight, landing] { meter.set(0) }
    }

    /// A batch was committed.
    func noteCommit(_ batch: LandingBatch, _ receipt: LandingReceipt, after duration: Duration) {
        committed.record(duration: duration)
        let spending = batch.spending
        for (counter, kind) in zip(tokens, Self.tokenKinds) {
            counter.increment(by: kind.count(spending))
        }
        guard receipt.failures > 0 else { return }
        // A batch that is sent again may bring failures that were there: the receipt has the number
        // of new ones.
        for (kind, count) in batch.failures(most: receipt.failures) {
            Counter(
                label: Metric.failures.name,
                dimensions: [("stage", kind.stage.rawValue), ("code", kind.code.rawValue)],
                factory: factory
            ).increment(by: count)
        }
    }

    private static let tokenKinds:
        [(side: String, direction: String, count: @Sendable (Spending) -> Int)] = [
            ("policy", "input", \.policy.input), ("policy", "output", \.policy.output),
            ("scorer", "input", \.scorer.input), ("scorer", "output", \.scorer.output),
        ]

    /// A batch was not committed, or nobody knows.
    func noteFailedCommit(after duration: Duration) {
        failed.record(duration: duration)
    }

    /// Publishes what rose since `former`, and what is in memory.
    func publish(_ now: SchedulerCounters, since former: SchedulerCounters, _ load: Scheduler.Load)
    {
        for (fact, counter) in totals {
            let more = fact.total(now) - fact.total(former)
            if more > 0 { counter.increment(by: more) }
        }
        workers.set(load.workers)
        inFlight.set(load.inFlightItems)
        landing.set(load.landingItems)
    }

    /// Publishes what rose of the transport's totals.
    func publish(_ now: [String: Int], since former: [String: Int]) {
        for (name, total) in now {
            // A total of nothing makes its series, so that a rate over it is 0 and not absent.
            guard total > former[name] ?? -1, let series = SeriesName(name) else { continue }
            Counter(
                label: series.metric.name, dimensions: series.labels, factory: factory
            ).increment(by: total - (former[name] ?? 0))
        }
    }
}

/// Decides when a coordinator publishes its totals, and remembers those that it did.
struct TotalsPublisher {
    /// How often.
    static let interval = Duration.seconds(1)

    let metrics: CoordinatorMetrics
    private var published = SchedulerCounters()
    private var publishedCounts: [String: Int] = [:]
    private var last: TimePoint?

    init(_ metrics: CoordinatorMetrics) {
        self.metrics = metrics
    }

    /// Publishes, if it is time.
    mutating func publish(
        _ scheduler: borrowing Scheduler, _ counts: @autoclosure () -> [String: Int],
        now: TimePoint
    ) {
        guard last.map({ now - $0 >= Self.interval }) ?? true else { return }
        last = now
        metrics.publish(scheduler.counters, since: published, scheduler.load)
        published = scheduler.counters
        let counts = counts()
        metrics.publish(counts, since: publishedCounts)
        publishedCounts = counts
    }
}

extension LandingBatch {
    /// The tokens that its results took, as far as servers report them.
    fileprivate var spending: Spending {
        var spending = Spending()
        for group in groups {
            for index in group.items.indices {
                let (policy, scorer) = group.items.span.tokens(at: index)
                spending.policy = spending.policy + policy
                spending.scorer = spending.scorer + scorer
            }
        }
        return spending
    }

    /// How many failures of each kind are in it, at most so many in all.
    fileprivate func failures(most: Int) -> [FailureKind: Int] {
        var counts: [FailureKind: Int] = [:]
        var left = most
        for group in groups {
            for index in group.items.indices where left > 0 {
                guard let failure = group.items[index].failure else { continue }
                left -= 1
                counts[FailureKind(stage: failure.stage, code: failure.code), default: 0] += 1
            }
        }
        return counts
    }
}

/// What failures are counted by.
private struct FailureKind: Hashable {
    let stage: Failure.Stage
    let code: ModelError.Code
}

extension Span<ItemResult> {
    /// The tokens that a result took of policy and scorer, as far as it says.
    fileprivate func tokens(at index: Int) -> (policy: TokenCount, scorer: TokenCount) {
        let sampled = TokenCount(
            input: self[index].completion?.promptTokenCount ?? 0,
            output: self[index].completion?.tokenCount ?? 0)
        return (
            sampled + (self[index].policyTokens ?? TokenCount()),
            self[index].scorerTokens ?? TokenCount()
        )
    }
}
