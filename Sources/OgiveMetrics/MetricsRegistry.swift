package import Metrics
internal import OgiveCore
internal import Synchronization

/// The backend of swift-metrics: keeps the series of the metrics that `Metric` lists, for a page
/// that shows them.
///
/// The same name and labels give the same series. Their number is bounded for each metric, and so
/// is the length of labels: whatever comes from outside cannot make the page grow without end.
package final class MetricsRegistry: MetricsFactory {
    /// A series with its labels as the exposition writes them.
    struct Entry: Sendable {
        /// The values of the labels, in the order of the metric's definition.
        let values: [String]
        let series: Series
    }

    /// What a series holds.
    enum Series: Sendable {
        case number(NumberSeries)
        case histogram(HistogramSeries)

        fileprivate func `is`(_ handler: AnyObject) -> Bool {
            switch self {
            case .number(let series): series === handler
            case .histogram(let series): series === handler
            }
        }
    }

    private typealias Families = [Metric: [[String]: Series]]

    private let families = Mutex(Families())
    private let seriesMax: Int

    /// Begins without series.
    package init(seriesMax: Int = Metric.seriesMax) {
        self.seriesMax = seriesMax
    }

    /// All series of each metric that has some: in the order of the list, then of the labels.
    func snapshot() -> [(metric: Metric, entries: [Entry])] {
        let families = families.withLock { $0 }
        return Metric.allCases.compactMap { metric in
            guard let family = families[metric], !family.isEmpty else { return nil }
            let entries = family.map { Entry(values: $0.key, series: $0.value) }
            return (metric, entries.sorted { $0.values.lexicographicallyPrecedes($1.values) })
        }
    }

    /// A counter's series.
    package func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler {
        number(label, dimensions, .counter) ?? NOOPMetricsHandler.instance
    }

    /// The series of a counter of fractions.
    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        number(label, dimensions, .counter) ?? NOOPMetricsHandler.instance
    }

    /// A gauge's series.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(label, dimensions, .gauge) ?? NOOPMetricsHandler.instance
    }

    /// A histogram's series, or without aggregation a gauge's.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            histogram(label, dimensions) ?? NOOPMetricsHandler.instance
        } else {
            number(label, dimensions, .gauge) ?? NOOPMetricsHandler.instance
        }
    }

    /// The series of a histogram of durations, in seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    /// Forgets a series.
    package func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    /// Forgets a series.
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        forget(handler)
    }
    /// Forgets a series.
    package func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    /// Forgets a series.
    package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    /// Forgets a series.
    package func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    private func number(
        _ label: String, _ dimensions: [(String, String)], _ kind: Metric.Kind
    ) -> NumberSeries? {
        guard let (metric, values) = declared(label, dimensions),
            metric.definition.kind == kind,
            case .number(let series) = series(of: metric, values)
        else { return nil }
        return series
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)]
    ) -> HistogramSeries? {
        guard let (metric, values) = declared(label, dimensions),
            case .histogram(let series) = series(of: metric, values)
        else { return nil }
        return series
    }

    /// The metric of a name with the values of its labels; `nil` where the list has no such metric:
    /// a mistake in the program, which tests find and a run survives.
    private func declared(
        _ label: String, _ dimensions: [(String, String)]
    ) -> (Metric, [String])? {
        let metric = Metric(rawValue: label)
        let labels = metric?.definition.labels ?? []
        let values = labels.compactMap { name in
            dimensions.first { $0.0 == name }.map { LabelText.bounded($0.1) }
        }
        guard let metric, values.count == labels.count, dimensions.count == labels.count else {
            assertionFailure("\(label) with \(dimensions) is not in the list of metrics")
            return nil
        }
        return (metric, values)
    }

    private func series(of metric: Metric, _ values: [String]) -> Series? {
        families.withLock { families in
            if let known = families[metric]?[values] { return known }
            if families[metric]?.count ?? 0 < seriesMax {
                return Self.add(metric, values, to: &families)
            }
            let dropped = Self.add(.seriesDropped, [metric.name], to: &families)
            if case .number(let count) = dropped { count.increment(by: Int64(1)) }
            // A number that several things set in turn would say nothing of any of them.
            if metric.definition.kind == .gauge { return nil }
            let others = values.map { _ in LabelText.other }
            return Self.add(metric, others, to: &families)
        }
    }

    /// The series of these values; made when it is not there.
    private static func add(
        _ metric: Metric, _ values: [String], to families: inout Families
    ) -> Series {
        if let known = families[metric]?[values] { return known }
        let series: Series =
            switch metric.definition.kind {
            case .counter: .number(NumberSeries(isCounter: true))
            case .gauge: .number(NumberSeries(isCounter: false))
            case .histogram(let bounds): .histogram(HistogramSeries(bounds: bounds))
            }
        families[metric, default: [:]][values] = series
        return series
    }

    private func forget(_ handler: AnyObject) {
        families.withLock { families in
            for (metric, family) in families {
                for (values, series) in family where series.is(handler) {
                    families[metric]?[values] = nil
                }
            }
        }
    }
}
