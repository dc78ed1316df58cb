internal import DequeModule
internal import Synchronization

/// A first-in, first-out queue between two stages of the pipeline.
///
/// It holds no more than the session's `workingMax` leases, because nobody else puts any in, and
/// hands out no more at once than the next stage has slots.
final class StageQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements = Deque<Element>()
        var waiters = Deque<(id: UInt64, CheckedContinuation<Void, Never>)>()
        var lastWaiter: UInt64 = 0
        var isClosed = false
        var capacity: Int
        var slotsUsed = 0

        var hasWork: Bool { !elements.isEmpty && slotsUsed < capacity }
    }

    private let state: Mutex<State>

    /// An empty queue before a stage with so many slots.
    init(capacity: Int = .max) {
        state = Mutex(State(capacity: capacity))
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
                used: state.slotsUsed, slots: state.capacity, waiting: state.elements.count)
        }
    }

    /// A slot is free: what `next` gave last is done with.
    func finish() {
        let waiter = state.withLock { state in
            state.slotsUsed -= 1
            return state.hasWork ? state.waiters.popFirst()?.1 : nil
        }
        waiter?.resume()
    }

    /// Appends an element and wakes a waiter.
    func push(_ element: Element) {
        let waiter = state.withLock { state in
            state.elements.append(element)
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
            let removed = Array(state.elements.filter(isUnwanted))
            state.elements.removeAll(where: isUnwanted)
            return removed
        }
    }

    /// Waits for a slot and elements, and takes as many as `fits` allows, at least one, until
    /// `finish`; `nil` at the end, or when the task is cancelled.
    func next(whileFits fits: @Sendable ([Element], Element) -> Bool) async -> [Element]? {
        while !Task.isCancelled {
            let (taken, isClosed) = state.withLock { state in
                var taken: [Element] = []
                while let first = state.elements.first,
                    taken.isEmpty ? state.hasWork : fits(taken, first)
                {
                    taken.append(state.elements.removeFirst())
                }
                if !taken.isEmpty { state.slotsUsed += 1 }
                return (taken, state.isClosed && state.elements.isEmpty)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            await waitForElement()
        }
        return nil
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
                    guard !state.hasWork, !(state.isClosed && state.elements.isEmpty),
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
