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
    let worker: WorkerID
    let item: ItemResult
    let outcome: LandingOutcome

    init(_ item: ItemResult, _ group: LandingGroup) {
        key = Key(prompt: group.prompt.rawValue, name: item.name)
        worker = group.worker
        self.item = item
        outcome = LandingOutcome(item)
    }

    /// The text that was sampled. A candidate brings its text: a completion of it would be
    /// nonsense.
    var completion: Completion? { key.name.kind == .draw ? item.completion : nil }
}

extension LandingResult.Key: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.prompt, left.name) < (right.prompt, right.name)
    }
}

extension [LandingResult] {
    /// By ascending key; several results of one item stay in order of arrival.
    func inOrder() -> [LandingResult] {
        enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            .map(\.element)
    }
}
