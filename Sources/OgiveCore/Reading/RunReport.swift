/// What is known of a run at one moment, for a page: read in one snapshot of the database. All of
/// it is bounded, whatever the number of prompts and draws; texts are cut.
package struct RunReport: Hashable, Sendable {
    /// What was sampled and scored.
    package var source: ReportSource
    /// How many of everything there are.
    package var counts: ReportCounts
    /// All rewards of reference draws together; `nil` while there is none.
    package var rewards: RewardSummary?
    /// Tables, one for each prompt with a reward; `nil` while there is none.
    package var tables: TableReport?
    /// Lengths of the completions; `nil` while there is none.
    package var lengths: LengthReport?
    /// What was given up, the most frequent kind first.
    package var failures: [FailureReport]
    /// Candidates by label, the most frequent first; at most `ReportBounds.labels`.
    package var candidates: [CandidateReport]
    /// Prompts whose table is at a chosen share of all tables, ordered by mean reward.
    package var examples: [ExamplePrompt]
    /// The proof from the rows; `nil` when the login may not read them.
    package var audit: ReportedAudit?
    /// What the slots of its workers waited for while it was open.
    package var slotTime = SlotTime()

    /// Joins the parts.
    package init(
        source: ReportSource, counts: ReportCounts, rewards: RewardSummary? = nil,
        tables: TableReport? = nil, lengths: LengthReport? = nil, failures: [FailureReport] = [],
        candidates: [CandidateReport] = [], examples: [ExamplePrompt] = [],
        audit: ReportedAudit? = nil
    ) {
        self.source = source
        self.counts = counts
        self.rewards = rewards
        self.tables = tables
        self.lengths = lengths
        self.failures = failures
        self.candidates = candidates
        self.examples = examples
        self.audit = audit
    }
}

/// Bounds of what a report holds.
package enum ReportBounds {
    /// Most kinds of failures that are named: a foreign worker's codes may be of any number.
    package static let failureKinds = 50
    /// Most examples of a kind of failure.
    package static let failureExamples = 3
    /// Most labels of candidates.
    package static let labels = 10
    /// Most all-equal tables, and most of their rewards, that are named.
    package static let degenerate = 10
    /// Most snapshots that are named.
    package static let snapshots = 20
    /// Most draws, and most candidates, of an example.
    package static let draws = 256
    /// Most characters of a text.
    package static let characters = 4000
    /// Most characters of a message or a name.
    package static let messageCharacters = 240
    /// Most example prompts.
    package static let examples = 20
    /// Most contradictions of an audit that are named.
    package static let problems = 20
}

/// What a run samples and scores, in the words of its specification.
package struct ReportSource: Hashable, Sendable {
    /// Name of the run.
    package var run: String
    /// `open`, `finished`, `budget` or `cancelled`.
    package var state: String
    /// Name of the prompt set.
    package var promptSet: String
    /// Model id of the reference policy.
    package var policy: String
    /// Model id or name of the scorer.
    package var scorer: String
    /// Whether completions or rewards come from a declared distribution.
    package var isSynthetic: Bool
    /// Whether the completions came in a file, so that nothing proves who sampled them.
    package var isAdopted = false
    /// The run's specification as JSON, without the scoring's.
    package var runSpec: String
    /// The scoring's specification as JSON, which holds the sampling's.
    package var scoringSpec: String
    /// SHA-256 of the sampling's specification, in hexadecimal: its name.
    package var samplingSHA256: String
    /// SHA-256 of the scoring's specification, in hexadecimal: its name.
    package var scoringSHA256: String
    /// What the policy's server said of itself; `nil` while nothing was leased.
    package var policyFingerprint: String?
    /// What the scorer said of itself; `nil` while nothing was leased.
    package var scorerFingerprint: String?
    /// When the run was last submitted, in UTC.
    package var submittedAt: String
    /// When nothing was pending any more; `nil` unless it finished.
    package var finishedAt: String?
    /// When the report was made, in UTC.
    package var madeAt: String
    /// The migration that the schema is at.
    package var schemaVersion: Int
    /// Version of PostgreSQL.
    package var serverVersion: String
    /// The latest versions of the run that nothing changes any more.
    package var snapshots: [ReportedSnapshot]

    /// Joins the parts.
    package init(
        run: String, state: String, promptSet: String, policy: String, scorer: String,
        isSynthetic: Bool, runSpec: String, scoringSpec: String, samplingSHA256: String,
        scoringSHA256: String, policyFingerprint: String? = nil, scorerFingerprint: String? = nil,
        submittedAt: String, finishedAt: String? = nil, madeAt: String, schemaVersion: Int,
        serverVersion: String, snapshots: [ReportedSnapshot] = []
    ) {
        self.run = run
        self.state = state
        self.promptSet = promptSet
        self.policy = policy
        self.scorer = scorer
        self.isSynthetic = isSynthetic
        self.runSpec = runSpec
        self.scoringSpec = scoringSpec
        self.samplingSHA256 = samplingSHA256
        self.scoringSHA256 = scoringSHA256
        self.policyFingerprint = policyFingerprint
        self.scorerFingerprint = scorerFingerprint
        self.submittedAt = submittedAt
        self.finishedAt = finishedAt
        self.madeAt = madeAt
        self.schemaVersion = schemaVersion
        self.serverVersion = serverVersion
        self.snapshots = snapshots
    }
}

