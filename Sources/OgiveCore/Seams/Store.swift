/// What the coordinator needs of the database. Truth is there; leases are not.
package protocol Store: Sendable {
    /// Asks to lead until `expiry` is over. Unless another one's term lasts, the number rises, so
    /// that every other coordinator is fenced.
    func lead(as coordinator: String, for expiry: Duration) async throws(StoreError)
        -> ElectionOutcome

    /// Makes `term` last until `expiry` from now is over, and stores totals by name for
    /// `ogive status`. A term that expired goes on, unless another one began: then it
    /// throws `.staleTerm`.
    func renew(
        _ term: Term, for expiry: Duration, counts: [String: Int]
    ) async throws(StoreError)

    /// Ends leadership, so that the next coordinator need not wait.
    func resign(_ term: Term) async

    /// Waits for a hint that runs were submitted or changed. Hints may be missed: keep polling.
    func runsChange() async throws(StoreError)

    /// The runs to be served, in order of id.
    func openRuns() async throws(StoreError) -> [RunDescription]

    /// Pending items of a run, by ascending prompt id, from prompts after `cursor`.
    func pendingPage(of run: RunDescription, after cursor: PromptID?, limit: PageLimit)
        async throws(StoreError) -> PendingPage

    /// Commits results in one transaction that checks `term`. A repeated batch is harmless.
    func land(_ batch: LandingBatch, term: Term) async throws(StoreError) -> LandingReceipt

    /// Binds fingerprints to a run's sampling and scoring where none are bound yet; answers with
    /// what is bound now.
    func bind(_ binding: FingerprintBinding, term: Term)
        async throws(StoreError) -> FingerprintBinding

    /// Closes a run when nothing of it is pending, or its budget is spent and no prompt that was
    /// begun lacks something. Answers with the run's state then: `open` when neither is so. Asked
    /// again, a closed run answers how it was closed.
    func finish(_ run: RunID, term: Term) async throws(StoreError) -> RunState

    /// Records workers that came, changed or left, for `ogive status`.
    func record(_ workers: [WorkerRecord], term: Term) async throws(StoreError)
}

/// Whether a run goes on, and how it was closed. The raw values are those of `ogive.runs.state`.
package enum RunState: String, Hashable, Sendable, CaseIterable {
    /// Something of it is pending.
    case open
    /// Every item of it has an outcome.
    case finished
    /// Its budget is spent, and every prompt that was begun is whole.
    case outOfBudget = "budget"
    /// Its user ended it. A run that was dropped counts as this.
    case cancelled
}

/// How much a page may hold.
package struct PageLimit: Hashable, Sendable {
    /// Most prompts.
    package var prompts: Int
    /// Most items; the page ends after the prompt that reaches it.
    package var items: Int
    /// Whether a page from the first prompt may leave out prompts at the beginning of the set most
    /// of which are done, without a look at each: a coordinator that takes over millions of them
    /// need not wait for that. What is left out is found when the run is paged anew.
    package var skipsDone = false
    /// Whether the page names begun prompts only, with all that is pending of them, draws beside
    /// candidates. A prompt is begun when some of its draws have an outcome in the run's scoring
    /// and others have none; but not when the first ones have, as many as were once asked for: then
    /// more were asked for, and none of these was begun.
    package var onlyBegun = false

    /// Joins both.
    package init(prompts: Int, items: Int) {
        self.prompts = prompts
        self.items = items
    }
}

/// Some pending items of a run.
package struct PendingPage: Hashable, Sendable {
    /// Prompts with pending items, ascending by id.
    package var prompts: [PendingPrompt]
    /// Where the next page begins; `nil` when the last prompt of the set was seen.
    package var next: PromptID?

    /// Joins both.
    package init(prompts: [PendingPrompt], next: PromptID?) {
        self.prompts = prompts
        self.next = next
    }
}

/// A run as the coordinator serves it.
package struct RunDescription: Hashable, Sendable {
    /// The row in the database.
    package var id: RunID
    /// The sampling that owns its completions.
    package var sampling: SamplingID
    /// The scoring that owns its rewards.
    package var scoring: ScoringID
    private var submitted: Apart<RunSpec>
    /// The policy's fingerprint, once bound.
    package var policyFingerprint: Fingerprint?
    /// The scorer's fingerprint, once bound.
    package var scorerFingerprint: Fingerprint?
    /// What it has spent.
    package var spent = Spending()

    /// Joins the parts.
    package init(id: RunID, sampling: SamplingID, scoring: ScoringID, spec: RunSpec) {
        self.id = id
        self.sampling = sampling
        self.scoring = scoring
        submitted = Apart(spec)
    }

    /// What was submitted.
    package var spec: RunSpec {
        _read { yield submitted.value }
        _modify { yield &submitted.value }
    }

    /// Whether the fingerprints are bound that the run needs: the policy's only if it samples.
    package var isBound: Bool {
        scorerFingerprint != nil && (policyFingerprint != nil || !spec.samples)
    }
}

/// Fingerprints bound to a run's sampling and scoring.
package struct FingerprintBinding: Hashable, Sendable {
    /// The run.
    package var run: RunID
    /// The policy's fingerprint; `nil` for a run that samples nothing: what is bound stays.
    package var policy: Fingerprint?
    /// The scorer's fingerprint.
    package var scorer: Fingerprint

    /// Joins the parts.
    package init(run: RunID, policy: Fingerprint?, scorer: Fingerprint) {
        self.run = run
        self.policy = policy
        self.scorer = scorer
    }
}

