internal import OgiveCore

/// One result of a batch, with what became of its item. Shared, because the plan puts it into
/// lists and tables: a copy of a value of this size costs more than its row.
final class LandingResult: Sendable {
    /// The item, across prompts.
    struct Key: Hashable, Sendable {
        let prompt: Int64
        let name: ItemName
    }

    let key: Key
    let outcome: LandingOutcome
    /// Its place among all results of the batch.
    let arrival: Int
    private let group: LandingGroup
    private let index: Int

    /// The result at an index of a group, the `arrival`-th of its batch.
    init(_ group: LandingGroup, _ index: Int, arrival: Int) {
        key = Key(prompt: group.prompt.rawValue, name: group.items[index].name)
        outcome = LandingOutcome(group.items[index])
        self.group = group
        self.index = index
        self.arrival = arrival
    }

    /// Who brought it.
    var worker: WorkerID { group.worker }
    /// The result as it came, which stays in its group.
    var item: ItemResult { _read { yield group.items[index] } }

    /// The text that was sampled. A candidate brings its text: a completion of it would be
    /// nonsense.
    var completion: Completion? { key.name.kind == .draw ? item.completion : nil }
}

extension LandingResult.Key: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.prompt, left.name) < (right.prompt, right.name)
    }
}
