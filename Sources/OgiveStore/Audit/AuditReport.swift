/// Whether a run is exactly what it should be.
package struct AuditReport: Hashable, Sendable {
    /// The run.
    package var run: String
    /// Prompts of the set.
    package var prompts = 0
    /// Draws asked for, for each prompt; of an adaptive run the most.
    package var draws = 0
    /// Draws asked for, of all prompts.
    package var targetDraws = 0
    /// Draws 0..<n of all prompts that have completion and reward.
    package var landed = 0
    /// Draws with a failure row in place of a reward.
    package var failed = 0
    /// Draws with neither: the run is not finished, or something was lost.
    package var pending = 0
    /// Draws without a completion, of a run that samples nothing: they are not its business.
    package var unsampled = 0
    /// Candidates to be scored; 0 when the run does not score them.
    package var candidates = 0
    /// Candidates with a reward.
    package var landedCandidates = 0
    /// Candidates with a failure row.
    package var failedCandidates = 0
    /// Candidates with neither.
    package var pendingCandidates = 0
    /// Candidates whose log-probability is asked for.
    package var logProbabilities = 0
    /// Candidates with a log-probability.
    package var landedLogProbabilities = 0
    /// Candidates with a failure in its place.
    package var failedLogProbabilities = 0
    /// Candidates with neither.
    package var pendingLogProbabilities = 0
    /// Whether the run stopped because its budget is spent: then draws may be pending.
    package var isOutOfBudget = false
    /// Whether a person ended the run before it was done: then draws may be pending, too.
    package var isCancelled = false
    /// Whether the run is open: then draws are pending, and a coordinator goes on with them.
    package var isOpen = false
    /// Prompts of which some draws are pending and others are not.
    package var partialPrompts = 0
    /// Missing items, in order of prompt: the first ones, up to the limit asked for. What is
    /// pending is none while the run is open, or when it was closed before it was done.
    package var missing: [MissingItem] = []
    /// How many missing items there are.
    package var missingCount = 0
    /// Contradictions between rows: the first ones, up to the limit asked for.
    package var problems: [String] = []
    /// How many contradictions there are.
    package var problemCount = 0

    /// Whether each draw 0..<n of each prompt, and each candidate, is there or has its reason, and
    /// nothing contradicts anything. A run that samples nothing owes the draws that are stored; of
    /// one that stopped at its budget or was cancelled, some may be pending.
    package var isSound: Bool { (mayLack || pendingItems == 0) && isConsistent }

    /// Draws, candidates and log-probabilities with neither a result nor a failure.
    package var pendingItems: Int { pending + pendingCandidates + pendingLogProbabilities }

    /// Whether nothing contradicts anything, whatever is pending.
    package var isConsistent: Bool {
        problemCount == 0
            && landed + failed + unsampled + pending == targetDraws
            && landedCandidates + failedCandidates + pendingCandidates == candidates
            && landedLogProbabilities + failedLogProbabilities + pendingLogProbabilities
                == logProbabilities
    }
}

extension AuditReport {
    /// Whether the run was closed before it was done, so that what is pending is not missing.
    package var mayLack: Bool { isOutOfBudget || isCancelled }
}

/// An item without a reward, or without a log-probability.
package struct MissingItem: Hashable, Sendable {
    /// The prompt's row.
    package var prompt: Int64
    /// The prompt's key.
    package var promptKey: String
    /// `draw`, `candidate` (its reward) or `candidate_logprob` (its log-probability).
    package var kind: String
    /// Index within its kind.
    package var index: Int32
    /// Why it is missing: stage, code and message of its failure; `nil` when nobody said.
    package var reason: String?
    /// Whether its completion is there.
    package var hasText: Bool
}
