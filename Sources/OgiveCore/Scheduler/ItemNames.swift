/// Names of items of one prompt, ascending, each once.
///
/// What comes and goes is nearly always a stretch of draws in order, for which this takes a search
/// and one move in memory, where a set of hashes would look for each name.
struct ItemNames: Hashable, Sendable {
    private var names: [ItemName] = []

    var count: Int { names.count }
    var isEmpty: Bool { names.isEmpty }

    func contains(_ name: ItemName) -> Bool {
        let place = place(of: name)
        return place < names.count && names[place] == name
    }

    func isDisjoint(with others: some Sequence<ItemName>) -> Bool {
        others.allSatisfy { !contains($0) }
    }

    func intersection(_ others: Set<ItemName>) -> Set<ItemName> {
        others.filter(contains)
    }

    mutating func formUnion(_ others: [ItemName]) {
        guard let (first, end) = others.stretch else {
            for name in others where !contains(name) { names.insert(name, at: place(of: name)) }
            return
        }
        names.replaceSubrange(place(of: first)..<place(of: end), with: others)
    }

    mutating func subtract(_ others: [ItemName]) {
        guard let (first, end) = others.stretch else {
            let gone = Set(others)
            names.removeAll(where: gone.contains)
            return
        }
        names.removeSubrange(place(of: first)..<place(of: end))
    }

    /// Where the first name stands that is not before `name`.
    private func place(of name: ItemName) -> Int {
        var (low, high) = (0, names.count)
        // Nearly always what comes is behind all, and what goes is the first.
        if let last = names.last, last < name { return high }
        if let first = names.first, name <= first { return 0 }
        while low < high {
            let middle = low + (high - low) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension [ItemName] {
    /// The first one, and the name right behind the last one, where these are items of one kind
    /// whose indexes go up by one.
    fileprivate var stretch: (first: ItemName, end: ItemName)? {
        guard let first, let last, first.kind == last.kind, last.index < .max,
            Int(last.index) - Int(first.index) == count - 1,
            indices.dropFirst().allSatisfy({
                self[$0].kind == first.kind && self[$0].index == self[$0 - 1].index + 1
            })
        else { return nil }
        return (first, ItemName(last.kind, last.index + 1))
    }
}
