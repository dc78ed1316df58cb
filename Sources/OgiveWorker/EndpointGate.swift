internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// Holds requests to one server back while its breaker does not let them pass: items wait, they do
/// not fail. At most one request of each stage's slots waits.
final class EndpointGate: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<CircuitBreaker.Pass?, Never>
    }

    private struct State {
        var breaker: CircuitBreaker
        var waiters = Deque<Waiter>()
        var lastWaiter: UInt64 = 0
    }

    private let state: Mutex<State>
    private let time: TimeSource
    private let random: @Sendable () -> Double

    init(
        breaker: CircuitBreaker, time: TimeSource,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        state = Mutex(State(breaker: breaker))
        self.time = time
        self.random = random
    }

    /// Why requests wait; `nil` while they pass.
    var outage: CircuitBreaker.Outage? {
        state.withLock { $0.breaker.outage }
    }

    /// Whether the time has come to look for the server.
    var isDue: Bool {
        let now = time.now()
        return state.withLock { $0.breaker.isDue(now: now) }
    }

    /// Whether the server answered somebody since.
    func hasAnswered(since: Instant) -> Bool {
        state.withLock { $0.breaker.lastAnswer.map { $0 >= since } ?? false }
    }

    /// Waits for leave to make a request; `nil` when the task is cancelled. What becomes of the
    /// request is to be told by `report` or `abandon`.
    func pass() async -> CircuitBreaker.Pass? {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pass = state.withLock { state -> CircuitBreaker.Pass?? in
                    if Task.isCancelled { return .some(nil) }
                    if let pass = state.breaker.admit() { return pass }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let pass { continuation.resume(returning: pass) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: nil)
        }
    }

    /// Says what became of a request.
    func report(_ pass: CircuitBreaker.Pass, _ verdict: CircuitBreaker.Verdict) {
        let (now, chance) = (time.now(), random())
        change { $0.report(pass, verdict, now: now, random: chance) }
    }

    /// The request is not made after all.
    func abandon(_ pass: CircuitBreaker.Pass) {
        change { $0.abandon(pass) }
    }

    /// A probe found the server.
    func probeSucceeded() {
        change { $0.probeSucceeded() }
    }

    /// Changes the breaker and lets those pass that may. Half open with nobody to try, it closes:
    /// nothing new is taken during an outage, so nobody would ever come.
    private func change(_ body: (inout CircuitBreaker) -> Void) {
        let released = state.withLock { state in
            body(&state.breaker)
            if state.waiters.isEmpty, state.breaker.state == .halfOpen(isTried: false) {
                state.breaker.close()
            }
            var released: [(Waiter, CircuitBreaker.Pass)] = []
            while let waiter = state.waiters.first, let pass = state.breaker.admit() {
                state.waiters.removeFirst()
                released.append((waiter, pass))
            }
            return released
        }
        for (waiter, pass) in released { waiter.continuation.resume(returning: pass) }
    }
}
