internal import DequeModule
internal import Synchronization

/// What happens, on its way to a state machine: a queue with one reader.
///
/// What comes from outside waits for room, so that a peer that sends faster than the state machine
/// takes, or larger, is held up in the transport. Ticks do not add up. All else is bounded by what
/// the state machine itself asked for.
package final class EventFeed<Event: Sendable>: Sendable {
    /// Who waits.
    private enum Side {
        case reader
        case writer
    }

    private struct Entry {
        let event: Event
        var isTick = false
        /// Bytes of what came from outside.
        var bytes = 0
    }

    private struct State {
        var events = Deque<Entry>()
        /// Bytes of all of them.
        var bytes = 0
        var hasTick = false
        var waiters: [Side: CheckedContinuation<Void, Never>] = [:]

        /// The reader, if it waits: whoever takes it resumes it.
        mutating func takeReader() -> CheckedContinuation<Void, Never>? {
            waiters.isEmpty ? nil : waiters.removeValue(forKey: .reader)
        }
    }

    /// Most events that wait before those from outside wait for room.
    package let eventsMax: Int
    /// Most bytes of events from outside that wait, but for one event alone.
    package let bytesMax: Int

    private let byteCount: @Sendable (Event) -> Int
    private let state = Mutex(State())

    /// An empty feed. `byteCount` says about how much an event takes in memory.
    package init(
        eventsMax: Int, bytesMax: Int = .max,
        byteCount: @escaping @Sendable (Event) -> Int = { _ in 0 }
    ) {
        self.eventsMax = eventsMax
        self.bytesMax = bytesMax
        self.byteCount = byteCount
    }

    /// Events that wait.
    package var count: Int { state.withLock { $0.events.count } }

    // Each function that moves events is compiled for both kinds of events that there are: in
    // general code, each move of an event asks at run time what it is.

    /// Something happened.
    @_specialize(where Event == WorkerSession.Event)
    @_specialize(where Event == Scheduler.Event)
    package func yield(_ event: Event) {
        let reader = state.withLock { state in
            state.events.append(Entry(event: event))
            return state.takeReader()
        }
        reader?.resume()
    }

    /// Some things happened, in order.
    @_specialize(where Event == WorkerSession.Event)
    @_specialize(where Event == Scheduler.Event)
    package func yield(_ events: [Event]) {
        guard !events.isEmpty else { return }
        let reader = state.withLock { state in
            for event in events { state.events.append(Entry(event: event)) }
            return state.takeReader()
        }
        reader?.resume()
    }

    /// Something happened that may wait until the reader has another reason to wake: a tick, at
    /// the latest.
    @_specialize(where Event == WorkerSession.Event)
    @_specialize(where Event == Scheduler.Event)
    package func leave(_ event: Event) {
        state.withLock { $0.events.append(Entry(event: event)) }
    }

    /// Time went by: `event`, unless the last one of these still waits.
    package func tick(_ event: Event) {
        let reader = state.withLock { state in
            guard !state.hasTick else { return nil as CheckedContinuation<Void, Never>? }
            state.hasTick = true
            state.events.append(Entry(event: event, isTick: true))
            return state.takeReader()
        }
        reader?.resume()
    }

    /// Something came from outside; waits for room first. Drops it when the task is cancelled. To
    /// be called by one task only.
    package func take(_ event: Event) async {
        await take([event])
    }

    /// Some things came from outside, in order; as many as there is room for are taken at once.
    package func take(_ events: [Event]) async {
        var taken = 0
        while let bytes = takeIn(events, from: &taken), !Task.isCancelled {
            await wait(.writer) { !hasRoom($0, for: bytes) }
        }
    }

    /// Takes in as many events as there is room for, from the one at `next` on. The bytes of the
    /// first one that has no room; `nil` when all are taken.
    @_specialize(where Event == WorkerSession.Event)
    @_specialize(where Event == Scheduler.Event)
    private func takeIn(_ events: [Event], from next: inout Int) -> Int? {
        let first = next
        let (taken, bytes, reader) = state.withLock { state in
            var taken = first
            while taken < events.count {
                let bytes = byteCount(events[taken])
                guard hasRoom(state, for: bytes) else {
                    return (taken, bytes as Int?, taken > first ? state.takeReader() : nil)
                }
                state.events.append(Entry(event: events[taken], bytes: bytes))
                state.bytes += bytes
                taken += 1
            }
            return (taken, nil, taken > first ? state.takeReader() : nil)
        }
        next = taken
        reader?.resume()
        return bytes
    }

    /// Whether another event of so many bytes may wait. One alone always may.
    private func hasRoom(_ state: borrowing State, for bytes: Int) -> Bool {
        state.events.count < eventsMax && (state.bytes == 0 || bytes <= bytesMax - state.bytes)
    }

    /// The next event; `nil` when the task is cancelled. To be called by one task only.
    package func next() async -> Event? {
        await nextBatch(max: 1)?.first
    }

    /// All that happened meanwhile, in order, up to `max` events; waits while there is nothing, and
    /// is `nil` when the task is cancelled. To be called by one task only.
    package func nextBatch(max countMax: Int) async -> [Event]? {
        while !Task.isCancelled {
            let batch = takeOut(max: countMax)
            if !batch.isEmpty { return batch }
            await wait(.reader) { $0.events.isEmpty }
        }
        return nil
    }

    /// Takes out up to so many events that wait, and lets the writer look for room.
    @_specialize(where Event == WorkerSession.Event)
    @_specialize(where Event == Scheduler.Event)
    private func takeOut(max countMax: Int) -> [Event] {
        let (batch, writer) = state.withLock { state in
            var events: [Event] = []
            events.reserveCapacity(min(countMax, state.events.count))
            while events.count < countMax, let next = state.events.popFirst() {
                if next.isTick { state.hasTick = false }
                state.bytes -= next.bytes
                events.append(next.event)
            }
            // Whoever waits for bytes looks itself whether there are enough.
            let mayHaveRoom = state.events.count < eventsMax
            return (events, mayHaveRoom ? state.waiters.removeValue(forKey: .writer) : nil)
        }
        writer?.resume()
        return batch
    }

    /// Waits as `side` until resumed, unless there is no need or the task is cancelled.
    private func wait(
        _ side: Side, while mustWait: @Sendable (borrowing State) -> Bool
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard mustWait(state), !Task.isCancelled else { return false }
                    state.waiters[side] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: side) }?.resume()
        }
    }
}
