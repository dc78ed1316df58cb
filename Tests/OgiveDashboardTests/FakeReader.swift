import OgiveCore

@testable import OgiveDashboard

/// A database with one run, in which all that comes from outside is `text`.
struct FakeReader: DashboardReader {
    var text = "plain"
    /// How many prompts there are.
    var prompts = 3
    /// How many failures were counted.
    var failureCount = 1
    /// How many tokens of a completion are stored.
    var tokens = 2
    /// How many prompts moved from one version to the other; `nil` where not all were looked at.
    var moved: Int?
    /// How many draws are asked for, of each prompt.
    var draws = 4
    /// How many draws have landed.
    var landed = 4
    /// What is read instead of some tables, and of the share of degenerate ones.
    var sampled: (@Sendable () -> RunSample)?
    var isDegenerate: (@Sendable () -> (count: Int, of: Int))?
    /// What every call throws instead of answering.
    var error: StoreError?
    /// What some calls do before they answer.
    var reading: (@Sendable () async throws(StoreError) -> Void)?
    /// So many characters, all of them x, are the text of a completion that is read by parts.
    var length: Int?

    /// What may be compared with the run: another scoring, and another version.
    static let other = RunID(9)
    static let next = RunID(10)

    func overview(_ id: RunID = RunID(7)) -> RunOverview {
        var counts = ReportCounts()
        counts.prompts = prompts
        counts.draws = draws
        counts.targetDraws = 4 * prompts
        counts.sampled = 5
        counts.landed = landed
        counts.failures = 1
        counts.truncated = 1
        counts.tokens = 50
        counts.pending = 4 * prompts - 5
        return RunOverview(
            id: id, promptSetID: 1, scoringID: ScoringID(id.rawValue),
            source: RunOverview.Source(
                run: text, state: "open", promptSet: text, policy: text, scorer: text,
                isSynthetic: true, submittedAt: "2026-11-30T00:00:00Z", finishedAt: nil),
            counts: counts, meanReward: 0.5, cost: 1.5)
    }

    private func check() async throws(StoreError) {
        try await reading?()
        if let error { throw error }
    }

    func runs(before id: RunID?, limit: Int) async throws(StoreError) -> [RunOverview] {
        try await check()
        return [overview()]
    }

    func run(_ id: RunID) async throws(StoreError) -> RunOverview {
        try await check()
        guard [RunID(7), Self.other, Self.next].contains(id) else {
            throw StoreError(.conflict, "There is no run \(id.rawValue).")
        }
        return overview(id)
    }

    func related(to run: RunOverview) async throws(StoreError) -> [RelatedRun] {
        [
            RelatedRun(
                id: Self.other, name: text, relation: .scoring, policy: text, revision: nil,
                scorer: text),
            RelatedRun(
                id: Self.next, name: text, relation: .version, policy: text, revision: text,
                scorer: text),
        ]
    }

    func snapshots(of run: RunOverview) async throws(StoreError) -> [SnapshotOverview] {
        [3, 2].map { id in
            SnapshotOverview(
                id: id, name: text, madeAt: "2026-11-30T00:00:00Z", isComplete: id == 3,
                draws: 22_129, rewards: 4, failures: 1, candidates: 1, sha256: "dd\(id)")
        }
    }

    func drift(
        from first: RunOverview, to second: RunOverview
    ) async throws(StoreError) -> VersionComparison {
        // The first prompt moved by 2, the others stayed.
        let prompts = (1...3).map { (id: Int) -> VersionComparison.Prompt in
            let shift = id == 1 ? 2.0 : 0
            return VersionComparison.Prompt(
                id: PromptID(Int64(id)), key: CutText(text), count: 4, otherCount: 4,
                distance: id == 1 ? 0.75 : 0.25, pValue: id == 1 ? 0.01 : 0.9, mean: Double(id),
                otherMean: Double(id) + shift,
                quantileShifts: VersionComparison.levels.map { $0 * shift })
        }
        return VersionComparison(isWhole: moved != nil, prompts: prompts, moved: moved)
    }

