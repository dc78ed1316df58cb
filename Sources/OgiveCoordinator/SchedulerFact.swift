package import OgiveCore

/// A total of the scheduler with the metric that shows it.
struct SchedulerFact: Sendable {
    /// The metric.
    let metric: Metric
    /// The value of its label `outcome`, where it has one.
    var outcome: String?
    /// The total.
    let total: @Sendable (SchedulerCounters) -> Int

    private init(
        _ metric: Metric, outcome: String? = nil,
        _ total: @escaping @Sendable (SchedulerCounters) -> Int
    ) {
        self.metric = metric
        self.outcome = outcome
        self.total = total
    }

    /// All of them.
    static let all: [SchedulerFact] = [
        SchedulerFact(.leasesGranted, \.granted),
        SchedulerFact(.leasesExpired, \.expired),
        SchedulerFact(.leasesAdopted, \.adopted),
        SchedulerFact(.leasesReturned, \.returned),
        SchedulerFact(.leasesUnproved, \.unproved),
        SchedulerFact(.results, outcome: "committed", \.committed),
        SchedulerFact(.results, outcome: "duplicate", \.duplicates),
        SchedulerFact(.results, outcome: "stale", \.stale),
        SchedulerFact(.results, outcome: "rejected", \.rejected),
        SchedulerFact(.results, outcome: "deferred", \.deferred),
        SchedulerFact(.failures, \.failures),
        SchedulerFact(.databaseErrors, \.databaseErrors),
    ]
}

extension SchedulerCounters {
    /// The totals under the names by which `ogive.coordinator_status` knows them.
    package var counts: [String: Int] {
        Dictionary(
            uniqueKeysWithValues: SchedulerFact.all.map { fact in
                let outcome = fact.outcome.map { "{outcome=\($0)}" } ?? ""
                return (fact.metric.name + outcome, fact.total(self))
            })
    }
}

/// The name of a total of the transport, like `ogive_dropped_messages_total{reason=invalid}`.
struct SeriesName: Hashable {
    /// The metric.
    let metric: Metric
    /// The name of the label, where there is one.
    private var label: String?
    private var value: String?

    /// Reads a name; `nil` for one that is not in the list of metrics.
    init?(_ name: String) {
        let parts = name.split(separator: "{", maxSplits: 1)
        guard let metric = parts.first.flatMap({ Metric(rawValue: String($0)) }) else { return nil }
        self.metric = metric
        guard parts.count == 2, parts[1].hasSuffix("}") else {
            guard parts.count == 1, metric.definition.labels.isEmpty else { return nil }
            return
        }
        let pair = parts[1].dropLast().split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2, metric.definition.labels == [pair[0]] else { return nil }
        (label, value) = (pair[0], pair[1])
    }

    /// The labels as swift-metrics takes them.
    var labels: [(String, String)] {
        if let label, let value { [(label, value)] } else { [] }
    }
}
