import Metrics
import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import OgiveCoordinator
@testable import OgiveMetrics

/// Facts of coordinator and workers reach the page `/metrics`.
@Suite(.timeLimit(.minutes(10))) struct MetricsTests {
    /// The values of a page, by their series.
    private static func values(_ registry: MetricsRegistry) -> [String: Double] {
        var values: [String: Double] = [:]
        for line in Exposition.page(of: registry, .text).split(separator: "\n")
        where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            values[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return values
    }

    @Test func `A run shows in the metrics of both sides`() async throws {
        let fleet = Fleet(prompts: 6, draws: 5)
        let (coordinator, worker) = (MetricsRegistry(), MetricsRegistry())
        let readiness = (Readiness(of: ["leadership"]), Readiness(of: ["models", "coordinator"]))
        let pulses = (Pulse(), Pulse())
        let breaker = #"ogive_breaker_state{endpoint="fake",side="policy",state="#
        let services: [any Service] = [
            fleet.coordinator(metrics: coordinator, pulse: pulses.0, readiness: readiness.0),
            fleet.worker(1, metrics: worker, pulse: pulses.1, readiness: readiness.1),
        ]
        await fleet.run(services) {
            await fleet.finish()
            await #expect(throws: Never.self) {
                try await eventually("all to be published") {
                    // As the database was told with the renewals of the term.
                    let total = fleet.store.counts["ogive_results_total{outcome=committed}"] ?? 0
                    let shown = #"ogive_results_total{outcome="committed"}"#
                    return total >= 30 && Self.values(coordinator)[shown] == Double(total)
                }
                try await eventually("the worker to have nothing to do") {
                    let idle = #"{stage="sample",waits_for="nothing"}"#
                    return Self.values(worker)["ogive_slot_seconds_total" + idle] ?? 0 > 0
                }
            }
            await #expect(throws: Never.self) {
                // On a busy machine a worker may have been silent for too long, and register again.
                try await eventually("both sides to be ready") {
                    readiness.0.isReady && readiness.1.isReady
                        && Self.values(coordinator)["ogive_coordinator_leads"] == 1
                        && Self.values(worker)["ogive_worker_registered"] == 1
                }
                // A starved worker may take its model for slow, until it answers again.
                try await eventually("the endpoint to be in use") {
                    Self.values(worker)[breaker + #""closed"}"#] == 1
                        && Self.values(worker)[breaker + #""open"}"#] == 0
                }
            }
            #expect(pulses.0.age != nil && pulses.1.age != nil)
        }
        let ofCoordinator = Self.values(coordinator)
        #expect(ofCoordinator["ogive_coordinator_leads"] == 0)
        #expect(ofCoordinator["ogive_coordinator_term"] ?? 0 >= 1)
        #expect(ofCoordinator["ogive_leases_granted_total"] ?? 0 >= 18)
        #expect(ofCoordinator[#"ogive_results_total{outcome="stale"}"#] != nil)
        let commits = #"ogive_commit_duration_seconds_count{outcome="committed"}"#
        #expect(ofCoordinator[commits] ?? 0 > 0)
        let ofWorker = Self.values(worker)
        let sampled = #"{endpoint="fake",kind="sample",outcome="answered"}"#
        #expect(ofWorker["ogive_requests_total" + sampled] ?? 0 >= 18)
        let durations = #"ogive_request_duration_seconds_count{endpoint="fake",kind="score"}"#
        #expect(ofWorker[durations] ?? 0 > 0)
        #expect(ofWorker[#"ogive_requests_in_flight{endpoint="fake",side="policy"}"#] == 0)
    }

    @Test func `A password in the address of an endpoint is not shown`() async {
        let (fleet, registry) = (Fleet(), MetricsRegistry())
        let models = FakeModels(endpoints: [.init("http://me:open-sesame@m:1")])
        await fleet.run([fleet.coordinator(), fleet.worker(1, models, metrics: registry)]) {
            await fleet.finish()
        }
        let endpoints = Self.values(registry).keys.filter { $0.contains("endpoint=") }
        #expect(!endpoints.isEmpty && endpoints.allSatisfy { $0.contains("me:[hidden]@m:1") })
    }

    @Test func `A leader whose term is not renewed is not ready, until it is`() async {
        let fleet = Fleet(prompts: 0)
        let isAway = Atomic(true)
        fleet.store.setFate { call in
            call == .renew && isAway.load(ordering: .relaxed)
                ? .fail(StoreError(.unavailable, "connection refused")) : .succeed
        }
        let (registry, readiness) = (MetricsRegistry(), Readiness(of: ["leadership"]))
        let coordinator = fleet.coordinator(metrics: registry, readiness: readiness) {
            $0.termExpiry = .milliseconds(200)
        }
        await fleet.run([coordinator]) {
            await #expect(throws: Never.self) {
                try await eventually("the term to run out") {
                    readiness.all.first?.state == "its term is not renewed"
                        && Self.values(registry)["ogive_coordinator_leads"] == 0
                }
                isAway.store(false, ordering: .relaxed)
                try await eventually("the term to be renewed") {
                    readiness.isReady && Self.values(registry)["ogive_coordinator_leads"] == 1
                }
            }
        }
    }

    @Test func `A commit counts tokens by side, and new failures by their codes`() {
        let registry = MetricsRegistry()
        let metrics = CoordinatorMetrics(registry)
        var sampled = ItemResult(name: ItemName(.draw, 0))
        sampled.completion = Completion(
            text: "a", tokenCount: 7, finishReason: .stop, logProbability: nil)
        sampled.completion?.promptTokenCount = 11
        sampled.scorerTokens = TokenCount(input: 13, output: 1)
        sampled.reward = 1
        let failed = (1...3).map { index in
            var item = ItemResult(name: ItemName(.draw, Int32(index)))
            item.failure = Failure(stage: .sampling, code: .timeout, message: "", attempts: 1)
            return item
        }
        let batch = LandingBatch(
            id: BatchID(1),
            groups: [
                LandingGroup(
                    run: RunID(1), prompt: PromptID(1), worker: WorkerID(high: 1, low: 1),
                    items: [sampled] + failed)
            ])
        // Two of the three were there already.
        let receipt = LandingReceipt(completions: 1, rewards: 1, failures: 1, duplicates: 2)
        metrics.noteCommit(batch, receipt, after: .milliseconds(20))
        metrics.noteFailedCommit(after: .seconds(2))
        let values = Self.values(registry)
        #expect(values[#"ogive_tokens_total{side="policy",direction="input"}"#] == 11)
        #expect(values[#"ogive_tokens_total{side="policy",direction="output"}"#] == 7)
        #expect(values[#"ogive_tokens_total{side="scorer",direction="input"}"#] == 13)
        #expect(values[#"ogive_tokens_total{side="scorer",direction="output"}"#] == 1)
        #expect(values[#"ogive_failures_total{stage="sampling",code="timeout"}"#] == 1)
        let commits = "ogive_commit_duration_seconds"
        #expect(values[commits + #"_sum{outcome="committed"}"#] == 0.02)
        #expect(values[commits + #"_bucket{outcome="failed",le="1.0"}"#] == 0)
        #expect(values[commits + #"_bucket{outcome="failed",le="2.5"}"#] == 1)
    }

    @Test func `Totals of the transport become counters, and only rise`() {
        let registry = MetricsRegistry()
        let metrics = CoordinatorMetrics(registry)
        let name = "ogive_dropped_messages_total{reason=invalid}"
        let unknown = ["ogive_other_total": 1, "ogive_keys_unreadable_total{a=b}": 1, "": 1]
        metrics.publish([name: 0].merging(unknown) { first, _ in first }, since: [:])
        let series = #"ogive_dropped_messages_total{reason="invalid"}"#
        #expect(Self.values(registry)[series] == 0)
        metrics.publish([name: 3], since: [name: 0])
        metrics.publish([name: 5], since: [name: 3])
        metrics.publish([name: 5], since: [name: 5])
        #expect(Self.values(registry)[series] == 5)
        #expect(Self.values(registry).keys.allSatisfy { !$0.contains("other") })
    }

    @Test func `Each total of the scheduler has a name of its own, of the list of metrics`() {
        let counters = SchedulerCounters()
        #expect(Mirror(reflecting: counters).children.count == SchedulerFact.all.count)
        #expect(counters.counts.count == SchedulerFact.all.count)
        for name in counters.counts.keys where name != Metric.failures.name {
            #expect(SeriesName(name) != nil, "\(name)")
        }
    }

    @Test func `Totals are published once a second`() throws {
        let registry = MetricsRegistry()
        var publisher = TotalsPublisher(CoordinatorMetrics(registry))
        let key = try #require(LeaseKey(bytes: Array(repeating: 1, count: LeaseKey.byteCount)))
        let scheduler = Scheduler(term: Term(1), key: key)
        let name = "ogive_keys_unreadable_total"
        for (count, seconds) in [(1, 0.0), (2, 0.5), (3, 1.0)] {
            publisher.publish(scheduler, [name: count], now: .zero + .seconds(seconds))
            let shown = Self.values(registry)[name]
            #expect(shown == (seconds < 1 ? 1 : 3))
        }
    }
}
