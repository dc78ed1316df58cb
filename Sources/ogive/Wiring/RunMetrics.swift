internal import Logging
internal import Metrics
internal import OgiveCore
internal import OgiveStore

/// Publishes how far the open runs are, as the database knows it, while this coordinator leads.
///
/// It asks every few seconds and more rarely where the answer takes long, so that it has at most a
/// twentieth of one connection's time. Tables are looked at a few at a time, in passes.
struct RunMetrics: Sendable {
    let store: PostgresStore
    let metrics: any MetricsFactory
    let logger: Logger

    /// How often the database is asked.
    private static let period = Duration.seconds(5)
    /// The longest share of the time that the questions may take, as its inverse.
    private static let rarity = 20
    /// How long the last numbers of a run that is closed stay.
    private static let lingering = Duration.seconds(600)
    /// Most runs that are shown.
    private static let runsMax = 64
    /// Most prompts whose tables are looked at in a period.
    private static let span: Int64 = 2_000

    /// Publishes until the task is cancelled.
    func run() async throws {
        var shown: [String: ShownRun] = [:]
        let begun = ContinuousClock.now
        while true {
            let asked = ContinuousClock.now
            do throws(StoreError) {
                try await look(&shown, at: asked - begun)
            } catch {
                logger.debug("no metrics of runs", metadata: ["reason": "\(error.message)"])
            }
            let took = ContinuousClock.now - asked
            try await ContinuousClock().sleep(for: max(Self.period, took * Self.rarity))
        }
    }

    private func look(
        _ shown: inout [String: ShownRun], at time: Duration
    ) async throws(StoreError) {
        let open = try await store.openStatus(most: Self.runsMax)
        for status in open {
            var run = shown[status.run] ?? ShownRun()
            run.closedAt = nil
            run.tables.add(
                try await store.census(of: status, after: run.tables.cursor, span: Self.span))
            publish(status, &run, at: time)
            shown[status.run] = run
        }
        let names = Set(open.map(\.run))
        for (name, former) in shown where !names.contains(name) {
            shown[name] = try await closed(name, former, at: time)
        }
    }

    /// Shows how a run ended, and forgets it after a while.
    private func closed(
        _ name: String, _ run: ShownRun, at time: Duration
    ) async throws(StoreError) -> ShownRun? {
        var run = run
        guard let closedAt = run.closedAt else {
            run.closedAt = time
            do throws(StoreError) {
                for status in try await store.status(ofRun: name) {
                    publish(status, &run, at: time)
                }
                return run
            } catch {
                // It was dropped.
                guard error.code == .conflict else { throw error }
                return forget(name)
            }
        }
        return time - closedAt < Self.lingering ? run : forget(name)
    }

    private func publish(_ status: RunStatus, _ run: inout ShownRun, at time: Duration) {
        let name = status.run
        run.rates.add(RunMonitor.snapshot(status), at: time)
        set(.runDraws, name, "landed", Double(status.landed))
        set(.runDraws, name, "failed", Double(status.failures))
        set(.runDraws, name, "pending", Double(status.pending))
        let candidates = status.targetCandidates
        set(.runCandidates, name, "landed", Double(status.landedCandidates))
        set(.runCandidates, name, "failed", Double(status.candidateFailures))
        let left = candidates - status.landedCandidates - status.candidateFailures
        set(.runCandidates, name, "pending", Double(max(0, left)))
        set(.runTruncated, name, nil, Double(status.truncated))
        set(.runTokens, name, nil, Double(status.spending.tokens))
        set(.runCost, name, nil, status.spending.cost)
        let remaining = status.isClosed ? Duration.zero : run.rates.remaining
        set(.runRemaining, name, nil, remaining.map { $0 / .seconds(1) })
        for stage in SlotWait.Stage.allCases where status.slotTime.total(stage) > 0 {
            let (total, busy) = (status.slotTime.total(stage), status.slotTime.busy(stage))
            set(.runSlotTime, name, "busy", Double(busy) / 1000, stage: stage)
            set(.runSlotTime, name, "idle", Double(total - busy) / 1000, stage: stage)
        }
        set(.runTables, name, "degenerate", Double(run.tables.shown.degenerate))
        set(.runTables, name, "distinct", Double(run.tables.shown.distinct))
    }

    private func forget(_ name: String) -> ShownRun? {
        for metric: Metric in [.runTruncated, .runTokens, .runCost, .runRemaining] {
            set(metric, name, nil, nil)
        }
        for metric: Metric in [.runDraws, .runCandidates] {
            for state in ["landed", "failed", "pending"] { set(metric, name, state, nil) }
        }
        for state in ["degenerate", "distinct"] { set(.runTables, name, state, nil) }
        for stage in SlotWait.Stage.allCases {
            for state in ["busy", "idle"] { set(.runSlotTime, name, state, nil, stage: stage) }
        }
        return nil
    }

    /// Shows a number, or none.
    private func set(
        _ metric: Metric, _ run: String, _ state: String?, _ value: Double?,
        stage: SlotWait.Stage? = nil
    ) {
        let dimensions =
            [("run", run)] + (stage.map { [("stage", $0.rawValue)] } ?? [])
            + (state.map { [("state", $0)] } ?? [])
        let meter = Meter(label: metric.name, dimensions: dimensions, factory: metrics)
        if let value { meter.set(value) } else { meter.destroy() }
    }
}

/// What is remembered of a run between two looks.
private struct ShownRun {
    var rates = RateEstimator()
    var tables = TablePass()
    /// Since when it is closed, as far as that was seen.
    var closedAt: Duration?
}

/// A look at all tables of a run, some at a time, again and again.
struct TablePass: Sendable {
    /// Tables that were looked at.
    struct Count: Hashable, Sendable {
        /// Those whose rewards are all equal.
        var degenerate = 0
        /// All others.
        var distinct = 0
    }

    /// The last prompt of this pass.
    private(set) var cursor: PromptID?
    /// What is shown: the last whole pass or, before there is one, this one so far.
    private(set) var shown = Count()
    private var current = Count()
    private var isFirst = true

    /// Adds what was found after the cursor; nothing there is the end of the pass.
    mutating func add(_ page: TableCensus) {
        current.degenerate += page.degenerate
        current.distinct += page.tables - page.degenerate
        cursor = page.last
        if isFirst || page.last == nil { shown = current }
        guard page.last == nil else { return }
        isFirst = isFirst && current == Count()
        current = Count()
    }
}
