package import OgiveCore

/// Events by (time, sequence): equal times keep the order in which they were put in.
package struct EventQueue<Event: Sendable>: Sendable {
    private struct Entry: Sendable {
        let at: TimePoint
        let sequence: UInt64
        let event: Event

        func isBefore(_ other: Entry) -> Bool {
            (at, sequence) < (other.at, other.sequence)
        }
    }

    /// A binary heap: no entry is before its parent at (i − 1) / 2.
    private var heap: [Entry] = []
    private var lastSequence: UInt64 = 0

    /// Empty.
    package init() {}

    /// Puts an event in.
    package mutating func push(_ event: Event, at time: TimePoint) {
        lastSequence += 1
        heap.append(Entry(at: time, sequence: lastSequence, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the first event out.
    package mutating func pop() -> (at: TimePoint, sequence: UInt64, event: Event)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            if least == parent { break }
            heap.swapAt(least, parent)
            parent = least
        }
        return (first.at, first.sequence, first.event)
    }
}
