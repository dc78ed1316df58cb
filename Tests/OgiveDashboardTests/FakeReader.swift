import OgiveCore

@testable import OgiveDashboard

/// A database with one run, in which all that comes from outside is `text`.
struct FakeReader: DashboardReader {
    var text = "plain"
    /// How many prompts there are.
    var prompts = 3
    /// What every call throws instead of answering.
    var error: StoreError?

    static let other = RunID(9)

    func overview(_ id: RunID = RunID(7)) -> RunOverview {
        var counts = ReportCounts()
        counts.prompts = prompts
        counts.draws = 4
        counts.targetDraws = 4 * prompts
        counts.sampled = 5
        counts.landed = 4
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

    private func check() throws(StoreError) {
        if let error { throw error }
    }

    func runs(before id: RunID?, limit: Int) async throws(StoreError) -> [RunOverview] {
        try check()
        return [overview()]
    }

    func run(_ id: RunID) async throws(StoreError) -> RunOverview {
        try check()
        guard id == RunID(7) else { throw StoreError(.conflict, "There is no run \(id.rawValue).") }
        return overview(id)
    }

    func siblings(of run: RunOverview) async throws(StoreError) -> [RunOverview] {
        [overview(Self.other)]
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
        RunSample(
            isWhole: false,
            tables: [
                RunSample.Table(isDegenerate: false, rewards: [0, 1, 2, 4]),
                RunSample.Table(isDegenerate: true, rewards: [1, 1]),
                RunSample.Table(isDegenerate: true, rewards: [3]),
            ],
            lengths: [
                RunSample.Length(length: 3, reward: 0, isTruncated: false),
                RunSample.Length(length: 9, reward: 4, isTruncated: true),
            ], isInTokens: true)
    }

    func degenerate(of run: RunOverview) async throws(StoreError) -> (count: Int, of: Int) {
        (2, 3)
    }

    func failures(of run: RunOverview) async throws(StoreError) -> [FailureReport] {
        [
            FailureReport(
                code: text, stage: "scoring", count: 1, prompts: 1,
                examples: [
                    FailureReport.Example(
                        promptKey: text, kind: "draw", index: 3, message: CutText(text))
                ])
        ]
    }

    func prompts(
        of run: RunOverview, _ query: PromptQuery
    ) async throws(StoreError) -> PromptListing {
        func row(_ id: Int64) -> PromptSummary {
            PromptSummary(
                id: PromptID(id), key: CutText(text), content: CutText(text), target: 4,
                rewards: PromptSummary.Rewards(
                    count: 4, mean: 0.5, deviation: 0.25, isDegenerate: false), failures: 1)
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
        case .named(let ids): return PromptListing(rows: ids.map { row($0.rawValue) }, next: nil)
        }
    }

    func ranks(
        of run: RunOverview, after cursor: PromptID?, limit: Int
    ) async throws(StoreError) -> [PromptRank] {
        let first = (cursor?.rawValue ?? 0) + 1
        let last = min(Int64(prompts), first + Int64(limit) - 1)
        guard first <= last else { return [] }
        return (first...last).map { id in
            PromptRank(
                id: PromptID(id), mean: Double(id * 7919 % 1_000_003),
                deviation: Double(id * 104_729 % 1_000_003))
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
            reward: 1, quantileReward: 0.75, logProbability: -12.5, tokenCount: 3, seed: 4711,
            milliseconds: 1200, worker: "w", landedAt: "2026-11-30T00:00:00Z",
            tokens: [.init(id: 5, logProbability: -0.1), .init(id: 6, logProbability: -3)])
    }

    func fleet() async throws(StoreError) -> FleetStatus {
        FleetStatus(
            coordinator: text, term: 3, leads: true, since: "2026-11-30T00:00:00Z",
            renewedAt: "2026-11-30T00:00:00Z", counts: [text: 3],
            workers: [
                FleetStatus.Worker(
                    id: "01234567-89ab", name: text, state: "idle", note: text,
                    seenAt: "2026-11-30T00:00:00Z", outages: [text])
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
