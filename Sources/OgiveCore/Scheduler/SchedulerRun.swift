internal import DequeModule

/// An open run.
struct SchedulerRun {
    enum Binding: Hashable {
        case unbound
        case asked
        case bound
    }

    enum Paging: Hashable {
        /// The next page may be asked for.
        case idle
        /// A page is on its way.
        case fetching
        /// The last page was read; what is left is in memory.
        case exhausted
        /// The database is asked whether anything is left.
        case finishing
    }

    private var described: Apart<RunDescription>
    /// The identity of its sampling, from which seeds follow.
    let sampling: SHA256Digest
    /// Whether its seeds have 64 bits and not 32.
    let hasWideSeeds: Bool
    /// How many tokens its results can have taken.
    let tokenBounds: TokenBounds
    /// How many parts its rewards have; 0 unless they are weighted sums.
    let partCount: Int
    var binding: Binding
    /// Whose fingerprints the database was asked to bind last.
    var binder: WorkerID?
    var paging = Paging.idle
    /// The last prompt of the pages read so far.
    var cursor: PromptID?
    /// Whether no page was read yet: the first one need not begin where everything is done. From
    /// then on every prompt is looked at before the run can end.
    var isNew = true
    /// The page on its way was asked for before the run was to be paged anew.
    var rewindsNext = false
    /// Whether its budget was spent when that was last looked at: since then only begun prompts
    /// are paged.
    var wasExhausted = false
    /// Whether the page on its way names begun prompts only.
    var fetchesBegun = false
    /// Nothing is asked of the database before this.
    var notBefore = TimePoint.zero
    /// What the database does not do for it; nil when the last call went well.
    var trouble: Trouble?
    /// Tasks to be granted, in order.
    var ready = Deque<TaskID>()
    /// Tasks whose workers were lost or too slow again and again: each is granted alone.
    var suspects = Deque<TaskID>()
    /// Items in memory by prompt: a page must not bring them a second time.
    var active: [PromptID: ItemNames] = [:]
    /// Number of items in memory.
    var activeItems = 0
    /// Tasks in memory by prompt.
    var tasks: [PromptID: [TaskID]] = [:]
    /// Prompts of which a task was granted, or which the database says were begun: each gets all
    /// of its draws, whatever is spent.
    var begun: Set<PromptID> = []
    /// Items that were resolved while a page was on its way: the page may still name them.
    var resolvedWhileFetching: [PromptID: Set<ItemName>] = [:]
    /// Virtual time of weighted sharing: slot time of the items granted, over weight.
    var pass = 0.0
    /// How long its draws keep a slot.
    var slotTime = SlotTimeMean()

    /// Calls that failed, one after the other.
    struct Trouble {
        /// How many of them the database refused for good.
        var refusals = 0
        /// When the operator was notified.
        var noticedAt: TimePoint
    }

    init(_ description: RunDescription) {
        described = Apart(description)
        sampling = description.spec.scoring.sampling.digest
        hasWideSeeds = description.spec.scoring.sampling.parameters.seedBits != nil
        tokenBounds = TokenBounds(description.spec)
        partCount = description.spec.scoring.scorer.parts.count
        binding = description.isBound ? .bound : .unbound
    }

    /// Its number.
    var id: RunID { described.value.id }

    /// What the database says of it.
    var description: RunDescription {
        get { described.value }
        _modify { yield &described.value }
    }

    /// Whether its budget is spent.
    var isExhausted: Bool { description.spec.isExhausted(by: description.spent) }

    /// How many more items may wait for a worker, if each task that does had all of its draws.
    /// What is leased does not count: a large fleet would leave nothing to be read ahead.
    func room(_ limits: SchedulerLimits) -> Int {
        limits.windowItems - (ready.count + suspects.count) * limits.drawsPerTask
    }

    /// Whether all that is left of it is in memory.
    var isEnding: Bool { paging == .exhausted || paging == .finishing }

    /// Tasks that wait to be granted, when no others will come and messages take no time beside
    /// what a draw takes; otherwise `nil`.
    func readyAtTheEnd(_ limits: SchedulerLimits) -> Int? {
        guard isEnding, slotTime.seconds ?? 0 >= limits.longDraw / .seconds(1) else { return nil }
        return ready.count
    }

