internal import HeapModule

/// Greedy list scheduling (Graham 1969): whoever is free takes the next job of the list, at once.
///
/// It is what a fleet reaches whose messages and databases take no time.
struct ListSchedule {
    /// Somebody who does one job after the other.
    struct Slot: Sendable {
        /// When it comes.
        var joins: Duration
        /// From when on it takes nothing new; `nil` for never.
        var leaves: Duration?
    }

    /// When the last job is done.
    private(set) var end = Duration.zero
    /// When the last job is begun for the first time: until then nobody needs to be idle.
    private(set) var lastBegin = Duration.zero
    /// Work that was begun and given back.
    private(set) var lost = Duration.zero

    /// Something that happens: earlier first, then in order of the slots.
    private struct Turn: Comparable {
        let at: Duration
        let slot: Int

        static func < (left: Turn, right: Turn) -> Bool {
            (left.at, left.slot) < (right.at, right.slot)
        }
    }

    /// A job that comes back when its slot's grace ends.
    private struct Returned: Comparable {
        let at: Duration
        let job: Int

        static func < (left: Returned, right: Returned) -> Bool {
            (left.at, left.job) < (right.at, right.job)
        }
    }

    /// Schedules jobs in order. A slot that leaves goes on with its job for `grace`, then gives it
    /// back; who is free then begins it anew.
    init(_ jobs: [Duration], slots: [Slot], grace: Duration) {
        var free = Heap(slots.enumerated().map { Turn(at: $1.joins, slot: $0) })
        var returned = Heap<Returned>()
        var seen = Array(repeating: false, count: jobs.count)
        var next = 0
        while next < jobs.count || !returned.isEmpty, let turn = free.popMin() {
            let leaves = slots[turn.slot].leaves
            if let leaves, turn.at >= leaves { continue }
            guard let job = Self.take(&returned, &next, jobs.count, at: turn.at) else {
                // Nothing to do until something comes back.
                if let at = returned.min?.at { free.insert(Turn(at: at, slot: turn.slot)) }
                continue
            }
            if !seen[job] { lastBegin = max(lastBegin, turn.at) }
            seen[job] = true
            let done = turn.at + jobs[job]
            if let leaves, done > leaves + grace {
                lost += leaves + grace - turn.at
                returned.insert(Returned(at: leaves + grace, job: job))
            } else {
                end = max(end, done)
                free.insert(Turn(at: done, slot: turn.slot))
            }
        }
    }

    private static func take(
        _ returned: inout Heap<Returned>, _ next: inout Int, _ count: Int, at now: Duration
    ) -> Int? {
        if let first = returned.min, first.at <= now { return returned.removeMin().job }
        guard next < count else { return nil }
        next += 1
        return next - 1
    }

    /// The time that slots are there until `end`.
    static func slotTime(of slots: [Slot], until end: Duration) -> Duration {
        slots.reduce(.zero) { sum, slot in
            sum + max(.zero, min(end, slot.leaves ?? end) - slot.joins)
        }
    }
}
