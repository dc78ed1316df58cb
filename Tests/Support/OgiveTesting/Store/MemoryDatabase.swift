package import OgiveCore

/// What a store holds, in memory: the truth of the simulator and of tests of the services.
///
/// It follows the rules of the real one: a term fences earlier coordinators, the first content of
/// a draw stays, the first outcome of an item resolves it.
package struct MemoryDatabase: Sendable {
    /// A prompt of a set, with the candidates that came along.
    package struct StoredPrompt: Hashable, Sendable {
        /// The prompt.
        package var prompt: Prompt
        /// Its candidates' texts.
        package var candidates: [String]

        /// Joins both.
        package init(_ prompt: Prompt, candidates: [String] = []) {
            self.prompt = prompt
            self.candidates = candidates
        }
    }

    /// An item of the database.
    package struct ItemKey: Hashable, Comparable, Sendable {
        /// The prompt.
        package var prompt: PromptID
        /// The item.
        package var name: ItemName

        /// Joins both.
        package init(_ prompt: PromptID, _ name: ItemName) {
            self.prompt = prompt
            self.name = name
        }

        package static func < (left: ItemKey, right: ItemKey) -> Bool {
            (left.prompt, left.name) < (right.prompt, right.name)
        }
    }

    /// What is known of the items of a scoring.
    package struct ScoringTable: Hashable, Sendable {
        /// Rewards.
        package var rewards: [ItemKey: Double] = [:]
        /// Log-probabilities of candidates.
        package var logProbabilities: [ItemKey: LogProbability] = [:]
        /// Failures of items without either.
        package var failures: [ItemKey: Failure] = [:]
    }

    struct StoredRun: Sendable {
        var description: RunDescription
        var state = RunState.open
        var spent = Spending()
        /// Draws that an adaptive run asks for of prompts, where they are more than the first ones.
        var targets: [PromptID: Int] = [:]
        /// Draws that it asked for of every prompt before it asked for more.
        var formerDraws: [Int] = []
    }

    /// The last term that anybody got.
    package internal(set) var term = Term(0)
    /// The term of each run that has one of its own; the last one leads all others.
    var terms: [RunID: Term] = [:]
    /// Completions of each sampling.
    package internal(set) var completions: [SamplingID: [ItemKey: Completion]] = [:]
    /// Rewards and failures of each scoring.
    package internal(set) var tables: [ScoringID: ScoringTable] = [:]
    /// Log-probabilities of candidates, and their failures, of each sampling.
    package internal(set) var candidateTables: [SamplingID: ScoringTable] = [:]
    /// Items that came a second time with another content: never with deterministic models.
    package internal(set) var conflicts: [ItemKey] = []
    /// The last record of each worker.
    package internal(set) var workers: [WorkerID: WorkerRecord] = [:]

    var prompts: [String: [StoredPrompt]] = [:]
    var runs: [RunID: StoredRun] = [:]

    #if DEBUG
        /// Guards that are turned off, for the proof that the simulator sees it.
        package var guardsOff: Set<Guard> = []
    #endif

    /// An empty database.
    package init() {}

    /// Whether a guard is turned off: never in a release build.
    func isOff(_ guarding: Guard) -> Bool {
        #if DEBUG
            guardsOff.contains(guarding)
        #else
            false
        #endif
    }

    /// Adds prompts to a set, in ascending order of id.
    package mutating func add(_ new: [StoredPrompt], to set: String) {
        prompts[set, default: []].append(contentsOf: new)
    }

    /// Opens a run, or opens it again with another specification.
    package mutating func submit(_ run: RunDescription) {
        let former = runs[run.id]?.description
        var run = run
        run.policyFingerprint = former?.policyFingerprint ?? run.policyFingerprint
        run.scorerFingerprint = former?.scorerFingerprint ?? run.scorerFingerprint
        var stored = StoredRun(description: run, spent: runs[run.id]?.spent ?? Spending())
        if let adaptive = run.spec.adaptive {
            stored.targets = (runs[run.id]?.targets ?? [:]).filter { $0.value > adaptive.min }
        }
        stored.formerDraws = runs[run.id]?.formerDraws ?? []
        if let former, former.spec.firstDraws < run.spec.firstDraws {
            stored.formerDraws.append(former.spec.firstDraws)
        }
        runs[run.id] = stored
    }

    /// Ends a run before it is finished.
    package mutating func cancel(_ run: RunID) {
        runs[run]?.state = .cancelled
    }

    /// Whether the run is closed.
    package func isFinished(_ run: RunID) -> Bool { (runs[run]?.state ?? .open) != .open }

    /// Draws that a run asks for of a prompt.
    package func target(of prompt: PromptID, _ run: RunDescription) -> Int {
        runs[run.id]?.targets[prompt] ?? run.spec.firstDraws
    }

    /// What a run has spent.
    package func spent(by run: RunID) -> Spending { runs[run]?.spent ?? Spending() }

    /// The items of a run that have neither a reward nor a failure, ascending.
    package func missing(of run: RunID) -> [ItemKey] {
        guard let run = runs[run]?.description else { return [] }
        return wanted(by: run).filter { !isResolved($0, of: run) }
    }

    /// All items that a run is to have, ascending; of a run that samples nothing the draws that are
    /// stored.
    package func wanted(by run: RunDescription) -> [ItemKey] {
        (prompts[run.spec.scoring.sampling.promptSet] ?? []).flatMap { stored in
            let kinds: [(ItemName.Kind, Int)] = [
                (.draw, target(of: stored.prompt.id, run)), (.candidate, stored.candidates.count),
                (.candidateLogProbability, stored.candidates.count),
            ]
            return kinds.filter { run.spec.asksFor($0.0) }.flatMap { kind, count in
                (0..<count).map { ItemKey(stored.prompt.id, ItemName(kind, Int32($0))) }
            }.filter {
                $0.name.kind != .draw || run.spec.samples || completions[run.sampling]?[$0] != nil
            }
        }
    }

    /// The table that holds an item's outcome: log-probabilities are the sampling's.
    package func table(of item: ItemKey, _ run: RunDescription) -> ScoringTable? {
        item.name.kind == .candidateLogProbability
            ? candidateTables[run.sampling] : tables[run.scoring]
    }

    /// Whether an item has an outcome.
    package func isResolved(_ item: ItemKey, of run: RunDescription) -> Bool {
        guard let table = table(of: item, run) else { return false }
        return table.rewards[item] != nil || table.logProbabilities[item] != nil
            || table.failures[item] != nil
    }
}
