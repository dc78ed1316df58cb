internal import OgiveStore

/// What a submission would do, for `ogive submit --dry-run`.
struct SubmissionPlan {
    /// What it would say.
    var outcome: Submission.Result
    /// How far the run would be.
    var status: RunStatus

    /// Rewards and log-probabilities of candidates that would be missing.
    private var pendingCandidates: Int {
        max(0, status.targetCandidates - status.landedCandidates - status.candidateFailures)
            + max(
                0,
                status.targetLogProbabilities - status.landedLogProbabilities
                    - status.logProbabilityFailures)
    }

    /// For a person.
    var lines: [String] {
        var lines = ["dry run: nothing is stored"] + outcome.lines
        lines.append(
            "to do: \(NumberText.count(status.pending)) of "
                + "\(NumberText.count(status.targetDraws)) draws (\(status.extentText))"
                + (pendingCandidates > 0
                    ? ", \(NumberText.count(pendingCandidates)) of candidates" : ""))
        if let tokens = status.spending.estimatedTokens {
            let more = NumberText.count(max(0, tokens - status.spending.tokens))
            var line = "at the mean of what has landed: about \(more) tokens more"
            if let cost = status.spending.estimatedCost, let spent = status.spending.cost {
                line += ", cost \(NumberText.cost(max(0, cost - spent)))"
            }
            lines.append(line)
        } else {
            lines.append("nothing has landed that tells the tokens: `ogive doctor` measures them")
        }
        return lines
    }

    /// For a script.
    var json: JSONValue {
        var fields = outcome.json.fields ?? [:]
        fields["pending_draws"] = .number("\(status.pending)")
        fields["target_draws"] = .number("\(status.targetDraws)")
        fields["pending_candidates"] = .number("\(pendingCandidates)")
        fields["spending"] = status.spending.json
        return .object(fields)
    }
}