    func comparison(
        of run: RunOverview, snapshot first: Int64, with second: Int64
    ) async throws(StoreError) -> SnapshotComparison {
        let prompts = (1...3).map { (id: Int) -> SnapshotComparison.Prompt in
            SnapshotComparison.Prompt(
                id: PromptID(Int64(id)), key: CutText(text), count: id - 1, otherCount: 2,
                isSame: id == 3, distance: id == 1 ? nil : 0.5, mean: id == 1 ? nil : 1,
                otherMean: 1.5)
        }
        return SnapshotComparison(isWhole: true, prompts: prompts)
    }

    func history(of run: RunID, limit: Int) async throws(StoreError) -> [RunMoment] {
        [
            RunMoment(at: 1000, draws: 0, failures: 0, tokens: 0),
            RunMoment(at: 1060, draws: 120, failures: 0, tokens: 600),
            RunMoment(at: 1120, draws: 180, failures: 1, tokens: 900),
        ]
    }

    func source(of run: RunOverview) async throws(StoreError) -> ReportSource {
        ReportSource(
            run: text, state: "open", promptSet: text, policy: text, scorer: text,
            isSynthetic: true, runSpec: text, scoringSpec: text, samplingSHA256: "aa11",
            scoringSHA256: "bb22", policyFingerprint: text, scorerFingerprint: nil,
            submittedAt: "2026-11-30T00:00:00Z", madeAt: "2026-11-30T02:00:00Z", schemaVersion: 1,
            serverVersion: "15.1")
    }

    func sample(of run: RunOverview) async throws(StoreError) -> RunSample {
        try await check()
        return sampled?()
            ?? RunSample(
                isWhole: false,
                tables: [
                    RunSample.Table(isDegenerate: false, rewards: [0, 1, 2, 4]),
                    RunSample.Table(isDegenerate: true, rewards: [1, 1]),
                    RunSample.Table(isDegenerate: true, rewards: [3]),
                ],
                lengths: [
                    RunSample.Length(length: 3, reward: 0, isTruncated: false),
                    RunSample.Length(length: 9, reward: 4, isTruncated: true),
                ], isInTokens: true, readAt: "2026-11-30T01:02:03Z")
    }

    func degenerate(of run: RunOverview) async throws(StoreError) -> (count: Int, of: Int) {
        try await check()
        return isDegenerate?() ?? (2, 3)
    }

    func failures(of run: RunOverview) async throws(StoreError) -> FailureSample {
        try await check()
        let group = FailureReport(
            code: text, stage: "scoring", count: failureCount, prompts: 1,
            examples: [
                FailureReport.Example(
                    promptKey: text, kind: "draw", index: 3, message: CutText(text))
            ])
        return FailureSample(groups: [group], counted: failureCount)
    }

