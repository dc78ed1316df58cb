extension TaskResult {
    /// What cannot be so about the results of a lease, in words; `nil` when all is well. `items`
    /// are those of its task that are still to come, where their texts are known.
    func fault(of items: [WorkItem]?, partCount: Int) -> String? {
        if self.items.isEmpty { return "it has no items" }
        let isWhole = isInOrder
        if !isWhole, let fault = faultOfNames { return fault }
        // Nearly always the results are of what is still to come, in the same order.
        let isInStep =
            items.map { items in
                items.count == self.items.count
                    && items.indices.allSatisfy { items[$0].name == self.items[$0].name }
            } ?? false
        let known = (isInStep ? nil : items).map { items in
            Dictionary(items.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
        // By index: a loop over the elements would copy each of them, with its text.
        for index in self.items.indices {
            let name = self.items[index].name
            // One that has its result already is not taken another time.
            if let known, known[name] == nil { continue }
            let item = isInStep ? items?[index] : known?[name]
            let seed = claim.seedBase &+ UInt64(truncatingIfNeeded: name.index)
            if let fault = self.items[index].fault(
                of: item, seed: seed, partCount: partCount)
            {
                return "item \(name.index) (\(name.kind)): \(fault)"
            }
        }
        return nil
    }

    /// Whether these are all items of the lease in its order, as nearly always.
    private var isInOrder: Bool {
        items.count == claim.items.count
            && items.indices.allSatisfy { items[$0].name == claim.items[$0] }
    }

    private var faultOfNames: String? {
        var open = Set(claim.items)
        for index in items.indices where open.remove(items[index].name) == nil {
            let name = items[index].name
            return claim.items.contains(name)
                ? "item \(name.index) (\(name.kind)) is there twice"
                : "item \(name.index) (\(name.kind)) is none of the lease"
        }
        return nil
    }
}

extension ItemResult {
    /// What cannot be so: a result says one thing about its item, a possible reward of a completion
    /// that is there or was there before, or a log-probability where that was asked for, or why
    /// there is none. `nil` when all is well. Whether an item had its text is not known of a task
    /// that was taken over, without an `item`.
    func fault(of item: WorkItem?, seed expected: UInt64, partCount: Int) -> String? {
        if name.kind == .candidateLogProbability { return faultOfLogProbability }
        if logProbability != nil { return "it has the log-probability of a candidate" }
        guard (reward == nil) != (failure == nil) else {
            return "it must have either a reward or a failure"
        }
        guard parts.isEmpty || parts.count == partCount && reward != nil else {
            return "it has \(parts.count) parts of a reward, and the scorer has \(partCount)"
        }
        if let reward, !Score(reward, parts: parts).isPossible {
            return "its reward is \(reward), of the parts \(parts)"
        }
        if name.kind == .candidate || item?.text != nil { return faultOfScoring }
        return faultOfSampling(seed: expected, mayHaveText: item == nil)
    }

    private var faultOfLogProbability: String? {
        guard completion == nil, seed == nil, reward == nil, parts.isEmpty else {
            return "only its log-probability was asked for"
        }
        guard (logProbability == nil) != (failure == nil) else {
            return "it must have either a log-probability or a failure"
        }
        if let logProbability { return logProbability.fault }
        return failure?.stage == .logProbability ? nil : "its failure is of another stage"
    }

    /// Of an item that brought its text.
    private var faultOfScoring: String? {
        guard completion == nil, seed == nil else { return "it had its text" }
        guard let failure, failure.stage != .scoring else { return nil }
        return "its failure is of another stage"
    }

    private func faultOfSampling(seed expected: UInt64, mayHaveText: Bool) -> String? {
        if let seed, seed != expected { return "its seed is \(seed) and must be \(expected)" }
        if let completion {
            if seed == nil { return "its seed is missing" }
            if let fault = completion.fault { return fault }
            return failure == nil || failure?.stage == .scoring
                ? nil : "it has a completion, and its failure is of another stage"
        }
        if failure?.stage == .sampling { return nil }
        guard mayHaveText, failure?.stage != .logProbability else {
            return "its completion is missing"
        }
        return nil
    }
}
