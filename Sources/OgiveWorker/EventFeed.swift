internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// What happens, on its way to the session: a queue with one reader.
///
/// Messages wait for room, so that a coordinator that sends faster than the session takes is held
/// up in the transport. Ticks do not add up. All else there is at most twice for each lease held.
final class EventFeed: Sendable {
    /// Most events that wait before messages wait for room.
    static let eventsMax = 1_024

    /// Who waits.
    private enum Side {
        case reader
        case writer
    }

    private struct State {
        var events = Deque<WorkerSession.Event>()
        var hasTick = false
        var waiters: [Side: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Events that wait.
    var count: Int { state.withLock { $0.events.count } }

    /// Something happened.
    func yield(_ event: WorkerSession.Event) {
        let reader = state.withLock { state in
            if case .tick = event {
                guard !state.hasTick else { return nil as CheckedContinuation<Void, Never>? }
                state.hasTick = true
            }
            state.events.append(event)
            return state.waiters.removeValue(forKey: .reader)
        }
        reader?.resume()
    }

    /// A message came; waits for room first. Drops it when the task is cancelled. To be called by
    /// one task only.
    func take(_ message: CoordinatorMessage) async {
        while state.withLock({ $0.events.count >= Self.eventsMax }) {
            guard !Task.isCancelled else { return }
            await wait(.writer) { $0.events.count >= Self.eventsMax }
        }
        yield(.message(message))
    }

    /// The next event; `nil` when the task is cancelled. To be called by one task only.
    func next() async -> WorkerSession.Event? {
        while !Task.isCancelled {
            let (event, writer) = state.withLock { state in
                let event = state.events.popFirst()
                if case .tick = event { state.hasTick = false }
                let hasRoom = state.events.count < Self.eventsMax
                return (event, hasRoom ? state.waiters.removeValue(forKey: .writer) : nil)
            }
            writer?.resume()
            if let event { return event }
            await wait(.reader) { $0.events.isEmpty }
        }
        return nil
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