/// A snapshot of the run.
package struct ReportedSnapshot: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// When it was made, in UTC.
    package var madeAt: String
    /// Whether nothing of the run was pending then.
    package var isComplete: Bool
    /// Checksum of all that it holds, in hexadecimal.
    package var sha256: String

    /// Joins the parts.
    package init(name: String, madeAt: String, isComplete: Bool, sha256: String) {
        self.name = name
        self.madeAt = madeAt
        self.isComplete = isComplete
        self.sha256 = sha256
    }
}

/// How many of everything a run has.
package struct ReportCounts: Hashable, Sendable {
    /// Prompts of the set.
    package var prompts = 0
    /// Draws asked for, for each prompt; of an adaptive run the most.
    package var draws = 0
    /// Draws that an adaptive run asks for at first; `nil` for other runs.
    package var minDraws: Int?
    /// Draws asked for, of all prompts.
    package var targetDraws = 0
    /// Draws with a completion.
    package var sampled = 0
    /// Draws with a completion and a reward.
    package var landed = 0
    /// Draws given up.
    package var failures = 0
    /// Draws still to be done.
    package var pending = 0
    /// Candidates to be scored.
    package var targetCandidates = 0
    /// Candidates with a reward.
    package var landedCandidates = 0
    /// Candidates given up.
    package var candidateFailures = 0
    /// Candidates whose log-probability is asked for.
    package var targetLogProbabilities = 0
    /// Candidates with a log-probability.
    package var landedLogProbabilities = 0
    /// Candidates whose log-probability was given up.
    package var logProbabilityFailures = 0
    /// Tokens of all completions, where known.
    package var tokens = 0
    /// Completions that `max_tokens` cut off.
    package var truncated = 0

    /// Nothing yet.
    package init() {}
}

/// What an audit found: `ogive audit` in short.
package struct ReportedAudit: Hashable, Sendable {
    /// Whether each item is there once or has its reason, and nothing contradicts anything.
    package var isSound: Bool
    /// Whether nothing contradicts anything, whatever is pending.
    package var isConsistent: Bool
    /// Draws that the rows hold with a reward.
    package var landed: Int
    /// Draws with a failure in place of a reward.
    package var failed: Int
    /// Draws, candidates and log-probabilities with neither.
    package var pending: Int
    /// How many contradictions there are.
    package var problemCount: Int
    /// The first contradictions.
    package var problems: [String]

    /// Joins the parts.
    package init(
        isSound: Bool, isConsistent: Bool, landed: Int, failed: Int, pending: Int,
        problemCount: Int = 0, problems: [String] = []
    ) {
        self.isSound = isSound
        self.isConsistent = isConsistent
        self.landed = landed
        self.failed = failed
        self.pending = pending
        self.problemCount = problemCount
        self.problems = problems
    }
}
