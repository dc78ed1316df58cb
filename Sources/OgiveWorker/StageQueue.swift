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

    /// What a waiter is resumed with: whether it was woken for work that waits.
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct State {
        var lines = FairLines<Element>()
        var waiters = Deque<(id: UInt64, continuation: Waiter)>()
        var lastWaiter: UInt64 = 0
        /// Waiters that were woken and have not looked yet.
        var woken = 0
        var isClosed = false
        var capacity: Int
        var slotsUsed = 0
        /// Elements that have these slots.
        var elementsInSlots = 0

        var hasWork: Bool { lines.count > 0 && slotsUsed < capacity }

        var isAtEnd: Bool { isClosed && lines.count == 0 }

        mutating func finish(_ run: RunID, _ elements: Int, _ now: TimePoint) {
            slotsUsed -= 1
            elementsInSlots -= elements
            lines.finish(run, now: now)
        }

        /// Whom to wake, for work that no woken waiter is on its way to. A waiter that takes some
        /// wakes the next one if more is left: so all slots fill up, and where work is done at
        /// once, few are woken for nothing.
        mutating func waiterToWake() -> Waiter? {
            guard woken == 0, hasWork, let waiter = waiters.popFirst() else { return nil }
            woken = 1
            return waiter.continuation
        }
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
        for waiter in waiters { waiter.continuation.resume(returning: false) }
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

    /// Those who wait for an element or a slot.
    var waiters: Int { state.withLock { $0.waiters.count } }

    /// A slot of a run is free: the elements that `next` gave it are done with.
    func finish(_ run: RunID = anyRun, elements: Int = 1) {
        let now = now()
        let waiter = state.withLock { state in
            state.finish(run, elements, now)
            return state.waiterToWake()
        }
        waiter?.resume(returning: true)
    }

    /// Appends an element and wakes a waiter.
    func push(_ element: Element) {
        let (now, owner) = (now(), owner(element))
        let waiter = state.withLock { state in
            state.lines.push(element, of: owner.run, weight: owner.weight, now: now)
            return state.waiterToWake()
        }
        waiter?.resume(returning: true)
    }

    /// Appends elements, in order, and wakes a waiter.
    func push(_ elements: [Element]) {
        guard !elements.isEmpty else { return }
        let now = now()
        let waiter = state.withLock { state in
            for element in elements {
                let owner = owner(element)
                state.lines.push(element, of: owner.run, weight: owner.weight, now: now)
            }
            return state.waiterToWake()
        }
        waiter?.resume(returning: true)
    }

    /// Ends the queue: waiters get `nil` once it is empty.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
    }

    /// Removes elements that are not wanted any more, and answers with them.
    func remove(where isUnwanted: @Sendable (Element) -> Bool) -> [Element] {
        state.withLock { $0.lines.remove(where: isUnwanted) }
    }

    /// Waits for a slot and elements, and takes as many of one run as have the size `most`
    /// together, at least one, until `finish`; `nil` at the end, or when the task is cancelled.
    func next(upTo most: Int, size: @Sendable (Element) -> Int) async -> [Element]? {
        await waitAndTake { state, now in
            let taken = state.lines.take(now: now, upTo: most, size: size)
            return taken.isEmpty ? nil : (taken, taken.count)
        }
    }

    /// Waits for one element.
    func next() async -> Element? {
        await waitAndTake { state, now in state.lines.takeFirst(now: now).map { ($0, 1) } }
    }

    /// Is done with one element of a queue without owners, and waits for the next one: its slot is
    /// free for no moment, so that nobody is woken for it.
    func finishAndNext() async -> Element? {
        await waitAndTake(finishing: true) { state, now in
            state.lines.takeFirst(now: now).map { ($0, 1) }
        }
    }

    /// Waits for a slot and for what `take` takes, with the number of elements.
    private func waitAndTake<Taken: Sendable>(
        finishing: Bool = false, _ take: (inout State, TimePoint) -> (Taken, Int)?
    ) async -> Taken? {
        var (isFinishing, isWoken) = (finishing, false)
        while true {
            let now = now()
            let (taken, isAtEnd, waiter) = state.withLock { state in
                if isFinishing { state.finish(Self.anyRun, 1, now) }
                if isWoken { state.woken = 0 }
                let isCancelled = Task.isCancelled
                let taken = isCancelled || !state.hasWork ? nil : take(&state, now)
                if let taken {
                    state.slotsUsed += 1
                    state.elementsInSlots += taken.1
                }
                return (taken, isCancelled || state.isAtEnd, state.waiterToWake())
            }
            waiter?.resume(returning: true)
            if let taken { return taken.0 }
            if isAtEnd { return nil }
            isFinishing = false
            isWoken = await waitForElement()
        }
    }

    /// Waits until there is something to look at; whether it was woken for it.
    private func waitForElement() async -> Bool {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    guard !state.hasWork, !state.isAtEnd, !Task.isCancelled else { return false }
                    state.waiters.append((id, continuation))
                    return true
                }
                if !mayWait { continuation.resume(returning: false) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }
                    .map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(returning: false)
        }
    }
}
