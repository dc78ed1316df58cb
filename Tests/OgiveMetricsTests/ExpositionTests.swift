import Metrics
import OgiveCore
import Testing

@testable import OgiveMetrics

@Suite(.timeLimit(.minutes(10))) struct ExpositionTests {
    private let registry = MetricsRegistry()

    private func page(_ format: Exposition.Format = .text) -> [String] {
        Exposition.page(of: registry, format).split(separator: "\n").map(String.init)
    }

    private func draws(_ run: String, _ value: Int) {
        let labels = [("run", run), ("state", "landed")]
        Meter(label: Metric.runDraws.name, dimensions: labels, factory: registry).set(value)
    }

    @Test func `A metric has its help and type above its series`() {
        draws("a", 3)
        #expect(
            page() == [
                "# HELP ogive_run_draws Draws of a run by state.",
                "# TYPE ogive_run_draws gauge",
                #"ogive_run_draws{run="a",state="landed"} 3"#,
            ])
    }

    @Test func `OpenMetrics names counters without their suffix, says the unit, and ends`() {
        let labels = [("stage", "sample"), ("waits_for", "policy")]
        FloatingPointCounter(
            label: Metric.slotTime.name, dimensions: labels, factory: registry
        ).increment(by: 1.5)
        #expect(
            page(.openMetrics) == [
                "# HELP ogive_slot_seconds Time of slots of this worker by what they wait for.",
                "# TYPE ogive_slot_seconds counter", "# UNIT ogive_slot_seconds seconds",
                #"ogive_slot_seconds_total{stage="sample",waits_for="policy"} 1.5"#, "# EOF",
            ])
        #expect(page()[1] == "# TYPE ogive_slot_seconds_total counter")
    }

    @Test(arguments: [
        (#"a"b\c"#, #"a\"b\\c"#), ("two\nlines", #"two\nlines"#), ("nul\0bell\u{7}", "nul�bell�"),
        ("é 日本 \u{202E}", "é 日本 \u{202E}"), ("}", "}"),
    ])
    func `Labels from outside are escaped`(value: String, shown: String) {
        draws(value, 1)
        #expect(page().last == "ogive_run_draws{run=\"\(shown)\",state=\"landed\"} 1")
    }

    @Test func `A label is no longer than its bound`() {
        draws(String(repeating: "ä", count: 10_000), 1)
        let shown = page().last?.count { $0 == "ä" }
        #expect(shown == Metric.labelMax)
    }

    @Test func `The buckets of a histogram add up, and the last one counts all`() {
        let timer = Timer(
            label: Metric.commitDuration.name, dimensions: [("outcome", "committed")],
            factory: registry)
        for duration: Duration in [
            .milliseconds(5), .milliseconds(6), .seconds(1), .seconds(400),
        ] {
            timer.record(duration: duration)
        }
        let lines = page()
        func value(_ start: String) -> Substring? {
            lines.first { $0.hasPrefix(start) }?.split(separator: " ").last
        }
        let bucket = #"ogive_commit_duration_seconds_bucket{outcome="committed",le="#
        // A bound belongs to its bucket.
        #expect(value(bucket + #""0.005"}"#) == "1")
        #expect(value(bucket + #""0.01"}"#) == "2")
        #expect(value(bucket + #""0.5"}"#) == "2")
        #expect(value(bucket + #""1.0"}"#) == "3")
        #expect(value(bucket + #""300.0"}"#) == "3")
        #expect(value(bucket + #""+Inf"}"#) == "4")
        #expect(value("ogive_commit_duration_seconds_count") == "4")
        #expect(value("ogive_commit_duration_seconds_sum") == "401.011")
        let counts = lines.filter { $0.hasPrefix(bucket) }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(counts.count == 16 && counts == counts.sorted())
    }

    @Test(arguments: [
        (0, "0"), (3, "3"), (-2.5, "-2.5"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"), (1e300, "1e+300"), (9_007_199_254_740_992, "9007199254740992"),
    ])
    func `Numbers are written as both formats read them`(value: Double, text: String) {
        #expect(Exposition.number(value) == text)
    }

    @Test(arguments: [
        nil, "", "text/plain", "text/html", "*/*;q=0.1", "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=9.0.0", "application/openmetrics-text;q=x",
        "text/plain, application/openmetrics-text;q=0.5", ";;;,,,;q=", "application/json",
    ])
    func `Prometheus' own format is what most clients get`(accept: String?) {
        #expect(Exposition.Format(accept: accept) == .text)
    }

    @Test(arguments: [
        "application/openmetrics-text",
        "text/plain;q=0.5 , Application/OpenMetrics-Text; version=1.0.0",
        """
        application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;\
        q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
        """,
    ])
    func `A client that prefers OpenMetrics gets it`(accept: String) {
        #expect(Exposition.Format(accept: accept) == .openMetrics)
    }
}
