internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in what a run has spent in all.
    mutating func note(_ spent: Spending, by id: RunID) {
        guard let run = runs[id] else { return }
        runs[id]?.description.spent = run.description.spent.merged(spent)
    }

    /// Takes the tasks of prompts that were not begun from runs whose budget is spent; the
    /// database names them again when it is raised.
    ///
    /// What was begun is finished, and not only what is leased: a prompt of which a draw was
    /// granted gets all of its draws. So the budget decides which *prompts* there are, by the
    /// lengths of draws of other prompts, and never which draws of a prompt: those that happen to
    /// be short would be there sooner.
    mutating func stopExhausted() {
        for id in runs.keys where runs[id]?.isExhausted == true {
            guard let run = runs[id] else { continue }
            let idle = run.ready.filter { id in
                tasks[id].map { isOff(.wholePrompts) || !run.begun.contains($0.promptID) } ?? true
            }
            guard !idle.isEmpty else { continue }
            for task in idle.compactMap({ tasks[$0] }) {
                runs[id]?.deactivate(task.items.map(\.name), of: task.promptID, settled: false)
                forget(task.id)
            }
            runs[id]?.ready.removeAll(where: Set(idle).contains)
            runs[id]?.rewind()
        }
    }
}
