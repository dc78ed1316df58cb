internal import OgiveCore

/// What the database said of each item, remembered apart: it must never change.
struct OutcomeLedger: Sendable {
    typealias Resolution = SimulationOutcome.Resolution

    var resolved: [ScoringID: [MemoryDatabase.ItemKey: Resolution]] = [:]
    var texts: [SamplingID: [MemoryDatabase.ItemKey: String]] = [:]
    /// Items that were resolved at some time: a retry reopens those that failed.
    var everResolved: [ScoringID: Set<MemoryDatabase.ItemKey>] = [:]

    /// Compares what a batch touched with what was there. Answers with what is new, and what is
    /// wrong.
    mutating func compare(
        _ batch: LandingBatch, _ database: MemoryDatabase
    ) -> (fresh: [(run: RunDescription, key: MemoryDatabase.ItemKey)], wrong: [String]) {
        var fresh: [(run: RunDescription, key: MemoryDatabase.ItemKey)] = []
        var wrong: [String] = []
        for group in batch.groups {
            guard let run = database.runs[group.run]?.description else { continue }
            for item in group.items {
                let key = MemoryDatabase.ItemKey(group.prompt, item.name)
                wrong += compare(key, of: run, database)
                let table = database.table(of: key, run)
                let success =
                    table?.rewards[key].map(Resolution.reward)
                    ?? table?.logProbabilities[key].map { .logProbability($0.sum) }
                let failure = table?.failures[key]
                if success != nil, failure != nil { wrong.append("\(key) succeeded and failed") }
                let now: Resolution? =
                    success
                    ?? failure.map { .failure(attempt: $0.isGivenUp ? 0 : $0.attempts) }
                let owner = Self.owner(of: key, run)
                let before = resolved[owner]?[key]
                if before == nil, let now {
                    resolved[owner, default: [:]][key] = now
                    everResolved[owner, default: []].insert(key)
                    fresh.append((run, key))
                } else if before != now {
                    wrong.append("\(key) was resolved and changed")
                }
            }
        }
        return (fresh, wrong)
    }

    private mutating func compare(
        _ key: MemoryDatabase.ItemKey, of run: RunDescription, _ database: MemoryDatabase
    ) -> [String] {
        let before = texts[run.sampling]?[key]
        guard let now = database.completions[run.sampling]?[key]?.text else {
            return before == nil ? [] : ["the text of \(key) is gone"]
        }
        if before == nil { texts[run.sampling, default: [:]][key] = now }
        return before == nil || before == now ? [] : ["the text of \(key) changed"]
    }

    /// Under which number an item's outcome is remembered: log-probabilities are the sampling's,
    /// whose numbers are made negative here.
    static func owner(of key: MemoryDatabase.ItemKey, _ run: RunDescription) -> ScoringID {
        key.name.kind == .candidateLogProbability
            ? ScoringID(-run.sampling.rawValue) : run.scoring
    }

    /// Forgets failures: a person asked for them to be tried again.
    mutating func forgetFailures(of run: RunDescription) {
        for owner in [run.scoring, ScoringID(-run.sampling.rawValue)] {
            resolved[owner] = resolved[owner]?.filter { entry in
                if case .failure = entry.value { false } else { true }
            }
        }
    }
}

extension Failure {
    /// Whether the coordinator made it, because the item's workers were lost or too slow.
    var isGivenUp: Bool {
        (code == .workerLost || code == .timeout) && message.hasPrefix("Given up")
    }
}
