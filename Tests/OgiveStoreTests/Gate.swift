import Synchronization

/// Lets a bounded number of tests use the server at once: it has 100 connections.
final class Gate: Sendable {
    static let shared = Gate(places: 16)

    private struct State {
        var places: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(places: Int) {
        state = Mutex(State(places: places))
    }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.places > 0 {
                    state.places -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiters.isEmpty {
                state.places += 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}
