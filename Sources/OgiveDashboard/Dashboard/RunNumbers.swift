internal import OgiveCore

/// The numbers of a run that change while it goes on, as pages and live updates show them.
struct RunNumbers: Sendable {
    let run: RunOverview
    let rate: RunRate?

    /// A number that changes, under the name by which updates find it.
    enum Name: String, CaseIterable {
        case state, progress, share, landed, failures, failed, truncated, rate, tokens, left
        case pending, mean
    }

    /// The text of a number.
    func text(_ name: Name) -> String {
        let counts = run.counts
        switch name {
        case .state: return run.source.state
        case .progress: return "\(min(run.done, counts.targetDraws))"
        case .share: return NumberLabel.share(run.done, of: counts.targetDraws)
        case .landed: return NumberLabel.count(counts.landed)
        case .failures: return NumberLabel.count(counts.failures)
        case .failed: return NumberLabel.share(counts.failures, of: counts.targetDraws)
        case .truncated: return NumberLabel.share(counts.truncated, of: counts.sampled)
        case .pending: return NumberLabel.count(counts.pending)
        case .mean: return run.meanReward.map { NumberLabel.value($0, digits: 3) } ?? "–"
        case .rate:
            guard run.isOpen else { return "–" }
            return rate.map { NumberLabel.value($0.draws, digits: 3) } ?? "…"
        case .tokens:
            guard run.isOpen else { return "–" }
            return rate.map { NumberLabel.value($0.tokens, digits: 3) } ?? "…"
        case .left:
            guard run.isOpen else { return "–" }
            guard let rate else { return "…" }
            guard rate.draws > 0 else { return "stalled" }
            return TimeLabel.text(Double(counts.pending) / rate.draws)
        }
    }

    private func key(_ name: Name) -> String { "r\(run.id.rawValue).\(name.rawValue)" }

    /// All of them, by the names that stand in the page.
    var all: [String: String] {
        Dictionary(uniqueKeysWithValues: Name.allCases.map { (key($0), text($0)) })
    }

    /// A number in its place in a page.
    func markup(_ name: Name) -> Markup {
        Markup("span", [Attribute("data-number", key(name))], text(name))
    }

    /// The bar.
    var bar: Markup {
        Markup(
            "progress",
            [
                Attribute("max", "\(max(1, run.counts.targetDraws))"),
                Attribute("value", text(.progress)),
                Attribute("data-number", key(.progress)),
                Attribute("aria-label", "Progress of run \(OutsideText.plain(run.source.run))"),
            ])
    }
}

/// How fast a run goes.
struct RunRate: Hashable, Sendable {
    /// Draws that are done, in a second.
    var draws: Double
    /// Tokens of completions, in a second.
    var tokens: Double
}

/// Spans of time.
enum TimeLabel {
    /// A time in its two largest units: `3 min 20 s`.
    static func text(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "–" }
        let whole = Int(seconds.rounded(.up))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(NumberLabel.count(days)) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
    }
}

