package import OgiveCore

/// The dashboard: which page answers to an address, and what is read for it.
///
/// It knows nothing of HTTP and nothing of SQL. All that comes from outside has passed
/// `OutsideText` before it stands in a page.
package struct DashboardSite: Sendable {
    /// What is asked for.
    package struct Request: Hashable, Sendable {
        /// The path, without its query.
        package var path: String
        /// The parameters of the query, decoded.
        package var query: [String: String]

        /// Joins both.
        package init(path: String, query: [String: String] = [:]) {
            self.path = path
            self.query = query
        }
    }

    /// What is answered.
    package enum Answer: Hashable, Sendable {
        /// A page, with the status code of HTTP.
        case page(String, status: Int)
        /// A part of a page.
        case part(String)
        /// A file, with its type.
        case file(String, type: String)
        /// A text from outside as it came, for a file: it is read as it is sent.
        case text(LongText)
        /// Live numbers: of a run, or of the latest ones.
        case events(RunID?)
    }

    /// Longest search that is looked up, in characters.
    static let findMax = 1000
    /// Most characters of a completion that is sent as a file, and most that are read at once.
    static let textMax = 64 << 20
    static let partMax = 512 << 10
    /// Moments of a run's history that are drawn.
    static let momentsMax = 1000

    let reader: any DashboardReader
    private let watcher: RunWatcher
    private let ranking: PromptRanking

    /// A dashboard of what `reader` reads.
    package init(_ reader: any DashboardReader) {
        self.init(reader, watcher: RunWatcher(reader))
    }

    init(_ reader: any DashboardReader, watcher: RunWatcher) {
        self.reader = reader
        self.watcher = watcher
        ranking = PromptRanking(reader)
    }

    /// Sorts prompts in the background, until the task is cancelled.
    package func work() async throws {
        try await ranking.work { try await ContinuousClock().sleep(for: $0) }
    }

    /// The answer to a request.
    package func answer(_ request: Request) async -> Answer {
        do throws(StoreError) {
            return try await found(request) ?? Self.nothing
        } catch {
            return Self.failure(error)
        }
    }

    /// The live numbers of a run, or of the latest ones, as JSON on one line.
    package func numbers(_ run: RunID?) async throws(StoreError) -> String {
        let runs: [RunNumbers]
        if let run {
            runs = [try await watcher.run(run)]
        } else {
            runs = try await watcher.latest()
        }
        return CanonicalJSON.text(
            runs.reduce(into: [String: String]()) { all, run in
                all.merge(run.all) { $1 }
            })
    }

    /// The next characters of a completion's text, from the place `from` on.
    func part(of text: LongText, from: Int) async throws(StoreError) -> String {
        try await reader.part(
            of: text, from: from, characters: min(Self.partMax, text.characters - from))
    }

    private static let nothing = Answer.page(
        DashboardPage.message("Not found", "There is no such page.").document, status: 404)

    /// What a person is told when the database does not answer as it should.
    private static func failure(_ error: StoreError) -> Answer {
        let (title, status) =
            switch error.code {
            case .conflict: ("Not found", 404)
            case .unavailable, .unknownOutcome, .exhausted: ("The database does not answer", 503)
            case .schema, .forbidden, .refused, .staleTerm: ("The database refuses", 500)
            }
        return .page(DashboardPage.message(title, error.message).document, status: status)
    }

    private func found(_ request: Request) async throws(StoreError) -> Answer? {
        let steps = request.path.split(separator: "/", omittingEmptySubsequences: true)
            .map(String.init)
        guard request.path.utf8.count <= 200 else { return nil }
        switch steps.first {
        case nil: return try await runs(request)
        case "events" where steps.count == 1: return .events(nil)
        case "fleet" where steps.count == 1:
            return .page(FleetPage(fleet: try await reader.fleet()).page.document, status: 200)
        case "static" where steps.count == 2: return Self.file(steps[1])
        case "runs":
            guard steps.count > 1, let number = Self.number(steps[1]) else { return nil }
            return try await self.run(RunID(number), Array(steps.dropFirst(2)), request)
        default: return nil
        }
    }

    /// A number of digits only.
    private static func number(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    private static func file(_ name: String) -> Answer? {
        switch name {
        case "dashboard.css": .file(DashboardFiles.sheet, type: "text/css; charset=utf-8")
        case "dashboard.js": .file(DashboardFiles.script, type: "text/javascript; charset=utf-8")
        case "icon.svg": .file(DashboardFiles.icon, type: "image/svg+xml")
        default: nil
        }
    }

    private func runs(_ request: Request) async throws(StoreError) -> Answer {
        let before = request.query["before"].flatMap(Self.number).map { RunID($0) }
        var runs: [RunNumbers]
        if let before {
            runs = try await reader.runs(before: before, limit: RunsPage.rowsMax + 1)
                .map { RunNumbers(run: $0, rate: nil) }
        } else {
            runs = try await watcher.latest()
        }
        let hasMore = runs.count > RunsPage.rowsMax
        runs = Array(runs.prefix(RunsPage.rowsMax))
        var degenerate: [RunID: (count: Int, of: Int)] = [:]
        for run in runs where run.run.counts.landed > 0 {
            degenerate[run.run.id] = try await watcher.degenerate(of: run.run)
        }
        let page = RunsPage(
            runs: runs, degenerate: degenerate, next: hasMore ? runs.last?.run.id : nil,
            isFirst: before == nil)
        return .page(page.page.document, status: 200)
    }

    private func run(
        _ id: RunID, _ steps: [String], _ request: Request
    ) async throws(StoreError) -> Answer? {
        switch (steps.first, steps.count) {
        case (nil, _): return try await overview(id)
        case ("events", 1): return .events(id)
        case ("prompts", 1): return try await prompts(id, request)
        case ("prompts", 2...): return try await prompt(id, Array(steps.dropFirst()), request)
        case ("failures", 1):
            let run = try await watcher.run(id).run
            let failures = try await watcher.failures(of: run)
            return .page(
                FailuresPage(run: run, failures: failures).page.document, status: 200)
        case ("compare", 1): return try await comparisons(id, request)
        case ("compare", 2):
            guard let other = Self.number(steps[1]) else { return nil }
            return try await comparison(id, RunID(other))
        default: return nil
        }
    }

    private func overview(_ id: RunID) async throws(StoreError) -> Answer {
        let numbers = try await watcher.run(id)
        let page = RunPage(
            numbers: numbers,
            history: try await reader.history(of: id, limit: Self.momentsMax),
            sample: try await watcher.sample(of: numbers.run),
            failures: try await watcher.failures(of: numbers.run),
            source: try await reader.source(of: numbers.run), fleet: try await reader.fleet(),
            related: try await reader.related(to: numbers.run))
        return .page(page.page.document, status: 200)
    }

    private func prompts(_ id: RunID, _ request: Request) async throws(StoreError) -> Answer {
        let run = try await watcher.run(id).run
        let asked = PromptsPage.Request(request.query)
        var page = PromptsPage(
            run: run, request: asked, listing: PromptListing(rows: [], next: nil))
        if asked.find.hasPrefix("#"), let number = Self.number(String(asked.find.dropFirst())) {
            page.listing = try await reader.prompts(
                of: run, .named([PromptID(number)], only: PromptFilter()))
        } else if !asked.find.isEmpty {
            page.listing = try await reader.prompts(of: run, .byKey(from: asked.find))
        } else if let order = asked.order {
            let (ids, progress) = try await ranking.page(run, order, from: asked.from)
            page.listing = try await reader.prompts(of: run, .named(ids, only: asked.filter))
            page.progress = progress
        } else {
            page.listing = try await reader.prompts(
                of: run, .inOrder(after: asked.after, only: asked.filter))
        }
        return .page(page.page.document, status: 200)
    }

    /// `steps`: the number of the prompt, then perhaps `draws`, a draw, and `text`.
    private func prompt(
        _ id: RunID, _ steps: [String], _ request: Request
    ) async throws(StoreError) -> Answer? {
        guard let number = Self.number(steps[0]) else { return nil }
        let (run, prompt) = (try await watcher.run(id).run, PromptID(number))
        if steps.count == 1 {
            var page = PromptPage(run: run, prompt: try await reader.prompt(prompt, of: run))
            if let draw = request.query["draw"].flatMap({ Int32($0) }), draw >= 0 {
                page.completion = try await reader.completion(
                    draw, of: prompt, in: run, characters: PromptPage.charactersMax)
            }
            return .page(page.page.document, status: 200)
        }
        let isText = steps.count == 4 && steps[3] == "text"
        guard steps[1] == "draws", steps.count == 3 || isText,
            let draw = Self.number(steps[2]).flatMap({ Int32(exactly: $0) })
        else { return nil }
        if isText {
            return .text(
                try await reader.text(draw, of: prompt, in: run.id, characters: Self.textMax))
        }
        let completion = try await reader.completion(
            draw, of: prompt, in: run, characters: PromptPage.charactersMax)
        return .part(
            CompletionView(run: run.id, prompt: prompt, completion: completion).markup.html)
    }

    /// What a run can be compared with and, where `first` and `second` name two snapshots, these;
    /// 0 is what is there now.
    private func comparisons(
        _ id: RunID, _ request: Request
    ) async throws(StoreError) -> Answer? {
        let run = try await watcher.run(id).run
        var page = ComparisonsPage(
            run: run, related: try await reader.related(to: run),
            snapshots: try await reader.snapshots(of: run))
        func side(_ name: String) -> ComparisonsPage.Side? {
            request.query[name].flatMap(Self.number).flatMap(page.side)
        }
        if let first = side("first"), let second = side("second") {
            page.pair = (first, second)
            page.comparison = try await reader.comparison(
                of: run, snapshot: first.id, with: second.id)
        }
        return .page(page.page.document, status: 200)
    }

    private func comparison(_ id: RunID, _ other: RunID) async throws(StoreError) -> Answer? {
        let first = try await watcher.run(id).run
        guard let related = try await reader.related(to: first).first(where: { $0.id == other })
        else { return nil }
        let second = try await watcher.run(other).run
        guard related.relation == .scoring else {
            let comparison = try await reader.drift(from: first, to: second)
            return .page(
                VersionsPage(
                    first: first, second: second, revision: related.revision,
                    comparison: comparison
                ).page.document, status: 200)
        }
        let comparison = try await reader.comparison(of: first, with: second)
        var disagreements: [ComparisonPage.Disagreement] = []
        for pair in ComparisonPage.largest(comparison) {
            do throws(StoreError) {
                let completion = try await reader.completion(
                    pair.draw, of: pair.prompt, in: first,
                    characters: ComparisonPage.charactersMax)
                disagreements.append(.init(pair: pair, text: completion.text))
            } catch {
                // A text that is gone takes nothing from the others.
                guard error.code == .conflict else { throw error }
            }
        }
        let page = ComparisonPage(
            first: first, second: second, comparison: comparison, disagreements: disagreements)
        return .page(page.page.document, status: 200)
    }
}

extension PromptsPage.Request {
    /// What the parameters of a query ask for; what is no sense in them is left out.
    init(_ query: [String: String]) {
        // PostgreSQL's text holds no U+0000.
        let text = (query["find"] ?? "").unicodeScalars.filter { $0.value != 0 }
        find = String(String.UnicodeScalarView(text.prefix(DashboardSite.findMax)))
        filter.property = query["only"].flatMap { PromptFilter.Property(rawValue: $0) } ?? .all
        func number(_ name: String) -> Double? {
            query[name].flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
        }
        filter.meanLeast = number("least")
        filter.meanMost = number("most")
        filter.quantileLeast = number("qleast")
        filter.quantileMost = number("qmost")
        order = query["order"].flatMap { Order(rawValue: $0) }
        after = query["after"].flatMap { Int64($0) }.map { PromptID(max(0, $0)) }
        from = min(PromptRanking.topMax, max(0, query["from"].flatMap { Int($0) } ?? 0))
    }
}