    func prompts(
        of run: RunOverview, _ query: PromptQuery
    ) async throws(StoreError) -> PromptListing {
        func row(_ id: Int64) -> PromptSummary {
            PromptSummary(
                id: PromptID(id), key: CutText(text), content: CutText(text), target: 4,
                rewards: PromptSummary.Rewards(
                    count: 4, mean: 0.5, deviation: 0.25, isDegenerate: false, effective: 2.5),
                failures: 1, quantiles: [0.25, 1], candidates: 5)
        }
        switch query {
        case .inOrder(let cursor, _):
            let first = (cursor?.rawValue ?? 0) + 1
            let last = min(Int64(prompts), first + Int64(PromptListing.rowsMax) - 1)
            guard first <= last else { return PromptListing(rows: [], next: nil) }
            return PromptListing(
                rows: (first...last).map(row),
                next: last < prompts ? .after(PromptID(last)) : nil)
        case .byKey(let key):
            return PromptListing(rows: [row(1)], next: .from(key: key + "~"))
        case .named(let ids, let filter):
            // Every second one passes a filter.
            let passing = ids.filter { filter.isOpen || $0.rawValue % 2 == 0 }
                .prefix(PromptListing.rowsMax)
            let places = passing.last.flatMap { ids.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            return PromptListing(
                rows: passing.map { row($0.rawValue) },
                next: places > 0 && places < ids.count ? .further(places) : nil)
        }
    }

    func ranks(
        of run: RunOverview, after cursor: PromptID?, limit: Int
    ) async throws(StoreError) -> [PromptRank] {
        try await check()
        let first = (cursor?.rawValue ?? 0) + 1
        let last = min(Int64(prompts), first + Int64(limit) - 1)
        guard first <= last else { return [] }
        return (first...last).map { id in
            PromptRank(
                id: PromptID(id), mean: Double(id * 7919 % 1_000_003),
                deviation: Double(id * 104_729 % 1_000_003),
                effective: Double(id * 31 % 1_009), failures: Int(id % 5),
                quantiles: id % 3 == 0 ? nil : 0...Double(id * 37 % 1_013))
        }
    }

    func prompt(_ id: PromptID, of run: RunOverview) async throws(StoreError) -> PromptDetail {
        guard id.rawValue <= prompts else { throw StoreError(.conflict, "no such prompt") }
        let draws = [0, 1, 1, 4].enumerated().map { index, reward in
            ExamplePrompt.Draw(
                index: Int32(index), reward: Double(reward), isTruncated: index == 3)
        }
        return PromptDetail(
            id: id, key: text, content: CutText(text),
            distribution: ExamplePrompt(
                share: 0, key: text, id: id, content: CutText(text), target: 5,
                rewards: [0, 1, 1, 4], draws: draws,
                candidates: [
                    ExamplePrompt.Candidate(
                        index: 0, label: CutText(text), reward: 2, text: CutText(text))
                ]),
            unscored: [4],
            failures: [
                PromptDetail.Failure(
                    kind: "draw", index: 5, stage: "scoring", code: text, message: CutText(text))
            ], previous: PromptID(1), next: PromptID(3))
    }

    func completion(
        _ draw: Int32, of prompt: PromptID, in run: RunOverview, characters: Int
    ) async throws(StoreError) -> CompletionDetail {
        guard draw < 4 else { throw StoreError(.conflict, "no such draw") }
        let cut = text.unicodeScalars.prefix(characters)
        return CompletionDetail(
            draw: draw,
            text: CutText(
                String(String.UnicodeScalarView(cut)), characters: text.unicodeScalars.count),
            reward: 1, quantileReward: 0.75, logProbability: -12.5,
            tokenCount: Int32(max(3, tokens)), seed: 4711,
            milliseconds: 1200, worker: "w", landedAt: "2026-11-30T00:00:00Z",
            tokens: (0..<tokens).map { place in
                .init(id: Int32(5 + place), logProbability: place % 2 == 0 ? -0.05 : -3)
            })
    }

    func text(
        _ draw: Int32, of prompt: PromptID, in run: RunID, characters: Int
    ) async throws(StoreError) -> LongText {
        guard draw < 4 else { throw StoreError(.conflict, "no such draw") }
        let cut = text.unicodeScalars.prefix(characters)
        return LongText(
            run: run, prompt: prompt, draw: draw, characters: length ?? cut.count,
            bytes: length ?? String(String.UnicodeScalarView(cut)).utf8.count)
    }

    func part(
        of text: LongText, from: Int, characters: Int
    ) async throws(StoreError) -> String {
        try await check()
        guard length == nil else { return String(repeating: "x", count: characters) }
        let part = self.text.unicodeScalars.dropFirst(from).prefix(characters)
        return String(String.UnicodeScalarView(part))
    }

    func fleet() async throws(StoreError) -> FleetStatus {
        var report = FleetStatus.Worker.Report()
        (report.host, report.job, report.version) = (text, text, text)
        report.endpoints = Array(repeating: text, count: 6)
        (report.drawsPerSecond, report.tokensPerSecond, report.busyShare) = (12.25, 22_129, 0.875)
        return FleetStatus(
            coordinator: text, term: 3, leads: true, since: "2026-11-30T00:00:00Z",
            renewedAt: "2026-11-30T00:00:00Z", counts: [text: 3],
            workers: [
                FleetStatus.Worker(
                    id: "01234567-89ab", name: text, state: "idle", note: text,
                    seenAt: "2026-11-30T00:00:00Z", outages: [text], report: report)
            ])
    }

    func comparison(
        of first: RunOverview, with second: RunOverview
    ) async throws(StoreError) -> ScoringComparison {
        // The second scorer has the opposite order.
        let pairs = (0..<4).map { (draw: Int) -> ScoringComparison.Pair in
            let (up, down) = (Double(draw), Double(3 - draw))
            return ScoringComparison.Pair(
                prompt: PromptID(1), draw: Int32(draw), first: up, second: down,
                firstQuantile: (up + 1) / 4, secondQuantile: (down + 1) / 4)
        }
        return ScoringComparison(pairs: pairs)
    }
}