/// What the dashboard saw of runs a moment ago, so that it can say how fast they go, and so that
/// many who look at the same cost the database no more than one. Bounded.
actor RunWatcher {
    /// What was read, and when.
    private struct Known<Value: Sendable>: Sendable {
        let at: ContinuousClock.Instant
        /// Draws that had landed, or failures that were counted, then.
        let count: Int
        let value: Value
        /// How long it took to read.
        var taken = Duration.zero
    }

    private struct Look {
        let at: ContinuousClock.Instant
        let done: Int
        let tokens: Int
    }

    /// Of some tables, how many have equal rewards only.
    private struct Share: Sendable {
        let count: Int
        let of: Int
    }

    /// Most runs and most looks at each that are kept.
    static let runsMax = 64
    static let looksMax = 40
    /// How far back a rate reaches, and how far at least.
    static let window = Duration.seconds(30)
    static let spanLeast = Duration.seconds(2)
    /// For so long an answer of the database serves all who ask.
    static let freshness = Duration.milliseconds(1500)
    /// For so long tables that were read are shown of a run that goes on. Where reading them takes
    /// long, it is longer: so many times as long, up to a bound.
    static let sampleFreshness = Duration.seconds(15)
    static let sampleRest = 199
    static let sampleFreshnessMax = Duration.seconds(120)
    /// Most runs whose tables are kept.
    static let samplesMax = 4

    private let reader: any DashboardReader
    private let now: @Sendable () -> ContinuousClock.Instant
    private var looks: [RunID: [Look]] = [:]
    private var list: Known<[RunOverview]>?
    private var single: [RunID: Known<RunOverview>] = [:]
    private var shares: [RunID: Known<Share>] = [:]
    private var samples: [RunID: Known<SampleReport>] = [:]
    private var failed: [RunID: Known<FailureSample>] = [:]
    private let listReads = SharedReads<Bool, [RunOverview]>()
    private let singleReads = SharedReads<RunID, RunOverview>()
    private let shareReads = SharedReads<RunID, Share>()
    private let sampleReads = SharedReads<RunID, SampleReport>()
    private let failureReads = SharedReads<RunID, FailureSample>()

    init(
        _ reader: any DashboardReader,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.reader = reader
        self.now = now
    }

    /// How many wait for what is being read for somebody else.
    var waiters: Int {
        listReads.waiters + singleReads.waiters + shareReads.waiters + sampleReads.waiters
            + failureReads.waiters
    }

    /// The latest runs, from a moment ago at most.
    func latest() async throws(StoreError) -> [RunNumbers] {
        if let list, now() - list.at < Self.freshness { return list.value.map(numbers) }
        let runs = try await listReads.value(true) { () throws(StoreError) -> [RunOverview] in
            let runs = try await reader.runs(before: nil, limit: RunsPage.rowsMax + 1)
            list = Known(at: now(), count: 0, value: runs)
            for run in runs { note(run) }
            return runs
        }
        return runs.map(numbers)
    }

    /// A run, from a moment ago at most.
    func run(_ id: RunID) async throws(StoreError) -> RunNumbers {
        if let known = single[id], now() - known.at < Self.freshness {
            return numbers(known.value)
        }
        let run = try await singleReads.value(id) { () throws(StoreError) -> RunOverview in
            let run = try await reader.run(id)
            keep(run, of: run, run.counts.landed, in: &single, most: Self.runsMax)
            note(run)
            return run
        }
        return numbers(run)
    }

    /// Of some tables of a run, how many have equal rewards only: asked again when more has landed.
    func degenerate(of run: RunOverview) async throws(StoreError) -> (count: Int, of: Int) {
        if let known = shares[run.id], isFresh(known, run),
            known.value.of > 0 || run.counts.landed == 0
        {
            return (known.value.count, known.value.of)
        }
        let share = try await shareReads.value(run.id) { () throws(StoreError) -> Share in
            let (count, all) = try await reader.degenerate(of: run)
            let share = Share(count: count, of: all)
            // As below: there are tables, and they were not there when this was read.
            guard share.of > 0 || run.counts.landed == 0 else { return share }
            keep(share, of: run, run.counts.landed, in: &shares, most: Self.runsMax)
            return share
        }
        return (share.count, share.of)
    }

    /// What some tables of a run say: read again when more has landed. One without tables is no
    /// answer once draws have landed, and is not kept.
    func sample(of run: RunOverview) async throws(StoreError) -> SampleReport {
        if let known = samples[run.id], isFresh(known, run),
            !known.value.isEmpty || run.counts.landed == 0
        {
            return known.value
        }
        return try await sampleReads.value(run.id) { () throws(StoreError) -> SampleReport in
            let begun = now()
            let report = SampleReport(sample: try await reader.sample(of: run))
            guard !report.isEmpty || run.counts.landed == 0 else { return report }
            keep(
                report, of: run, run.counts.landed, in: &samples, most: Self.samplesMax,
                taken: now() - begun)
            return report
        }
    }

    /// What was given up in a run: read again when more was, and now and then.
    func failures(of run: RunOverview) async throws(StoreError) -> FailureSample {
        let counts = run.counts
        let count =
            counts.failures + counts.candidateFailures + counts.logProbabilityFailures
        if let known = failed[run.id], known.count == count,
            now() - known.at < Self.sampleFreshness
        {
            return known.value
        }
        return try await failureReads.value(run.id) { () throws(StoreError) -> FailureSample in
            let sample = try await reader.failures(of: run)
            keep(sample, of: run, count, in: &failed, most: Self.runsMax)
            return sample
        }
    }

    private func keep<Value>(
        _ value: Value, of run: RunOverview, _ count: Int, in all: inout [RunID: Known<Value>],
        most: Int, taken: Duration = .zero
    ) {
        if all.count >= most, all[run.id] == nil { all = [:] }
        all[run.id] = Known(at: now(), count: count, value: value, taken: taken)
    }

    /// Whether what was read when `landed` draws had landed will do.
    private func isFresh<Value>(_ known: Known<Value>, _ run: RunOverview) -> Bool {
        let rest = min(
            max(known.taken * Self.sampleRest, Self.sampleFreshness), Self.sampleFreshnessMax)
        return known.count == run.counts.landed || now() - known.at < rest
    }

    private func note(_ run: RunOverview) {
        let now = now()
        if looks.count >= Self.runsMax, looks[run.id] == nil {
            // The one that nobody looked at for the longest time.
            let oldest = looks.min { ($0.value.last?.at ?? now) < ($1.value.last?.at ?? now) }
            if let oldest { looks[oldest.key] = nil }
        }
        var known = looks[run.id] ?? []
        if let last = known.last, last.done > run.done { known = [] }
        known.append(Look(at: now, done: run.done, tokens: run.counts.tokens))
        while known.count > 2, now - known[1].at >= Self.window { known.removeFirst() }
        if known.count > Self.looksMax { known.remove(at: 1) }
        looks[run.id] = known
    }

    private func numbers(_ run: RunOverview) -> RunNumbers {
        RunNumbers(run: run, rate: rate(run.id))
    }

    private func rate(_ id: RunID) -> RunRate? {
        guard let known = looks[id], let first = known.first, let last = known.last,
            last.at - first.at >= Self.spanLeast
        else { return nil }
        let seconds = (last.at - first.at) / .seconds(1)
        return RunRate(
            draws: Double(last.done - first.done) / seconds,
            tokens: Double(last.tokens - first.tokens) / seconds)
    }
}
