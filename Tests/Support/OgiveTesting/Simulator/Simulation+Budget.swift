internal import OgiveCore

extension Simulation {
    /// A run was closed: nothing is missing, or its budget is spent and each of its prompts has
    /// all of its items or none.
    mutating func checkEnd(of run: RunID) {
        let missing = Set(database.missing(of: run))
        guard !missing.isEmpty, let description = database.runs[run]?.description else { return }
        counts.budgetsSpent += 1
        if !description.spec.isExhausted(by: database.spent(by: run)) {
            violations.append("run \(run.rawValue) was closed with a budget that is not spent")
        }
        // An adaptive run may have asked for more of a prompt just now, and begun none of it. A
        // run that samples nothing gets a prompt's draws when another run has stored their texts.
        guard isGrantingWhole, description.spec.adaptive == nil, description.spec.samples else {
            return
        }
        let begun = Set(
            database.wanted(by: description).filter { !missing.contains($0) }.map(\.prompt))
        for item in missing.sorted() where begun.contains(item.prompt) {
            violations.append("\(item) is missing beside others of its prompt")
        }
    }

    /// Whether one coordinator saw everything since the run began, and nobody asked for more: only
    /// then it knows which prompts were begun.
    private var isGrantingWhole: Bool {
        counts.coordinatorsReplaced == 0 && !wasAskedForMore && initial.runs < 3
    }
}
