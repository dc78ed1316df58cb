internal import OgiveCore

extension Simulation {
    /// A run was closed: nothing is missing, or its budget is spent and each of its prompts has
    /// all of its draws or none.
    mutating func checkEnd(of run: RunID, _ state: RunState) {
        guard state != .cancelled else { return }
        let missing = Set(database.missing(of: run))
        guard !missing.isEmpty, let description = database.runs[run]?.description else { return }
        counts.budgetsSpent += 1
        if state != .outOfBudget || !description.spec.isExhausted(by: database.spent(by: run)) {
            violations.append("run \(run.rawValue) was closed with a budget that is not spent")
        }
        // Whoever asks for more draws, a person or an adaptive run, begins none of them by that.
        // Candidates are not sampled, and a run may take all of them before the first draw.
        guard !wasAskedForMore, description.spec.adaptive == nil else { return }
        let draws = database.wanted(by: description).filter { $0.name.kind == .draw }
        let begun = Set(draws.filter { !missing.contains($0) }.map(\.prompt))
        for item in draws where missing.contains(item) && begun.contains(item.prompt) {
            violations.append("\(item) is missing beside others of its prompt")
        }
    }
}
