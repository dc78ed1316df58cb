internal import OgiveCore

/// Sorted lists of a run's prompts: the first ones of each order, found in one pass over all tables
/// that goes a page at a time and rests in between, so that it costs a run next to nothing.
actor PromptRanking {
    /// Most prompts of a list.
    static let topMax = PromptListing.namedMax
    /// Most prompts of a step, and of the first one, which a reader waits for; fewer of large
    /// tables.
    static let stepMax = 4000
    static let firstMax = 1000
    /// Most runs that are remembered.
    static let runsMax = 8
    /// How much longer than a step a pass rests after it: while a run goes on, it takes less than a
    /// hundredth of one processor.
    static let rest = 9
    static let openRest = 199
    /// After so long a list of an open run is made anew.
    static let ageMax = Duration.seconds(60)

    /// How far a pass is.
    struct Progress: Hashable, Sendable {
        var seen = 0
        var isDone = false
    }

    private struct Pass {
        var cursor: PromptID?
        var progress = Progress()
        var tops: [PromptsPage.Request.Order: TopList] = [:]
    }

    private struct State {
        var shown: Pass
        var current: Pass?
        var begun: ContinuousClock.Instant
        var landed: Int
    }

    private let reader: any DashboardReader
    private var states: [RunID: State] = [:]
    private let firstSteps = SharedReads<RunID, Bool>()
    nonisolated let requests: AsyncStream<RunOverview>
    private let asked: AsyncStream<RunOverview>.Continuation

    init(_ reader: any DashboardReader) {
        self.reader = reader
        (requests, asked) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.runsMax))
    }

    /// The prompts of a sorted list from a place on, and how far the list is.
    func page(
        _ run: RunOverview, _ order: PromptsPage.Request.Order, from: Int
    ) async throws(StoreError) -> ([PromptID], Progress) {
        if states[run.id] == nil {
            _ = try await firstSteps.value(run.id) { () throws(StoreError) -> Bool in
                try await begin(run)
                return true
            }
        }
        guard var state = states[run.id] else { return ([], Progress()) }
        if state.current == nil, state.landed != run.counts.landed,
            ContinuousClock.now - state.begun > Self.ageMax
        {
            state.current = Pass()
            state.begun = .now
            state.landed = run.counts.landed
            states[run.id] = state
            asked.yield(run)
        }
        let list = state.shown.tops[order]?.entries ?? []
        return (list.dropFirst(from).map(\.id), state.shown.progress)
    }

    /// How many wait for the first step of a pass that somebody else asked for.
    var waiters: Int { firstSteps.waiters }

    private func begin(_ run: RunOverview) async throws(StoreError) {
        var pass = Pass()
        try await step(&pass, run, Self.firstMax)
        if states.count >= Self.runsMax,
            let oldest = states.min(by: { $0.value.begun < $1.value.begun })
        {
            states[oldest.key] = nil
        }
        states[run.id] = State(
            shown: pass, current: pass.progress.isDone ? nil : pass, begun: .now,
            landed: run.counts.landed)
        if !pass.progress.isDone { asked.yield(run) }
    }

    /// Goes on with the passes that readers asked for, until the task is cancelled.
    func work(_ rest: @Sendable (Duration) async throws -> Void) async throws {
        for await run in requests {
            while var pass = states[run.id]?.current {
                let begun = ContinuousClock.now
                do throws(StoreError) {
                    try await step(&pass, run, Self.stepMax)
                } catch {
                    // The next reader begins again.
                    states[run.id] = nil
                    break
                }
                guard var state = states[run.id] else { break }
                // A first pass is shown as it goes, a later one when it is whole.
                if pass.progress.isDone || !state.shown.progress.isDone { state.shown = pass }
                state.current = pass.progress.isDone ? nil : pass
                states[run.id] = state
                try await rest(
                    (ContinuousClock.now - begun) * (run.isOpen ? Self.openRest : Self.rest))
            }
        }
    }

    private func step(
        _ pass: inout Pass, _ run: RunOverview, _ limit: Int
    ) async throws(StoreError) {
        let limit = PromptListing.fitting(limit, draws: run.counts.draws)
        let ranks = try await reader.ranks(of: run, after: pass.cursor, limit: limit)
        pass.cursor = ranks.last?.id ?? pass.cursor
        pass.progress.seen += ranks.count { $0.mean != nil }
        pass.progress.isDone = ranks.count < limit
        for order in PromptsPage.Request.Order.allCases {
            var top = pass.tops[order] ?? TopList()
            for rank in ranks {
                if let value = order.value(of: rank) { top.add(rank.id, value) }
            }
            pass.tops[order] = top
        }
    }
}

/// The prompts with the least values, ascending; of equal ones those that came first.
struct TopList: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var id: PromptID
        var value: Double
    }

    private(set) var entries: [Entry] = []

    mutating func add(_ id: PromptID, _ value: Double) {
        if entries.count == PromptRanking.topMax, let last = entries.last, value >= last.value {
            return
        }
        // The place behind all that are not greater.
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].value <= value { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(id: id, value: value), at: low)
        if entries.count > PromptRanking.topMax { entries.removeLast() }
    }
}