    /// Whether so few items wait that the next page is to be read.
    func isRunningLow(_ limits: SchedulerLimits) -> Bool {
        room(limits) > limits.windowItems / 2
    }

    /// Whether it may be time to ask the database something, looked at for each event.
    func mayNeed(_ limits: SchedulerLimits) -> Bool {
        switch paging {
        case .idle: isRunningLow(limits)
        case .exhausted: tasks.isEmpty
        case .fetching, .finishing: false
        }
    }

    /// Whether an item belongs to the run.
    func wants(_ name: ItemName) -> Bool {
        let spec = description.spec
        return spec.asksFor(name.kind) && name.index >= 0
            && (name.kind != .draw || Int(name.index) < spec.draws)
    }

    /// Counts a grant of items of a prompt, in units of the time that an item keeps a slot on the
    /// mean of all runs.
    mutating func begin(_ prompt: PromptID, items: Int, unit: SlotTimeMean) {
        begun.insert(prompt)
        pass += Double(items) * slotTime.ratio(to: unit) / description.spec.weight
    }

    /// Of a prompt of a page, the items that are neither in memory nor were resolved meanwhile.
    private func news(_ pending: PendingPrompt) -> [WorkItem] {
        let known = active[pending.prompt.id]
        let resolved = resolvedWhileFetching[pending.prompt.id]
        guard known != nil || resolved != nil else { return pending.items }
        return pending.items.filter {
            known?.contains($0.name) != true && resolved?.contains($0.name) != true
        }
    }

    /// Takes in a prompt of a page; answers with the items that are news.
    mutating func take(_ pending: PendingPrompt) -> [WorkItem] {
        let items = news(pending)
        guard !items.isEmpty else { return [] }
        activate(items.map(\.name), of: pending.prompt.id)
        if fetchesBegun { begun.insert(pending.prompt.id) }
        return items
    }

    mutating func activate(_ names: [ItemName], of prompt: PromptID) {
        activeItems += Self.add(names, to: &active[prompt, default: ItemNames()])
    }

    /// Answers with how many were not there.
    private static func add(_ names: [ItemName], to known: inout ItemNames) -> Int {
        let before = known.count
        known.formUnion(names)
        return known.count - before
    }

    /// Forgets items; when they are `resolved`, a page on its way must not bring them back.
    mutating func deactivate(_ names: [ItemName], of prompt: PromptID, resolved: Bool) {
        // In place: a copy beside the original would be one of the whole set.
        guard let place = active.index(forKey: prompt) else { return }
        let before = active.values[place].count
        active.values[place].subtract(names)
        activeItems -= before - active.values[place].count
        if active.values[place].isEmpty {
            active.remove(at: place)
            begun.remove(prompt)
        }
        if resolved, paging == .fetching {
            resolvedWhileFetching[prompt, default: []].formUnion(names)
        }
    }

    /// A task is not in memory any more.
    mutating func forget(_ id: TaskID, of prompt: PromptID) {
        guard let place = tasks.index(forKey: prompt) else { return }
        tasks.values[place].removeAll { $0 == id }
        if tasks.values[place].isEmpty { tasks.remove(at: place) }
    }

    /// Takes a task out of the queues.
    mutating func unqueue(_ id: TaskID) {
        ready.removeAll { $0 == id }
        suspects.removeAll { $0 == id }
    }

    /// A page was read: goes on behind it, unless the run is to be paged anew.
    mutating func turn(to next: PromptID?) {
        resolvedWhileFetching = [:]
        isNew = false
        cursor = rewindsNext ? nil : next
        paging = next == nil && !rewindsNext ? .exhausted : .idle
        rewindsNext = false
    }

    /// Pages anew when the budget was spent meanwhile, or raised: then other prompts are paged.
    mutating func noteWhetherExhausted() {
        guard wasExhausted != isExhausted else { return }
        wasExhausted = isExhausted
        rewind()
    }

    /// Begins to page from the first prompt.
    mutating func rewind() {
        cursor = nil
        isNew = false
        if paging == .fetching { rewindsNext = true } else { paging = .idle }
    }
}
