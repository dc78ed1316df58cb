import Metrics
import OgiveCore
import Testing

@testable import OgiveMetrics

@Suite(.timeLimit(.minutes(10))) struct MetricsRegistryTests {
    private func values(_ registry: MetricsRegistry, _ metric: Metric) -> [[String]: Double] {
        let entries = registry.snapshot().first { $0.metric == metric }?.entries ?? []
        return Dictionary(
            uniqueKeysWithValues: entries.compactMap { entry in
                guard case .number(let series) = entry.series else { return nil }
                return (entry.values, series.value)
            })
    }

    private func results(_ outcome: String, _ registry: MetricsRegistry) -> Counter {
        Counter(
            label: Metric.results.name, dimensions: [("outcome", outcome)], factory: registry)
    }

    @Test func `The same name and labels are the same series`() {
        let registry = MetricsRegistry()
        results("stale", registry).increment()
        results("stale", registry).increment(by: 2)
        results("committed", registry).increment()
        #expect(values(registry, .results) == [["stale"]: 3, ["committed"]: 1])
    }

    @Test func `Counters of many threads lose nothing`() async {
        let registry = MetricsRegistry()
        let counter = results("committed", registry)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { counter.increment() } }
            }
        }
        #expect(values(registry, .results) == [["committed"]: 80_000])
    }

    @Test func `A counter never falls`() {
        let registry = MetricsRegistry()
        let counter = FloatingPointCounter(
            label: Metric.slotTime.name,
            dimensions: [("stage", "sample"), ("waits_for", "nothing")], factory: registry)
        for amount in [2, -1, .nan, .infinity, 0.5] { counter.increment(by: amount) }
        #expect(values(registry, .slotTime) == [["sample", "nothing"]: 2.5])
    }

    @Test func `Further series of a counter become one, and are counted`() {
        let registry = MetricsRegistry(seriesMax: 2)
        for outcome in ["a", "b", "c", "d", "a"] { results(outcome, registry).increment() }
        #expect(values(registry, .results) == [["a"]: 2, ["b"]: 1, ["other"]: 2])
        #expect(values(registry, .seriesDropped) == [["ogive_results_total"]: 2])
    }

    @Test func `Further gauges are left out, and are counted`() {
        let registry = MetricsRegistry(seriesMax: 1)
        for (run, tokens) in [("a", 1), ("b", 2)] {
            Meter(label: Metric.runTokens.name, dimensions: [("run", run)], factory: registry)
                .set(tokens)
        }
        #expect(values(registry, .runTokens) == [["a"]: 1])
        #expect(values(registry, .seriesDropped) == [["ogive_run_tokens"]: 1])
    }

    @Test func `A series that is destroyed is gone, and makes room`() {
        let registry = MetricsRegistry(seriesMax: 1)
        func meter(_ run: String) -> Meter {
            Meter(label: Metric.runTokens.name, dimensions: [("run", run)], factory: registry)
        }
        meter("a").set(1)
        meter("a").destroy()
        #expect(values(registry, .runTokens).isEmpty)
        meter("b").set(2)
        #expect(values(registry, .runTokens) == [["b"]: 2])
        #expect(values(registry, .seriesDropped).isEmpty)
    }

    @Test func `Names end in their unit, and say what they are`() {
        for metric in Metric.allCases {
            let (name, definition) = (metric.name, metric.definition)
            #expect(name.wholeMatch(of: /ogive_[a-z]+(_[a-z]+)*/) != nil)
            #expect(name.hasSuffix("_total") == (definition.kind == .counter), "\(name)")
            if case .histogram(let bounds) = definition.kind {
                #expect(name.hasSuffix("_seconds") && bounds == bounds.sorted(), "\(name)")
            }
            #expect(definition.about.hasSuffix("."), "\(name)")
            let labels = Set(definition.labels)
            #expect(labels.count == definition.labels.count, "\(name)")
            // What has no bound, or would show data.
            #expect(labels.isDisjoint(with: ["prompt", "draw", "key", "text", "le"]), "\(name)")
        }
    }
}
