internal import DequeModule
internal import Synchronization

/// What happens, on its way to a state machine: a queue with one reader.
///
/// What comes from outside waits for room, so that a peer that sends faster than the state machine
/// takes, or larger, is held up in the transport. Ticks do not add up. All else is bounded by what
/// the state machine itself asked for.
///
/// Modules that use it do not see its code, and would be served by one that asks for the size of
/// each event at run time: hence there is code for the events of both state machines.
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

    /// Something happened.
    package func yield(_ event: Event) {
        append(event, isTick: false)
    }

    /// Some things happened, in order.
    package func yield(_ events: [Event]) {
        guard !events.isEmpty else { return }
        let reader = state.withLock { state in
            for event in events { state.events.append(Entry(event: event)) }
            return state.waiters.removeValue(forKey: .reader)
        }
        reader?.resume()
    }

    /// Something happened that may wait until the reader has another reason to wake: a tick, at
    /// the latest.
    package func leave(_ event: Event) {
        state.withLock { $0.events.append(Entry(event: event)) }
    }

    /// Time went by: `event`, unless the last one of these still waits.
    package func tick(_ event: Event) {
        append(event, isTick: true)
    }

    /// Something came from outside; waits for room first. Drops it when the task is cancelled. To
    /// be called by one task only.
    package func take(_ event: Event) async {
        await take([event])
    }

    /// Some things came from outside, in order; as many as there is room for are taken at once.
    @_specialize(where Event == Scheduler.Event)
    @_specialize(where Event == WorkerSession.Event)
    package func take(_ events: [Event]) async {
        var rest = events.map { Entry(event: $0, bytes: byteCount($0)) }[...]
        while !rest.isEmpty {
            let (taken, reader) = state.withLock { state in
                var taken = 0
                for entry in rest {
                    guard hasRoom(state, for: entry.bytes) else { break }
                    state.events.append(entry)
                    state.bytes += entry.bytes
                    taken += 1
                }
                return (taken, taken > 0 ? state.waiters.removeValue(forKey: .reader) : nil)
            }
            reader?.resume()
            rest = rest.dropFirst(taken)
            guard let bytes = rest.first?.bytes, !Task.isCancelled else { return }
            await wait(.writer) { !hasRoom($0, for: bytes) }
        }
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
    @_specialize(where Event == Scheduler.Event)
    @_specialize(where Event == WorkerSession.Event)
    package func nextBatch(max countMax: Int) async -> [Event]? {
        while !Task.isCancelled {
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
            if !batch.isEmpty { return batch }
            await wait(.reader) { $0.events.isEmpty }
        }
        return nil
    }

    @_specialize(where Event == Scheduler.Event)
    @_specialize(where Event == WorkerSession.Event)
    private func append(_ event: Event, isTick: Bool) {
        let reader = state.withLock { state in
            if isTick {
                guard !state.hasTick else { return nil as CheckedContinuation<Void, Never>? }
                state.hasTick = true
            }
            state.events.append(Entry(event: event, isTick: isTick))
            return state.waiters.removeValue(forKey: .reader)
        }
        reader?.resume()
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
