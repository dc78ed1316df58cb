internal import OgiveCore

/// The page `/metrics`: all series as text, in Prometheus' format or that of OpenMetrics.
///
/// Sources: "Exposition formats" of the Prometheus documentation (text format 0.0.4), and the
/// OpenMetrics specification 1.0.
enum Exposition {
    /// The formats.
    enum Format: Hashable, Sendable, CaseIterable {
        /// Prometheus' own.
        case text
        /// OpenMetrics.
        case openMetrics

        /// The value of `Content-Type`.
        var contentType: String {
            switch self {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// The page.
    static func page(of registry: MetricsRegistry, _ format: Format) -> String {
        var text = ""
        for (metric, entries) in registry.snapshot() {
            let definition = metric.definition
            text += head(metric, definition, format)
            for entry in entries {
                let labels = zip(definition.labels, entry.values).map { name, value in
                    "\(name)=\"\(LabelText.escaped(value))\""
                }
                switch entry.series {
                case .number(let series):
                    text += line(metric.name, labels, number(series.value))
                case .histogram(let series):
                    text += lines(metric.name, labels, series.bounds, series.reading)
                }
            }
        }
        return format == .openMetrics ? text + "# EOF\n" : text
    }

    /// What stands above the series of a metric.
    private static func head(
        _ metric: Metric, _ definition: Metric.Definition, _ format: Format
    ) -> String {
        let type =
            switch definition.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        var family = metric.name
        // OpenMetrics names a family of counters without the suffix of its samples.
        if format == .openMetrics, definition.kind == .counter, family.hasSuffix("_total") {
            family.removeLast("_total".count)
        }
        let help = LabelText.escaped(help: definition.about, format)
        var head = "# HELP \(family) \(help)\n# TYPE \(family) \(type)\n"
        if format == .openMetrics, family.hasSuffix("_seconds") {
            head += "# UNIT \(family) seconds\n"
        }
        return head
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        labels.isEmpty
            ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    /// A histogram: each bucket counts all values up to its bound.
    private static func lines(
        _ name: String, _ labels: [String], _ bounds: [Double],
        _ reading: HistogramSeries.Reading
    ) -> String {
        var text = ""
        var count = 0
        for (place, ownCount) in reading.counts.enumerated() {
            count += ownCount
            // The same text in both formats, or one series would become two.
            let bound = place < bounds.count ? "\(bounds[place])" : "+Inf"
            text += line("\(name)_bucket", labels + ["le=\"\(bound)\""], "\(count)")
        }
        text += line("\(name)_sum", labels, number(reading.sum))
        return text + line("\(name)_count", labels, "\(count)")
    }

    /// A number as both formats write it.
    static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return "\(whole)" }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }
}

extension Exposition.Format {
    /// The format that a client prefers by its `Accept`; Prometheus' own when it names neither.
    init(accept: String?) {
        var best = (format: Self.text, quality: 0.0)
        for part in (accept ?? "").split(separator: ",").prefix(32) {
            let pieces = part.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let type = pieces.first else { continue }
            let quality = Self.quality(pieces)
            guard quality > best.quality else { continue }
            switch type {
            case "application/openmetrics-text" where Self.isKnown(pieces):
                best = (.openMetrics, quality)
            case "text/plain", "text/*", "*/*": best = (.text, quality)
            default: continue
            }
        }
        self = best.format
    }

    private static func quality(_ pieces: [String]) -> Double {
        let value = pieces.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
        guard let value else { return 1 }
        guard let quality = Double(value), (0...1).contains(quality) else { return 0 }
        return quality
    }

    /// Whether the version of OpenMetrics is the one that is written here.
    private static func isKnown(_ pieces: [String]) -> Bool {
        let version = pieces.dropFirst().first { $0.hasPrefix("version=") }
        return version == nil || version == "version=1.0.0"
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmed: Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