/// Results of one task, on their way to the database.
package struct LandingGroup: Hashable, Sendable {
    /// The run they were made for.
    package var run: RunID
    /// The prompt.
    package var prompt: PromptID
    /// The worker that made them.
    package var worker: WorkerID
    /// One entry for each item.
    package var items: [ItemResult]

    /// Joins the parts.
    package init(run: RunID, prompt: PromptID, worker: WorkerID, items: [ItemResult]) {
        self.run = run
        self.prompt = prompt
        self.worker = worker
        self.items = items
    }
}

/// What is committed in one transaction.
package struct LandingBatch: Hashable, Sendable {
    /// Names the batch within its coordinator.
    package var id: BatchID
    /// Results, in order of arrival.
    package var groups: [LandingGroup]

    /// Joins both.
    package init(id: BatchID, groups: [LandingGroup]) {
        self.id = id
        self.groups = groups
    }
}

/// What a commit changed.
package struct LandingReceipt: Hashable, Sendable {
    /// Completions that are new.
    package var completions: Int
    /// Rewards that are new, of draws and candidates.
    package var rewards: Int
    /// Log-probabilities of candidates that are new.
    package var logProbabilities = 0
    /// Failures that are new.
    package var failures: Int
    /// Results that were there already, dropped.
    package var duplicates: Int
    /// What each run of the batch that has a budget has spent in all, this batch included.
    package var spent: [RunID: Spending] = [:]

    /// Joins the counts.
    package init(completions: Int, rewards: Int, failures: Int, duplicates: Int) {
        self.completions = completions
        self.rewards = rewards
        self.failures = failures
        self.duplicates = duplicates
    }
}

/// A worker's load: in all, and of late.
package struct RecordedLoad: Hashable, Sendable {
    /// Since it began.
    package var total: WorkerLoad
    /// In the last part of that.
    package var recent: WorkerLoad
    /// How long that part is.
    package var window: Duration

    /// Joins the parts.
    package init(total: WorkerLoad, recent: WorkerLoad, window: Duration) {
        self.total = total
        self.recent = recent
        self.window = window
    }
}

/// A worker as `ogive status` shows it.
package struct WorkerRecord: Hashable, Sendable {
    /// Where it stands.
    package enum State: String, Sendable, CaseIterable {
        /// Has or may get work.
        case active
        /// Serves none of the open runs; `note` says why.
        case idle
        /// Finishes what it has and takes nothing new.
        case draining
        /// Said goodbye.
        case left
        /// Fell silent.
        case lost
    }

    /// The incarnation.
    package var id: WorkerID
    /// Host and process id, as the worker says.
    package var name: String
    /// Where it stands.
    package var state: State
    /// Why it gets no work, for people.
    package var note: String?
    /// Endpoints of its models that get no requests.
    package var outages: [EndpointOutage] = []
    /// Version of its program.
    package var version = ""
    /// Where it runs.
    package var site = WorkerSite()
    /// What it did and what its slots waited for.
    package var load: RecordedLoad?
    /// Time of its slots that is to be added to that of runs.
    package var slotTimes: [RunID: SlotTime] = [:]

    /// Joins the parts.
    package init(id: WorkerID, name: String, state: State, note: String?) {
        self.id = id
        self.name = name
        self.state = state
        self.note = note
    }
}

/// What the store could not do, and what the coordinator has to do about it.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The reaction that is called for.
    package enum Code: String, Sendable, CaseIterable {
        /// Nothing was written; trying again may succeed (connection refused, deadlock, …).
        case unavailable
        /// A commit was sent and no reply came: it may or may not have happened.
        case unknownOutcome = "unknown_outcome"
        /// The disk is full or the database read-only: pause, then try again.
        case exhausted
        /// Another coordinator leads: this one must stop.
        case staleTerm = "stale_term"
        /// The schema is missing, too old or too new.
        case schema
        /// The request contradicts what is stored; the message says how.
        case conflict
        /// The login lacks a right: neither data nor a worker is to blame, and a person grants it.
        case forbidden
        /// The database refused for another reason: a bug, or a hand-made change.
        case refused
    }

    /// The reaction that is called for.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String

    /// Describes a failure.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may succeed later.
    package var isRetriable: Bool {
        switch code {
        case .unavailable, .unknownOutcome, .exhausted: true
        case .staleTerm, .schema, .conflict, .forbidden, .refused: false
        }
    }

    /// Whether the database refused, for the data or for want of a right: it will again.
    var isRefusal: Bool { code == .refused || code == .forbidden }

    package var description: String { message }
}

/// The answer to a coordinator that asks to lead.
package enum ElectionOutcome: Hashable, Sendable {
    /// It leads, with this term; the secret proves the leases of earlier ones.
    case leading(Term, LeaseKey)
    /// Another one leads.
    case following(Leader)
}

/// The coordinator that leads, as the database knows it.
package struct Leader: Hashable, Sendable, CustomStringConvertible {
    /// Host and process id.
    package var name: String
    /// Its term.
    package var term: Term
    /// When it began to lead, for people.
    package var since: String
    /// When it last renewed its term, to tell one that lives from one that is dead.
    package var renewedAt: String
    /// How long its term lasts unless it is renewed.
    package var remaining: Duration

    /// Joins the parts.
    package init(
        name: String, term: Term, since: String, renewedAt: String, remaining: Duration
    ) {
        self.name = name
        self.term = term
        self.since = since
        self.renewedAt = renewedAt
        self.remaining = remaining
    }

    package var description: String {
        "\(name), since \(since) (term \(term.rawValue))"
    }
}

extension Leader {
    /// What a coordinator is told that must not stand by.
    package var conflict: String {
        "Another coordinator leads this database: \(self). Stop it, start workers for it, or let "
            + "this one stand by."
    }
}
