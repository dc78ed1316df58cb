internal import DequeModule
internal import Synchronization

/// A first-in, first-out queue between two stages of the pipeline.
///
/// It holds no more than the session's `leasesMax` leases, because nobody else puts any in.
final class StageQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements = Deque<Element>()
        var waiters = Deque<(id: UInt64, CheckedContinuation<Void, Never>)>()
        var lastWaiter: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Appends an element and wakes a waiter.
    func push(_ element: Element) {
        let waiter = state.withLock { state in
            state.elements.append(element)
            return state.waiters.popFirst()?.1
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

    /// Waits for elements and takes as many as `fits` allows, at least one; `nil` at the end, or
    /// when the task is cancelled.
    func next(whileFits fits: @Sendable ([Element], Element) -> Bool) async -> [Element]? {
        while !Task.isCancelled {
            let (taken, isClosed) = state.withLock { state in
                var taken: [Element] = []
                while let first = state.elements.first, taken.isEmpty || fits(taken, first) {
                    taken.append(state.elements.removeFirst())
                }
                return (taken, state.isClosed)
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
                    guard state.elements.isEmpty, !state.isClosed, !Task.isCancelled else {
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
