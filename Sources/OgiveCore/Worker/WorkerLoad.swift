/// What a slot of a stage waits for. Together they say which side holds up the work.
package struct SlotWait: Hashable, Sendable {
    /// The stages that have slots.
    package enum Stage: String, CaseIterable, Sendable {
        case sample, score
    }

    /// The sides that a slot may wait for.
    package enum Side: String, CaseIterable, Sendable {
        /// The policy's servers.
        case policy
        /// The scorer.
        case scorer
        /// The coordinator: it does not answer, has not granted yet, or does not acknowledge.
        case coordinator
        /// Nothing: there is no work.
        case nothing
    }

    /// The stage of the slot.
    package let stage: Stage
    /// What it waits for.
    package let side: Side

    /// Joins both.
    package init(stage: Stage, side: Side) {
        self.stage = stage
        self.side = side
    }

    /// All that there are.
    package static let all = Stage.allCases.flatMap { stage in
        Side.allCases.map { SlotWait(stage: stage, side: $0) }
    }

    /// Whether the slot is busy: its stage's own model works for it.
    package var isBusy: Bool {
        switch stage {
        case .sample: side == .policy
        case .score: side == .scorer
        }
    }

    /// The place in `all`.
    fileprivate var index: Int {
        let side =
            switch side {
            case .policy: 0
            case .scorer: 1
            case .coordinator: 2
            case .nothing: 3
            }
        return stage == .sample ? side : side + 4
    }
}

/// How long slots waited for what: the time of all slots together, in milliseconds.
package struct SlotTime: Hashable, Sendable {
    /// One entry for each of `SlotWait.all`, at least 0.
    private var entries: [Int]

    /// The longest time of one entry: 10 million slots for about 28 years.
    package static let most = 1 << 53

    /// No time at all.
    package init() {
        entries = Array(repeating: 0, count: SlotWait.all.count)
    }

    /// The milliseconds that slots waited for something; from 0 to `most`.
    package subscript(wait: SlotWait) -> Int {
        get { entries[wait.index] }
        set { entries[wait.index] = min(max(0, newValue), Self.most) }
    }

    /// All time of the slots of a stage; `nil` for those of both.
    package func total(_ stage: SlotWait.Stage? = nil) -> Int {
        sum { stage == nil || $0.stage == stage }
    }

    /// The time in which slots of a stage were busy; `nil` for those of both.
    package func busy(_ stage: SlotWait.Stage? = nil) -> Int {
        sum { $0.isBusy && (stage == nil || $0.stage == stage) }
    }

    /// The share of the time that slots were busy; `nil` when there is no time.
    package func busyShare(_ stage: SlotWait.Stage? = nil) -> Double? {
        let total = total(stage)
        return total > 0 ? Double(busy(stage)) / Double(total) : nil
    }

    /// The share of the time of a stage's slots that they waited for a side; `nil` when there is no
    /// time.
    package func share(_ stage: SlotWait.Stage, _ side: SlotWait.Side) -> Double? {
        let total = total(stage)
        return total > 0
            ? Double(self[SlotWait(stage: stage, side: side)]) / Double(total) : nil
    }

    /// The share of the time of all slots that they waited for a side; `nil` when there is no time.
    package func share(_ side: SlotWait.Side) -> Double? {
        let total = total()
        return total > 0 ? Double(sum { $0.side == side }) / Double(total) : nil
    }

    /// Whether there is no time.
    package var isEmpty: Bool { entries.allSatisfy { $0 == 0 } }

    private func sum(_ isMeant: (SlotWait) -> Bool) -> Int {
        SlotWait.all.reduce(0) { isMeant($1) ? $0 + self[$1] : $0 }
    }

    /// What came since `former`; an entry that shrank counts as none.
    package func since(_ former: SlotTime) -> SlotTime {
        var difference = SlotTime()
        for wait in SlotWait.all { difference[wait] = self[wait] - former[wait] }
        return difference
    }

    /// The same shares of at most so many milliseconds of each stage.
    func bounded(to most: [SlotWait.Stage: Int]) -> SlotTime {
        var bounded = self
        for (stage, most) in most {
            let total = total(stage)
            guard total > most else { continue }
            for wait in SlotWait.all where wait.stage == stage {
                bounded[wait] =
                    total.dividingFullWidth(
                        self[wait].multipliedFullWidth(by: max(0, most))
                    ).quotient
            }
        }
        return bounded
    }

    /// Its part `numerator / denominator`, rounded down.
    func part(_ numerator: Int, of denominator: Int) -> SlotTime {
        var part = SlotTime()
        for wait in SlotWait.all {
            let scaled = self[wait].multipliedFullWidth(by: numerator)
            part[wait] = denominator.dividingFullWidth(scaled).quotient
        }
        return part
    }

    /// The sum of both.
    package static func + (left: SlotTime, right: SlotTime) -> SlotTime {
        var sum = left
        for wait in SlotWait.all { sum[wait] += right[wait] }
        return sum
    }
}

/// What a worker did and what its slots waited for since it began. It is for people; only how many
/// leases may wait in a worker at the end of a run follows from it.
package struct WorkerLoad: Hashable, Sendable {
    /// Tasks that it can sample at once.
    package var sampleSlots = 0
    /// Batches that it can score at once.
    package var scoreSlots = 0
    /// Draws whose results were acknowledged.
    package var draws = 0
    /// Tokens of their completions, where the servers report them.
    package var tokens = 0
    /// The time of its slots.
    package var slotTime = SlotTime()

    /// Most slots of a stage.
    package static let slotsMax = 1 << 20

    /// Nothing yet.
    package init() {}

    /// What came since `former`, with the slots as they are now.
    func since(_ former: WorkerLoad) -> WorkerLoad {
        var difference = self
        difference.draws = max(0, draws - former.draws)
        difference.tokens = max(0, tokens - former.tokens)
        difference.slotTime = slotTime.since(former.slotTime)
        return difference
    }
}

/// Where a worker runs and which servers it uses, for people.
package struct WorkerSite: Hashable, Sendable {
    /// The host.
    package var host: String
    /// The job of a batch system that it is part of; empty outside of one.
    package var job: String
    /// The addresses of its servers, without passwords.
    package var endpoints: [String]

    /// Most addresses; those beyond are left out.
    package static let endpointsMax = 64

    /// Joins the parts.
    package init(host: String = "", job: String = "", endpoints: [String] = []) {
        self.host = host
        self.job = job
        self.endpoints = endpoints
    }

    /// The same with texts of at most so many bytes together.
    func bounded(toBytes bytesMax: Int) -> WorkerSite {
        var bounded = WorkerSite(host: host.cut(toBytes: 1_024), job: job.cut(toBytes: 1_024))
        var bytes = 0
        for endpoint in endpoints.prefix(Self.endpointsMax) {
            bytes += endpoint.utf8.count
            guard bytes <= bytesMax else { break }
            bounded.endpoints.append(endpoint)
        }
        return bounded
    }
}
