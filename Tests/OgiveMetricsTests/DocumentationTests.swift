import Foundation
import OgiveCore
import Testing

/// The page *Metrics*, the alerts and the dashboard know the metrics that there are, and no others.
@Suite(.timeLimit(.minutes(10))) struct DocumentationTests {
    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static let page = Result { try text("Sources/ogive/Documentation.docc/Metrics.md") }

    /// The names of metrics that a text mentions, without the suffixes of a histogram's series.
    private static func names(in text: String) -> Set<String> {
        let names = text.matches(of: /ogive_[a-z_]+/).map { match in
            String(match.output.replacing(/_(bucket|count|sum)$/, with: ""))
        }
        return Set(names)
    }

    @Test(arguments: Metric.allCases) func `The page explains each metric`(metric: Metric) throws {
        let rows = try Self.page.get().split(separator: "\n").filter {
            $0.hasPrefix("|") && $0.contains("`\(metric.name)`")
        }
        let row = try #require(rows.first)
        for label in metric.definition.labels { #expect(row.contains("`\(label)`")) }
    }

    @Test(arguments: [
        "Sources/ogive/Documentation.docc/Metrics.md", "deploy/observability/alerts.yml",
        "deploy/observability/dashboard.json", "deploy/observability/alerts_test.yml",
    ])
    func `No other metrics are named`(path: String) throws {
        let names = Self.names(in: try Self.text(path))
        try #require(names.count > 5)
        #expect(names.filter { Metric(rawValue: $0) == nil } == [])
    }

    @Test func `The dashboard shows each metric, but for what an alert is for`() throws {
        let shown = Self.names(in: try Self.text("deploy/observability/dashboard.json"))
        let left = Metric.allCases.filter { !shown.contains($0.name) }
        #expect(left == [.seriesDropped])
    }

    @Test func `The page lists each alert`() throws {
        let alerts = try Self.text("deploy/observability/alerts.yml")
            .matches(of: /alert: ([A-Za-z]+)/).map { String($0.output.1) }
        try #require(alerts.count > 10)
        for alert in alerts { #expect(try Self.page.get().contains("`\(alert)`"), "\(alert)") }
    }
}
