import Foundation
import OgiveCore
import Testing

@testable import OgiveDashboard

/// The report as a file.
@Suite(.timeLimit(.minutes(10))) struct ReportPageTests {
    private static func source(_ text: String, state: String = "finished") -> ReportSource {
        ReportSource(
            run: text, state: state, promptSet: text, policy: text, scorer: text,
            isSynthetic: false, runSpec: text, scoringSpec: text, samplingSHA256: "aa11",
            scoringSHA256: "bb22", policyFingerprint: text, scorerFingerprint: nil,
            submittedAt: "2026-11-30T00:00:00Z", finishedAt: "2026-11-30T01:00:00Z",
            madeAt: "2026-11-30T02:00:00Z", schemaVersion: 1, serverVersion: "15.1",
            snapshots: [
                ReportedSnapshot(
                    name: text, madeAt: "2026-11-30T01:30:00Z", isComplete: true, sha256: "cc33")
            ])
    }

    private static func counts() -> ReportCounts {
        var counts = ReportCounts()
        counts.prompts = 2
        counts.draws = 2
        counts.targetDraws = 4
        counts.sampled = 4
        counts.landed = 3
        counts.failures = 1
        counts.tokens = 40
        counts.truncated = 1
        counts.targetCandidates = 1
        counts.landedCandidates = 1
        return counts
    }

    /// A report in which all that comes from outside is `text`.
    private static func report(_ text: String) -> RunReport {
        let range = BinnedRange(low: 0, high: 2, bins: 2)
        var tables = TableReport()
        tables.count = 2
        tables.complete = 1
        tables.degenerate = 1
        tables.deviationBetween = 0.5
        tables.deviationWithin = 0.25
        tables.spread = DensityData(
            x: range, y: range, cells: [.init(column: 0, row: 0, count: 2)])
        tables.quantiles = [
            QuantilesOverPrompts(
                level: 0.5, values: [.init(share: 0, value: 0), .init(share: 1, value: 2)])
        ]
        tables.sizes = [.init(least: 2, most: 2, tables: 2, effective: 1.5, effectiveLeast: 1)]
        tables.degenerateRewards = [.init(reward: 1, tables: 1)]
        tables.degenerateExamples = [.init(promptKey: text, count: 2, reward: 1)]
        let draw = ExamplePrompt.Draw(
            index: 0, reward: 1, tokens: 9, isTruncated: true, seed: 77, text: CutText(text))
        let candidate = ExamplePrompt.Candidate(
            index: 0, label: CutText(text), reward: 1.5, text: CutText(text, characters: 999))
        return RunReport(
            source: source(text), counts: counts(),
            rewards: RewardSummary(
                count: 3, mean: 1, deviation: 0.5,
                quantiles: [.init(share: 0.5, value: 1)],
                histogram: HistogramData(
                    range: range, bins: [.init(index: 0, count: 3, least: 0.5, most: 1)])),
            tables: tables,
            lengths: LengthReport(
                isInTokens: true,
                endings: [.init(reason: "stop", count: 3), .init(reason: "length", count: 1)],
                seeded: 4, firstLandedAt: "2026-11-30T00:10:00Z",
                lastLandedAt: "2026-11-30T00:50:00Z",
                density: DensityData(
                    x: range, y: range, cells: [.init(column: 1, row: 1, count: 3, marked: 1)]),
                means: [.init(index: 1, count: 3, mean: 1)]),
            failures: [
                FailureReport(
                    code: "timeout", stage: "sampling", count: 1, prompts: 1,
                    examples: [
                        .init(promptKey: text, kind: "draw", index: 1, message: CutText(text))
                    ])
            ],
            candidates: [
                CandidateReport(
                    label: CutText(text), count: 1, rewards: 1, meanReward: 1.5,
                    meanQuantileReward: 0.5, quartiles: [0.5, 0.5, 0.5])
            ],
            examples: [
                ExamplePrompt(
                    share: 0.5, key: text, id: PromptID(7), content: CutText(text), target: 2,
                    rewards: [1, 2], draws: [draw], candidates: [candidate])
            ],
            audit: ReportedAudit(
                isSound: true, isConsistent: true, landed: 3, failed: 1, pending: 0,
                problemCount: 1, problems: [text]))
    }

    private static func page(_ report: RunReport) -> String {
        ReportPage(report, program: "9.8.7").document
    }

    @Test(arguments: hostile) func `Nothing from outside is markup, or hidden`(text: String) {
        let page = Self.page(Self.report(text))
        expectHarmless(page)
        expectWhole(page)
    }

    @Test func `It loads nothing and runs nothing`() throws {
        let page = Self.page(Self.report("plain"))
        for word in ["http:", "https:", "src=", "url(", "@import", "<link", " style=", "<a "] {
            #expect(!page.contains(word), "\(word)")
        }
        let policy = try #require(
            page.elements("meta").first { $0.contains("Content-Security-Policy") })
        #expect(policy.contains("default-src &#39;none&#39;; style-src &#39;sha256-"))
        #expect(!policy.contains("unsafe"))
    }

    @Test func `The policy allows the page's own style alone`() throws {
        // The digest is of what stands between the tags, byte for byte.
        let page = Self.page(Self.report("plain"))
        let style = try #require(
            page.components(separatedBy: "<style>").last?.components(separatedBy: "</style>").first)
        let digest = Data(SHA256Digest(hashing: style).bytes).base64EncodedString()
        #expect(Page.policy.contains("style-src 'sha256-\(digest)';"))
        #expect(!style.contains("<") && !style.contains("&"))
    }

    @Test func `Each chart has title, description and the numbers behind it`() {
        let page = Self.page(Self.report("plain"))
        let charts = page.elements("svg")
        #expect(charts.count == 5)
        for chart in charts {
            #expect(chart.contains("role=\"img\""))
            let names = chart.values(of: "aria-labelledby").flatMap { $0.split(separator: " ") }
            #expect(names.count == 2)
            for name in names { #expect(page.count(of: "id=\"\(name)\"") == 1) }
        }
        #expect(page.count(of: "Numbers of this chart") == charts.count)
        let ids = page.values(of: "id")
        #expect(Set(ids).count == ids.count)
        #expect(page.count(of: "<table>") == page.count(of: "<caption>"))
    }

    @Test func `It says what a review asks for`() {
        let page = Self.page(Self.report("plain"))
        for text in [
            ">sound<", "aa11", "bb22", "cc33", "25.0\u{202f}%", "ogive 9.8.7, schema 1",
            "2026-11-30T00:10:00Z", "base + i", "seed 77", "max_tokens (truncated)", "effective n",
            "PostgreSQL 15.1",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(!page.contains("class=\"warning\""))
    }

    @Test func `A run that is not as it should be says so first`() {
        var report = Self.report("plain")
        report.source.state = "open"
        report.counts.pending = 4
        #expect(Self.page(report).contains("The run is not finished: 4 draws are pending"))
        report.source.state = "cancelled"
        #expect(Self.page(report).contains("The run was cancelled"))
        report.source.isSynthetic = true
        #expect(Self.page(report).contains("SYNTHETIC"))
        #expect(!Self.page(report).contains("ADOPTED"))
        report.source.isAdopted = true
        let adopted = Self.page(report)
        #expect(adopted.contains("ADOPTED: the completions came in a file. Nothing proves"))
        #expect(adopted.contains("no seeds") && adopted.contains("no fingerprint"))
        #expect(!adopted.contains("Ogive sampled"))
        report.audit?.isSound = false
        report.audit?.isConsistent = false
        #expect(Self.page(report).contains("The audit found contradictions (1)"))
        #expect(ReportPage(report, program: "1").verdict == "NOT sound")
        report.audit = nil
        #expect(Self.page(report).contains("needs the role ogive_writer"))
        #expect(Self.page(report).contains("No audit was made"))
    }

    @Test func `A run without any result has a page`() {
        var counts = ReportCounts()
        counts.prompts = 3
        counts.draws = 2
        counts.targetDraws = 6
        counts.pending = 6
        let report = RunReport(source: Self.source("new", state: "open"), counts: counts)
        let page = Self.page(report)
        expectWhole(page)
        #expect(page.contains("No draw has a reward yet."))
        #expect(page.elements("svg").isEmpty)
    }
}
