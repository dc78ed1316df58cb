internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// A queue between two stages of the pipeline, with a line for each run (`FairLines`).
///
/// It holds no more than the session's `workingMax` leases, because nobody else puts any in, and
/// hands out no more at once than the next stage has slots.
final class StageQueue<Element: Sendable>: Sendable {
    /// Whose an element is, and the weight of that run.
    typealias Owner = (run: RunID, weight: Double)

    private struct State {
        var lines = FairLines<Element>()
        var waiters = Deque<(id: UInt64, CheckedContinuation<Void, Never>)>()
        var lastWaiter: UInt64 = 0
        var isClosed = false
        var capacity: Int
        var slotsUsed = 0
        /// Elements that have these slots.
        var elementsInSlots = 0

        var hasWork: Bool { lines.count > 0 && slotsUsed < capacity }
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> TimePoint
    private let owner: @Sendable (Element) -> Owner

    /// The only run of a queue that is first come, first served for all.
    static var anyRun: RunID { RunID(0) }

    /// An empty queue before a stage with so many slots. Without an owner of each element all are
    /// in one line.
    init(
        capacity: Int = .max, now: @escaping @Sendable () -> TimePoint = { .zero },
        owner: @escaping @Sendable (Element) -> Owner = { _ in (anyRun, 1) }
    ) {
        state = Mutex(State(capacity: capacity))
        self.now = now
        self.owner = owner
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
                used: state.slotsUsed, slots: state.capacity, waiting: state.lines.count)
        }
    }

    /// Elements that wait for a slot, or have one.
    var elements: Int { state.withLock { $0.lines.count + $0.elementsInSlots } }

    /// A slot of a run is free: the elements that `next` gave it are done with.
    func finish(_ run: RunID = anyRun, elements: Int = 1) {
        let now = now()
        let waiter = state.withLock { state in
            state.slotsUsed -= 1
            state.elementsInSlots -= elements
            state.lines.finish(run, now: now)
            return state.hasWork ? state.waiters.popFirst()?.1 : nil
        }
        waiter?.resume()
    }

    /// Appends an element and wakes a waiter.
    func push(_ element: Element) {
        let (now, owner) = (now(), owner(element))
        let waiter = state.withLock { state in
            state.lines.push(element, of: owner.run, weight: owner.weight, now: now)
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
        state.withLock { $0.lines.remove(where: isUnwanted) }
    }

    /// Waits for a slot and elements, and takes as many of one run as `fits` allows, at least one,
    /// until `finish`; `nil` at the end, or when the task is cancelled.
    func next(whileFits fits: @Sendable ([Element], Element) -> Bool) async -> [Element]? {
        while !Task.isCancelled {
            let now = now()
            let (taken, isClosed) = state.withLock { state in
                let taken = state.hasWork ? state.lines.take(now: now, whileFits: fits) : []
                if !taken.isEmpty { state.slotsUsed += 1 }
                state.elementsInSlots += taken.count
                return (taken, state.isClosed && state.lines.count == 0)
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
                    guard !state.hasWork, !(state.isClosed && state.lines.count == 0),
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
