internal import DequeModule
internal import OgiveCore

/// Lines of runs before the slots of a stage. A pure state machine: moments come in.
///
/// Start-time fair queueing (Goyal, Vin and Cheng 1997) on the time of slots: a free slot goes to
/// the run that took the least slot time for its weight, first come, first served within it. A run
/// with nothing in line loses its claim, and no slot stays free while anything is in line. So a
/// run whose calls are slow takes no more than its weight of the slots from one whose calls are
/// quick, and all of the time that nobody else wants.
struct FairLines<Element> {
    private struct Line {
        let run: RunID
        var weight: Double
        var elements = Deque<Element>()
        /// Slots that it has.
        var slots = 0
        /// Seconds of slots that it took, over its weight.
        var tag: Double
    }

    /// In the order in which they came.
    private var lines: [Line] = []
    /// The tag of the line that was served last: those that come begin there.
    private var start = 0.0
    /// Beyond it, all tags are moved back.
    private static var startMax: Double { 1_000 }
    private var chargedAt = TimePoint.zero
    /// Elements in all lines.
    private(set) var count = 0

    /// Puts an element at the end of its run's line.
    mutating func push(_ element: Element, of run: RunID, weight: Double, now: TimePoint) {
        charge(now)
        count += 1
        let index = place(of: run)
        if lines[index].elements.isEmpty { lines[index].tag = max(lines[index].tag, start) }
        lines[index].weight = weight
        lines[index].elements.append(element)
    }

    /// Gives a slot to the line whose turn it is: as many elements of its front as have the size
    /// `most` together, at least one. Empty where no line has any.
    mutating func take(
        now: TimePoint, upTo most: Int, size: (Element) -> Int
    ) -> [Element] {
        guard let index = nextLine(now) else { return [] }
        var taken: [Element] = []
        var sum = 0
        while let first = lines[index].elements.first {
            sum += size(first)
            guard taken.isEmpty || sum <= most else { break }
            taken.append(lines[index].elements.removeFirst())
        }
        count -= taken.count
        return taken
    }

    /// Gives a slot to the line whose turn it is, for its first element.
    mutating func takeFirst(now: TimePoint) -> Element? {
        guard let index = nextLine(now) else { return nil }
        count -= 1
        return lines[index].elements.removeFirst()
    }

    /// The line with elements whose turn it is, which gets a slot.
    private mutating func nextLine(_ now: TimePoint) -> Int? {
        charge(now)
        var next: Int?
        for index in lines.indices where !lines[index].elements.isEmpty {
            if let former = next, lines[former].tag <= lines[index].tag { continue }
            next = index
        }
        guard let next else { return nil }
        start = max(start, lines[next].tag)
        lines[next].slots += 1
        return next
    }

    /// A slot that a run had is free.
    mutating func finish(_ run: RunID, now: TimePoint) {
        charge(now)
        guard let index = lines.firstIndex(where: { $0.run == run }) else { return }
        lines[index].slots -= 1
    }

    /// Removes elements, and answers with them.
    mutating func remove(where isUnwanted: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        for index in lines.indices {
            removed += lines[index].elements.filter(isUnwanted)
            lines[index].elements.removeAll(where: isUnwanted)
        }
        count -= removed.count
        return removed
    }

    /// Charges the time since the last change to those that have slots. Tags stay small: in large
    /// ones a short time would be lost.
    private mutating func charge(_ now: TimePoint) {
        guard now > chargedAt else { return }
        if start > Self.startMax {
            for index in lines.indices { lines[index].tag -= start }
            start = 0
        }
        let seconds = (now - chargedAt) / .seconds(1)
        chargedAt = now
        for index in lines.indices where lines[index].slots > 0 {
            lines[index].tag += seconds * Double(lines[index].slots) / lines[index].weight
        }
    }

    /// The line of a run. Those that have nothing and are owed nothing are forgotten first.
    private mutating func place(of run: RunID) -> Int {
        if let index = lines.firstIndex(where: { $0.run == run }) { return index }
        lines.removeAll { $0.elements.isEmpty && $0.slots == 0 && $0.tag <= start }
        lines.append(Line(run: run, weight: 1, tag: start))
        return lines.count - 1
    }
}
