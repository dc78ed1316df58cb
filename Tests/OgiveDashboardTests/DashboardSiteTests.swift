import Foundation
import OgiveCore
import Testing

@testable import OgiveDashboard

/// The pages of the dashboard, of a database that is made up.
@Suite(.timeLimit(.minutes(10))) struct DashboardSiteTests {
    private static let paths = [
        "/", "/fleet", "/runs/7", "/runs/7/prompts", "/runs/7/prompts/2", "/runs/7/failures",
        "/runs/7/compare/9", "/runs/7/compare/10", "/runs/7/compare",
        "/runs/7/compare?first=3&second=0", "/runs/7/prompts/2/draws/1",
    ]

    private static func html(
        _ reader: FakeReader, _ path: String, _ query: [String: String] = [:], status: Int = 200,
        _ location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let parts = path.split(separator: "?", maxSplits: 1)
        let more = parts.count > 1 ? FormQuery.parameters(String(parts[1])) : [:]
        let answer = await DashboardSite(reader).answer(
            .init(path: String(parts.first ?? "/"), query: query.merging(more) { $1 }))
        switch answer {
        case .page(let html, let code):
            #expect(code == status, "\(path)", sourceLocation: location)
            return html
        case .part(let html): return html
        default:
            Issue.record("\(path) is no page", sourceLocation: location)
            return ""
        }
    }

    @Test(arguments: paths) func `Each page is whole, and says what it is about`(
        path: String
    ) async throws {
        let html = try await Self.html(FakeReader(), path)
        expectWhole(html)
        #expect(html.contains("plain"))
        // No style and no script within the page: the policy forbids both.
        #expect(html.values(of: "style").isEmpty && !html.contains("<style"))
        for script in html.elements("script") { #expect(script.contains("src=\"/static/")) }
        #expect(!html.contains(" onclick=") && !html.contains("javascript:"))
        // Each chart has its table.
        #expect(html.count(of: "<figure") == html.count(of: "Numbers of this chart"))
        // An id names one thing.
        let ids = html.values(of: "id")
        #expect(Set(ids).count == ids.count)
    }

    @Test(arguments: hostile) func `Nothing from outside is more than text on any page`(
        text: String
    ) async throws {
        for path in Self.paths {
            let query = ["find": text, "draw": "1"]
            let html = try await Self.html(FakeReader(text: text), path, query)
            expectWhole(html)
            // The one script of a page is its own, from its own address.
            let own = #"<script src="/static/dashboard.js" defer=""></script>"#
            #expect(html.count(of: own) == (path.hasSuffix("draws/1") ? 0 : 1))
            expectHarmless(html.replacing(own, with: ""))
        }
    }

    @Test func `A text of a million characters is cut, and offered as a file`() async throws {
        let long = String(repeating: "x", count: 1_000_000)
        for path in Self.paths {
            let html = try await Self.html(FakeReader(text: long), path, ["draw": "1"])
            // The fake gives whole texts where the database cuts them.
            if path.hasSuffix("draws/1") {
                #expect(html.utf8.count < 40_000)
                #expect(html.contains("980\u{202F}000 more characters"))
                #expect(html.contains("href=\"/runs/7/prompts/2/draws/1/text\""))
            }
        }
        let site = DashboardSite(FakeReader(text: long))
        let whole = await site.answer(.init(path: "/runs/7/prompts/2/draws/1/text"))
        guard case .text(let text) = whole else {
            Issue.record("no text: \(whole)")
            return
        }
        #expect(text.characters == long.count && text.bytes == long.utf8.count)
        let parts = [(0, DashboardSite.partMax), (DashboardSite.partMax, 475_712)]
        for (place, count) in parts {
            #expect(try await site.part(of: text, from: place).utf8.count == count)
        }
    }

    @Test func `Every step of the curve opens its completion, with a script and without`()
        async throws
    {
        let html = try await Self.html(FakeReader(), "/runs/7/prompts/2", ["draw": "3"])
        let links = html.elements("a").filter { $0.contains("class=\"step") }
        #expect(links.count == 4)
        for draw in 0..<4 {
            // The drawing and the table behind it.
            #expect(html.count(of: "href=\"/runs/7/prompts/2?draw=\(draw)#completion\"") == 2)
            #expect(html.count(of: "data-completion=\"/runs/7/prompts/2/draws/\(draw)\"") == 2)
        }
        #expect(html.contains("draw 3: reward 4, quantile reward 1.000, truncated"))
        // The open one, with what is stored of it.
        #expect(html.count(of: "aria-current=\"true\"") == 2)
        for fact in ["Draw 3", "4711", "-12.5", "−12.500", "0.750", "1.2 s", "3 tokens"] {
            #expect(html.contains(fact) || fact == "-12.5", "\(fact)")
        }
        #expect(html.contains("Log-probabilities of the tokens."))
        // A group and not an image: its links are there for screen readers.
        #expect(html.contains("role=\"group\""))
    }

    @Test func `Prompts come a page at a time, each page from where the last one ended`()
        async throws
    {
        let reader = FakeReader(prompts: 120)
        var seen: [String] = []
        var next: String? = "/runs/7/prompts"
        for _ in 0..<5 {
            guard let address = next else { break }
            let parts = address.replacing("&amp;", with: "&").split(separator: "?")
            let query = parts.count > 1 ? FormQuery.parameters(String(parts[1])) : [:]
            let html = try await Self.html(reader, String(parts[0]), query)
            seen += html.values(of: "href").filter { $0.hasPrefix("/runs/7/prompts/") }
            next = html.elements("a").last.flatMap { last in
                html.contains(">Next page</a>") ? last.values(of: "href").first : nil
            }
        }
        #expect(seen == (1...120).map { "/runs/7/prompts/\($0)" })
        #expect(next == nil)
    }

    @Test func `Kinds of failures that are too many are counted`() {
        var failure = FailureReport(
            code: "a", stage: "scoring", count: 1, prompts: 1, examples: [])
        failure.further = 2980
        let run = FakeReader().overview()
        let page = FailuresPage(
            run: run, failures: FailureSample(groups: [failure], counted: 1)
        ).page.document
        #expect(page.contains("… 2\u{202F}980 more, less frequent"))
        failure.further = 0
        #expect(!FailuresPage.table([failure]).markup("").html.contains("less frequent"))
    }

    @Test(arguments: ["--config=evil.yaml", "-x", "-\u{301}"])
    func `A command for pasting takes no name and no code for an option`(
        name: String
    ) async throws {
        let run = try await Self.html(FakeReader(text: name), "/runs/7")
        let failures = try await Self.html(FakeReader(text: name), "/runs/7/failures")
        let word = Markup(ShellWord.quoted(name)).html
        for command in [
            "ogive status -- ", "ogive wait -- ", "ogive failures list -- ", "ogive audit -- ",
            "ogive report --output report.html -- ", "ogive snapshot -- ",
            "ogive export --help -- ",
        ] {
            #expect(run.contains("\n" + command + word) || run.contains(">" + command + word))
        }
        #expect(
            failures.contains(
                "ogive failures retry --code=\(word) --stage scoring -- \(word)<"), "\(failures)")
    }

    @Test func `Filters, searches and orders stay from page to page`() async throws {
        let html = try await Self.html(
            FakeReader(prompts: 120), "/runs/7/prompts",
            ["only": "failed", "least": "0.25", "most": "nan"])
        #expect(html.contains("only=failed&amp;least=0.25&amp;after=50"))
        #expect(html.contains("value=\"failed\" selected"))
        let byKey = try await Self.html(
            FakeReader(), "/runs/7/prompts", ["find": "a b&c"])
        #expect(byKey.contains("find=a%20b%26c~"))
        let sorted = try await Self.html(
            FakeReader(prompts: 120), "/runs/7/prompts", ["order": "spread"])
        #expect(sorted.contains("order=spread&amp;from=50"))
        #expect(sorted.contains("All 120 prompts with a reward, in this order."))
        let banded = try await Self.html(
            FakeReader(prompts: 120), "/runs/7/prompts",
            ["order": "quantile_lowest", "qleast": "0.9", "qmost": "inf"])
        // Every second one of the first 100 passes: the page ends with the hundredth place.
        #expect(banded.contains("qleast=0.9&amp;order=quantile_lowest&amp;from=7"))
        #expect(banded.contains("The filter applies to these."))
        #expect(banded.contains("0.25 · 1.00 and 3 more") && banded.contains(">2.5<"))
        let both = try await Self.html(
            FakeReader(), "/runs/7/prompts", ["find": "a", "order": "spread"])
        #expect(both.contains("Filters and another order do not apply to it."))
        let number = try await Self.html(FakeReader(), "/runs/7/prompts", ["find": "#2"])
        #expect(number.contains("href=\"/runs/7/prompts/2\""))
    }

    @Test func `A sorted list has the first ones of all prompts, in order`() async throws {
        let reader = FakeReader(prompts: 9000)
        let ranking = PromptRanking(reader)
        let run = reader.overview()
        let first = try await ranking.page(run, .highest, from: 0)
        #expect(!first.1.isDone && first.1.seen == PromptRanking.firstMax)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ranking.work { _ in } }
            while try await !ranking.page(run, .highest, from: 0).1.isDone {
                try await ContinuousClock().sleep(for: .milliseconds(1))
            }
            group.cancelAll()
        }
        let means = (1...9000).map { Int64($0) * 7919 % 1_000_003 }
        let wanted = means.indices.sorted { (means[$1], $0) < (means[$0], $1) }
        let (ids, progress) = try await ranking.page(run, .highest, from: 50)
        #expect(progress.seen == 9000)
        #expect(ids.prefix(50).map(\.rawValue) == wanted[50..<100].map { Int64($0) + 1 })
    }

    @Test func `Of large tables, a step of sorting reads fewer`() async throws {
        for (draws, prompts) in [(400, 1000), (401, 500), (4096, 62), (1 << 20, 1)] {
            let reader = FakeReader(prompts: 9000, draws: draws)
            let (_, progress) = try await PromptRanking(reader).page(
                reader.overview(), .spread, from: 0)
            #expect(progress.seen == prompts)
        }
    }

    @Test func `While a run goes on, sorting its prompts takes a two-hundredth of the time`()
        async throws
    {
        var reader = FakeReader(prompts: 9000)
        reader.reading = { () throws(StoreError) in try? await Task.sleep(for: .milliseconds(5)) }
        let ranking = PromptRanking(reader)
        _ = try await ranking.page(reader.overview(), .highest, from: 0)
        let (rests, rested) = AsyncStream.makeStream(of: Duration.self)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ranking.work { rested.yield($0) } }
            for await rest in rests.prefix(2) { #expect(rest >= .milliseconds(5 * 199)) }
            group.cancelAll()
        }
    }

    @Test(arguments: PromptsPage.Request.Order.allCases)
    func `A prompt is in the sorted lists that it belongs to`(
        order: PromptsPage.Request.Order
    ) async throws {
        let reader = FakeReader(prompts: 500)
        let (ids, progress) = try await PromptRanking(reader).page(
            reader.overview(), order, from: 0)
        #expect(progress.isDone)
        let ranks = try await reader.ranks(of: reader.overview(), after: nil, limit: 500)
        let wanted = ranks.compactMap { rank in
            let value: Double? =
                switch order {
                case .spread: -rank.deviation
                case .lowest: rank.mean
                case .highest: -(rank.mean ?? 0)
                case .lowestQuantile: rank.quantiles?.lowerBound
                case .highestQuantile: rank.quantiles.map { -$0.upperBound }
                case .precision: rank.effective
                case .failures: rank.failures == 0 ? nil : -Double(rank.failures)
                }
            return value.map { (id: rank.id, value: $0) }
        }.sorted { ($0.value, $0.id) < ($1.value, $1.id) }
        #expect(ids == wanted.map(\.id))
        #expect(order != .lowestQuantile || ids.count == 334)
        #expect(order != .failures || ids.count == 400)
    }

    @Test func `Two reference versions show how far rewards moved`() async throws {
        let some = try await Self.html(FakeReader(), "/runs/7/compare/10")
        // One of three p-values is small; the mean shift is 2/3.
        #expect(some.contains("p-value ≤ 0.05") && some.contains("33.3\u{202f}%"))
        #expect(some.contains(">+0.667<") && some.contains(">0.417<") && some.contains(">0.750<"))
        #expect(some.contains("ogive compare plain plain"))
        #expect(some.contains("href=\"/runs/7/prompts/1\""))
        #expect(some.contains("href=\"/runs/10/prompts/1\""))
        let all = try await Self.html(FakeReader(moved: 1), "/runs/7/compare/10")
        #expect(all.contains("of 3 prompts; at most 5 % of these by chance"))
        #expect(!all.contains("p-value ≤ 0.05"))
    }

    @Test func `Two snapshots show what differs, and unknown ones nothing`() async throws {
        let html = try await Self.html(FakeReader(), "/runs/7/compare?first=3&second=2")
        #expect(html.contains("dd3") && html.contains("dd2") && html.contains("22\u{202f}129"))
        #expect(html.contains("Prompts that differ"))
        #expect(html.contains("2026-11-30T00:00:00Z</span>, incom"))
        #expect(html.count(of: "href=\"/runs/7/prompts/") == 2)
        #expect(html.contains("<option value=\"2\" selected=\"\">"))
        #expect(html.contains("<option value=\"0\">what is there now"))
        for query in ["first=3&second=99", "first=3", "first=-1&second=0", "first=x&second=y"] {
            let none = try await Self.html(FakeReader(), "/runs/7/compare?\(query)")
            #expect(!none.contains("Two versions of this run"), "\(query)")
        }
    }

    @Test func `Tokens are coloured by their log-probability, and bounded`() async throws {
        let html = try await Self.html(
            FakeReader(tokens: 600), "/runs/7/prompts/2/draws/1")
        #expect(html.count(of: "<span class=\"t0\" title=\"token ") == 300)
        #expect(html.contains("<span class=\"t4\" title=\"token 1: −3.0000\">6</span>"))
        #expect(html.contains("stores no texts of tokens"))
        // All are in the row and in the table, and the drawing has room for fewer bars.
        #expect(html.count(of: "<rect") == TokensChart.barsMax)
        #expect(html.contains("Shown: the first 512 of 600."))
        #expect(html.count(of: "<tr>") == 1 + 600)
        #expect([0, -0.1, -0.11, -9].map(TokensChart.style) == ["t0", "t0", "t1", "t6"])
        let chart = try #require(
            TokensChart(id: "t", [.init(id: 1, logProbability: -1)], count: 3000))
        #expect(chart.figure.markup.html.contains("Shown: the first 1 of 3\u{202f}000."))
    }

    @Test func `Failures that were not all counted say so`() async throws {
        let many = FakeReader(failureCount: FailureSample.most)
        for path in ["/runs/7", "/runs/7/failures"] {
            let html = try await Self.html(many, path)
            #expect(html.contains("Counted are 10\u{202f}000 of the failures."))
            #expect(try await !Self.html(FakeReader(), path).contains("Counted are"))
        }
        #expect(try await Self.html(FakeReader(), "/runs/7/failures").contains("1 item; the first"))
    }

    @Test func `Addresses that are none are not found, and errors say what is wrong`() async throws
    {
        for path in [
            "/nothing", "/runs", "/runs/x", "/runs/-7", "/runs/8", "/runs/7/x", "/runs/7/prompts/x",
            "/runs/7/prompts/4", "/runs/7/prompts/2/draws/4", "/runs/7/prompts/2/draws/1/x",
            "/runs/7/compare/8", "/static/x", "/runs/99999999999999999999", "/../etc/passwd",
            "/" + String(repeating: "a", count: 300),
        ] {
            _ = try await Self.html(FakeReader(), path, status: 404)
        }
        var reader = FakeReader()
        reader.error = StoreError(.unavailable, "connection <refused>")
        let away = try await Self.html(reader, "/", status: 503)
        #expect(away.contains("connection &lt;refused&gt;"))
        reader.error = StoreError(.forbidden, "no right")
        _ = try await Self.html(reader, "/fleet", status: 200)
        _ = try await Self.html(reader, "/runs/7", status: 500)
    }

    @Test func `Live numbers are those of the page, under the same names`() async throws {
        let site = DashboardSite(FakeReader())
        let text = try await site.numbers(RunID(7))
        #expect(!text.contains("\n"))
        let numbers = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(numbers["r7.landed"] == "4" && numbers["r7.state"] == "open")
        let html = try await Self.html(FakeReader(), "/runs/7")
        for name in html.values(of: "data-number") {
            #expect(numbers[name] != nil, "\(name)")
        }
        #expect(html.contains("data-events=\"/runs/7/events\""))
        #expect(await site.answer(.init(path: "/runs/7/events")) == .events(RunID(7)))
    }

    @Test func `Commands to paste mean the run whatever its name is`() async throws {
        #expect(ShellWord.quoted("gsm8k-1") == "gsm8k-1")
        #expect(ShellWord.quoted("-x") == "'-x'" && ShellWord.quoted("") == "''")
        #expect(ShellWord.quoted("a'; rm *") == #"'a'\''; rm *'"#)
        let html = try await Self.html(FakeReader(text: "$(x)"), "/runs/7/failures")
        #expect(
            html.contains(
                "ogive failures retry &#39;$(x)&#39; --code &#39;$(x)&#39; --stage scoring"))
    }

    @Test func `Queries are decoded as forms send them`() {
        #expect(
            FormQuery.parameters("find=a+b%26%C3%A9&x&find=no&=y&z=%zz%4")
                == ["find": "a b&é", "x": "", "": "y", "z": "%zz%4"])
        #expect(FormQuery.parameters("").isEmpty)
        let many = (0..<100).map { "p\($0)=1" }.joined(separator: "&")
        #expect(FormQuery.parameters(many).count == FormQuery.parametersMax)
        let text = "a b&é/%\u{0}"
        #expect(FormQuery.parameters("q=" + DashboardLink.encoded(text)) == ["q": text])
    }

    @Test func `Only names of this machine are answered without a token`() {
        for name in ["localhost:9466", "LOCALHOST", "127.0.0.1:9466", "[::1]:9466", "10.0.0.7"] {
            #expect(DashboardServer.isOwn(name), "\(name)")
        }
        for name in ["", "evil.example", "localhost.evil.example:9466", "127.0.0.1.evil.example"] {
            #expect(!DashboardServer.isOwn(name), "\(name)")
        }
    }

    @Test func `Rank correlation is Spearman's, ties included`() throws {
        #expect(RankCorrelation.of([(1, 10), (2, 20), (3, 30)]) == 1)
        #expect(RankCorrelation.of([(1, 30), (2, 20), (3, 10)]) == -1)
        #expect(RankCorrelation.of([(1, 1), (1, 2)]) == nil)
        // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 3]): 0.8333…
        let tied = try #require(RankCorrelation.of([(1, 1), (2, 3), (2, 2), (4, 3)]))
        #expect(abs(tied - 0.8333333333333334) < 1e-12)
    }

    @Test func `Charts of a sample have the same numbers as the report's`() throws {
        let sample = RunSample(
            isWhole: true,
            tables: [
                .init(isDegenerate: false, rewards: [0, 1]),
                .init(isDegenerate: true, rewards: [3, 3]),
            ], lengths: [.init(length: 4, reward: 1, isTruncated: true)], isInTokens: true)
        let report = SampleReport(sample: sample)
        let rewards = try #require(report.rewards)
        #expect(rewards.count == 4 && rewards.mean == 1.75)
        #expect(rewards.histogram.bins.map(\.count) == [1, 1, 2])
        let tables = try #require(report.tables)
        #expect(tables.degenerate == 1 && tables.deviationWithin == 0.5)
        #expect(tables.spread?.cells.map(\.count) == [1, 1])
        #expect(report.lengths?.density?.cells.map(\.marked) == [1])
        let empty = SampleReport(
            sample: RunSample(isWhole: true, tables: [], lengths: [], isInTokens: false))
        #expect(empty.rewards == nil && empty.tables == nil && empty.lengths == nil)
        #expect(empty.isEmpty && !report.isEmpty && report.tableCount == 2)
    }

    @Test func `The rate is the difference of counters over time`() throws {
        let moments = [
            RunMoment(at: 0, draws: 0, failures: 0, tokens: 0),
            RunMoment(at: 60, draws: 120, failures: 0, tokens: 600),
            RunMoment(at: 120, draws: 120, failures: 0, tokens: 600),
        ]
        let chart = try #require(RateChart(id: "r", moments))
        #expect(chart.spans.map(\.draws) == [2, 0])
        expectWhole(chart.figure.markup.html)
        #expect(RateChart(id: "r", [moments[0]]) == nil)
        #expect(RateChart(id: "r", []) == nil)
        #expect(TimeLabel.text(61) == "1 min 1 s" && TimeLabel.text(90_000) == "1 d 1 h")
    }
}
