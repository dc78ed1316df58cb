internal import Synchronization

/// A number of changes that many tasks count and compare.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    /// The number now.
    var value: Int { count.load(ordering: .acquiring) }

    /// Counts one more.
    func add() {
        count.add(1, ordering: .acquiringAndReleasing)
    }

    /// Takes over another number; whether it is another one.
    func update(to value: Int) -> Bool {
        guard self.value != value else { return false }
        return count.exchange(value, ordering: .acquiringAndReleasing) != value
    }
}
