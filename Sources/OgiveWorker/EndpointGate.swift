internal import OgiveCore
internal import Synchronization

/// Holds the stages back while a model server is away: items wait, they do not fail.
final class EndpointGate: Sendable {
    /// The fault that closed the gate, and since when.
    struct Outage: Sendable {
        let error: ModelError
        let since: Instant
    }

    private struct State {
        var outage: Outage?
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())
    private let time: TimeSource

    init(time: TimeSource) {
        self.time = time
    }

    /// Why the gate is closed; `nil` while it is open.
    var outage: Outage? {
        state.withLock { $0.outage }
    }

    /// A server does not answer: closes the gate.
    func close(_ error: ModelError) {
        let now = time.now()
        state.withLock { state in
            if state.outage == nil { state.outage = Outage(error: error, since: now) }
        }
    }

    /// The servers answer again: lets everybody go on.
    func open() {
        let released = state.withLock { state in
            state.outage = nil
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in released.values { waiter.resume() }
    }

    /// Waits while the gate is closed, or until the task is cancelled.
    func pass() async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayPass = state.withLock { state in
                    guard state.outage != nil, !Task.isCancelled else { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if mayPass { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
