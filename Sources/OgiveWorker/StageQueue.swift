internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// A queue between two stages of the pipeline, with a line for each run.
///
/// A free slot goes to the run that has the fewest slots, first come, first served within it: a run
/// whose model is slow soon has no more of them than the others. No slot is kept free for a run
/// that may come. The queue holds no more than the session's `workingMax` leases, because nobody
/// else puts any in, and hands out no more at once than the next stage has slots.
final class StageQueue<Element: Sendable>: Sendable {
    private struct State {
        /// What waits of each run, with the number of its coming.
        var lines: [RunID: Deque<(number: UInt64, element: Element)>] = [:]
        var waiting = 0
        var lastNumber: UInt64 = 0
        var waiters = Deque<(id: UInt64, CheckedContinuation<Void, Never>)>()
        var lastWaiter: UInt64 = 0
        var isClosed = false
        var capacity: Int
        /// Slots that each run has.
        var used: [RunID: Int] = [:]
        var slotsUsed = 0

        var hasWork: Bool { waiting > 0 && slotsUsed < capacity }

        /// Whose turn it is; `nil` where nothing waits for which there is a slot.
        var nextRun: RunID? {
            guard hasWork else { return nil }
            if lines.count == 1 { return lines.keys.first }
            return lines.min {
                (used[$0.key] ?? 0, $0.value.first?.number ?? 0)
                    < (used[$1.key] ?? 0, $1.value.first?.number ?? 0)
            }?.key
        }

        mutating func takeFirst(of run: RunID) -> Element? {
            guard let first = lines[run]?.popFirst() else { return nil }
            if lines[run]?.isEmpty == true { lines[run] = nil }
            waiting -= 1
            return first.element
        }
    }

    private let state: Mutex<State>
    private let run: @Sendable (Element) -> RunID

    /// An empty queue before a stage with so many slots. `run` says whose an element is.
    init(
        capacity: Int = .max, run: @escaping @Sendable (Element) -> RunID = { _ in RunID(0) }
    ) {
        state = Mutex(State(capacity: capacity))
        self.run = run
    }

    /// Changes the number of slots; answers whether it is another one. What is under way goes on.
    func setCapacity(_ capacity: Int) -> Bool {
        let (hasChanged, waiters) = state.withLock { state in
            let hasChanged = capacity != state.capacity
            state.capacity = capacity
            defer { if hasChanged { state.waiters = [] } }
            return (hasChanged, hasChanged ? state.waiters : [])
        }
        for waiter in waiters { waiter.1.resume() }
        return hasChanged
    }

    /// How the stage stands.
    var load: StageLoad {
        state.withLock { state in
            StageLoad(
                used: state.slotsUsed, slots: state.capacity, waiting: state.waiting)
        }
    }

    /// A slot is free: what `next` gave last of a run is done with.
    func finish(_ run: RunID = RunID(0)) {
        let waiter = state.withLock { state in
            state.slotsUsed -= 1
            let used = (state.used[run] ?? 1) - 1
            state.used[run] = used > 0 ? used : nil
            return state.hasWork ? state.waiters.popFirst()?.1 : nil
        }
        waiter?.resume()
    }

    /// Appends an element and wakes a waiter.
    func push(_ element: Element) {
        let waiter = state.withLock { state in
            state.lastNumber += 1
            state.waiting += 1
            state.lines[run(element), default: []].append((state.lastNumber, element))
            return state.hasWork ? state.waiters.popFirst()?.1 : nil
        }
        waiter?.resume()
    }

    /// Ends the queue: waiters get `nil` once it is empty.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.1.resume() }
    }

    /// Removes elements that are not wanted any more, and answers with them.
    func remove(where isUnwanted: @Sendable (Element) -> Bool) -> [Element] {
        state.withLock { state in
            var removed: [(number: UInt64, element: Element)] = []
            for run in state.lines.keys {
                removed += (state.lines[run] ?? []).filter { isUnwanted($0.element) }
                state.lines[run]?.removeAll { isUnwanted($0.element) }
                if state.lines[run]?.isEmpty == true { state.lines[run] = nil }
            }
            state.waiting -= removed.count
            return removed.sorted { $0.number < $1.number }.map(\.element)
        }
    }

    /// Waits for a slot and elements, and takes as many of one run as `fits` allows, at least one,
    /// until `finish`; `nil` at the end, or when the task is cancelled.
    func next(whileFits fits: @Sendable ([Element], Element) -> Bool) async -> [Element]? {
        while !Task.isCancelled {
            let (taken, isClosed) = state.withLock { state in
                (take(whileFits: fits, &state), state.isClosed && state.waiting == 0)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            await waitForElement()
        }
        return nil
    }

    private func take(
        whileFits fits: ([Element], Element) -> Bool, _ state: inout State
    ) -> [Element] {
        guard let run = state.nextRun else { return [] }
        var taken: [Element] = []
        while let first = state.lines[run]?.first, taken.isEmpty || fits(taken, first.element),
            let element = state.takeFirst(of: run)
        {
            taken.append(element)
        }
        state.slotsUsed += 1
        state.used[run, default: 0] += 1
        return taken
    }

    /// Waits for one element.
    func next() async -> Element? {
        await next { _, _ in false }?.first
    }

    private func waitForElement() async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    guard !state.hasWork, !(state.isClosed && state.waiting == 0),
                        !Task.isCancelled
                    else {
                        return false
                    }
                    state.waiters.append((id, continuation))
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).1 }
            }
            waiter?.resume()
        }
    }
}
