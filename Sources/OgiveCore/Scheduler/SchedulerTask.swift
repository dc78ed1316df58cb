/// A task in memory: some items of one prompt.
struct SchedulerTask {
    enum State: Hashable {
        /// In its run's queue.
        case ready
        /// Handed out until the deadline.
        case leased(WorkerID, deadline: Instant)
        /// All results are here and wait for their commit.
        case landing
    }

    let id: TaskID
    let run: RunID
    let promptID: PromptID
    /// `nil` for a task that was taken over from another coordinator's worker: it can be finished,
    /// but not granted again; then the database will name its items anew.
    let prompt: Prompt?
    /// Items without a result, ascending.
    var items: [WorkItem]
    var state: State
    var epoch = Epoch(0)
    /// How often a worker was lost or too slow.
    var attempts = 0
    /// The last of these times.
    var history: [TaskLoss] = []
    /// Whether it was granted to a worker that has nothing else meanwhile.
    var isAlone = false
    /// Parts whose results are here.
    var parts: Set<Int> = []
    /// Results that wait for their commit.
    var unlanded = 0

    /// Charges an attempt.
    mutating func charge(_ loss: TaskLoss) {
        attempts += 1
        if history.count == TaskLoss.historyMax { history.removeFirst() }
        history.append(loss)
    }

    /// Takes the valid results that belong to items without one, and forgets those items.
    mutating func take(_ results: [ItemResult]) -> [ItemResult] {
        if isAnswered(by: results) {
            items = []
            return results
        }
        var missing = Dictionary(
            items.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let taken = results.filter { result in
            guard let item = missing[result.name],
                result.isValid(for: item, isTakenOver: prompt == nil)
            else { return false }
            missing[result.name] = nil
            return true
        }
        items.removeAll { missing[$0.name] == nil }
        return taken
    }

    /// Whether these are valid results of all of the items, in their order, as nearly all are.
    private func isAnswered(by results: [ItemResult]) -> Bool {
        guard results.count == items.count else { return false }
        // By index: a loop over the elements would copy each of them, with its text.
        return items.indices.allSatisfy { index in
            results[index].name == items[index].name
                && results[index].isValid(for: items[index], isTakenOver: prompt == nil)
        }
    }
}
