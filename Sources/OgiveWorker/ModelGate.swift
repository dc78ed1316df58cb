internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// Where requests to one model wait until one of its endpoints takes them, first come, first
/// served: items wait, they do not fail. At most one request of each stage's slots waits.
final class ModelGate: Sendable {
    private struct State {
        var pool: EndpointPool
        /// Those who wait, in order; the first one asks for itself and for nobody else.
        var queue = Deque<UInt64>()
        var parked: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastTicket: UInt64 = 0
        /// Counts the changes, so that none is missed between asking and parking.
        var changes = 0
    }

    private enum Step {
        case go(EndpointPool.Pass)
        case park(changes: Int, limit: Duration?)
    }

    private let state: Mutex<State>
    private let time: TimeSource
    private let random: @Sendable () -> Double
    private let capacityChanges: Counter
    private let notice: @Sendable (_ endpoint: String, CircuitBreaker.Outage?) -> Void
    private let observe:
        @Sendable (EndpointPool.Pass, CircuitBreaker.Verdict, _ duration: Duration) -> Void

    /// `notice` is called when an endpoint goes, and when it is back; `observe` when a request
    /// ended; `capacityChanges` counts the changes of the capacity.
    init(
        _ pool: EndpointPool, time: TimeSource,
        random: @escaping @Sendable () -> Double = Chance().next,
        capacityChanges: Counter = Counter(),
        notice: @escaping @Sendable (_ endpoint: String, CircuitBreaker.Outage?) -> Void = {
            _, _ in
        },
        observe:
            @escaping @Sendable (EndpointPool.Pass, CircuitBreaker.Verdict, Duration) -> Void = {
                _, _, _ in
            }
    ) {
        state = Mutex(State(pool: pool))
        self.time = time
        self.random = random
        self.capacityChanges = capacityChanges
        self.notice = notice
        self.observe = observe
    }

    /// Why no request passes; `nil` while an endpoint is left.
    var outage: CircuitBreaker.Outage? { state.withLock { $0.pool.outage } }

    /// The endpoints that get no requests, and why.
    var outages: [(endpoint: String, outage: CircuitBreaker.Outage)] {
        state.withLock { state in
            // One that a probe found takes the next request, whenever that comes.
            state.pool.endpoints.filter { !$0.breaker.admits }.compactMap { endpoint in
                endpoint.breaker.outage.map { (endpoint.name, $0) }
            }
        }
    }

    /// How the endpoints stand, in the order of the configuration.
    var loads: [EndpointLoad] {
        state.withLock { $0.pool.endpoints.map(\.endpointLoad) }
    }

    /// Requests that may be under way at once.
    var capacity: Int { state.withLock { $0.pool.capacity } }

    /// The endpoints for which the time has come to look.
    var due: [Int] {
        let now = time.now()
        return state.withLock { state in
            state.pool.endpoints.indices.filter {
                state.pool.endpoints[$0].breaker.isDue(now: now)
            }
        }
    }

    /// Whether an endpoint answered somebody since.
    func hasAnswered(_ endpoint: Int, since: TimePoint) -> Bool {
        state.withLock { state in
            state.pool.endpoints[endpoint].breaker.lastAnswer.map { $0 >= since } ?? false
        }
    }

    /// Waits for leave to make a request; `nil` when the task is cancelled. What becomes of the
    /// request is to be reported by `report` or `abandon`.
    func pass(_ request: RequestSize, avoiding: Int? = nil) async -> EndpointPool.Pass? {
        if let pass = passAtOnce(request, avoiding) { return pass }
        let ticket = state.withLock { state in
            state.lastTicket += 1
            state.queue.append(state.lastTicket)
            return state.lastTicket
        }
        while !Task.isCancelled {
            switch ask(ticket, request, avoiding) {
            case .go(let pass): return pass
            case .park(let changes, let limit): await park(ticket, changes, limit)
            }
        }
        wakeFirst { state in state.queue.removeAll { $0 == ticket } }
        return nil
    }

    /// Leave where nobody waits and nothing is in the way.
    private func passAtOnce(_ request: RequestSize, _ avoiding: Int?) -> EndpointPool.Pass? {
        if Task.isCancelled { return nil }
        let now = time.now()
        return state.withLock { state in
            guard state.queue.isEmpty,
                case .pass(let pass) = state.pool.admit(request, avoiding: avoiding, now: now)
            else { return nil }
            return pass
        }
    }

    private func ask(_ ticket: UInt64, _ request: RequestSize, _ avoiding: Int?) -> Step {
        let now = time.now()
        let step = state.withLock { state -> Step in
            guard state.queue.first == ticket else {
                return .park(changes: state.changes, limit: nil)
            }
            switch state.pool.admit(request, avoiding: avoiding, now: now) {
            case .pass(let pass):
                state.queue.removeFirst()
                return .go(pass)
            case .wait(let limit): return .park(changes: state.changes, limit: limit)
            }
        }
        if case .go = step { wakeFirst { _ in } }
        return step
    }

    /// Says what became of a request.
    func report(
        _ pass: EndpointPool.Pass, _ verdict: CircuitBreaker.Verdict,
        _ answer: RequestAnswer = RequestAnswer()
    ) {
        let (now, chance) = (time.now(), random())
        observe(pass, verdict, now - pass.began)
        change(pass.endpoint) {
            $0.report(pass, verdict, answer, now: now, random: chance)
        }
    }

    /// The request is not made after all.
    func abandon(_ pass: EndpointPool.Pass) {
        let now = time.now()
        change(pass.endpoint) { $0.abandon(pass, now: now) }
    }

    /// A probe found the server.
    func probeSucceeded(_ endpoint: Int) {
        change(endpoint) { pool in pool.change(endpoint) { $0.probeSucceeded() } }
    }

    /// A probe found a server that cannot be used.
    func probeFailed(_ endpoint: Int, _ error: ModelError) {
        change(endpoint) { pool in pool.change(endpoint) { $0.probeFailed(error) } }
    }

    /// Takes in how busy a server says it is.
    func note(_ load: ServerLoad, of endpoint: Int) {
        change(endpoint) { $0.note(load, of: endpoint) }
    }

    /// Changes the pool and lets those pass that may. Half open with nobody to try and nobody else
    /// to serve, a breaker closes: nothing new is taken during an outage, so nobody ever comes.
    private func change(_ endpoint: Int, _ body: (inout EndpointPool) -> Void) {
        var names: (name: String, isOut: Bool, outage: CircuitBreaker.Outage?)?
        wakeFirst { state in
            let isOut = state.pool.endpoints[endpoint].breaker.outage != nil
            let isLast = isOut && state.pool.outage != nil
            let capacity = state.pool.capacity
            body(&state.pool)
            if isLast, state.queue.isEmpty,
                state.pool.endpoints[endpoint].breaker.state == .halfOpen(isTried: false)
            {
                state.pool.change(endpoint) { $0.close() }
            }
            if state.pool.capacity != capacity { capacityChanges.add() }
            let outage = state.pool.endpoints[endpoint].breaker.outage
            if isOut || outage != nil {
                names = (state.pool.endpoints[endpoint].name, isOut, outage)
            }
        }
        if let names, names.isOut != (names.outage != nil) { notice(names.name, names.outage) }
    }

    /// Changes the state and lets the first one ask again.
    private func wakeFirst(_ body: (inout State) -> Void) {
        let first = state.withLock { state in
            body(&state)
            state.changes += 1
            return state.queue.first.flatMap { state.parked.removeValue(forKey: $0) }
        }
        first?.resume()
    }

    /// Waits until it is woken, cancelled, or the time is over.
    private func park(_ ticket: UInt64, _ changes: Int, _ limit: Duration?) async {
        guard let limit else { return await park(ticket, changes) }
        await withTaskGroup { group in
            group.addTask { await self.park(ticket, changes) }
            // Cancelled, it was woken before.
            group.addTask { try? await self.time.sleep(limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func park(_ ticket: UInt64, _ changes: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard state.changes == changes, !Task.isCancelled else { return false }
                    state.parked[ticket] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.parked.removeValue(forKey: ticket) }?.resume()
        }
    }
}

/// Gives numbers by chance: enough to spread waits, and no call of the system for each request.
final class Chance: Sendable {
    private let state = Atomic<UInt64>(.random(in: .min ... .max))

    /// A number in 0..<1 (SplitMix64).
    @Sendable func next() -> Double {
        var mixed = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }
}

/// A number of changes that many tasks count and compare.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    /// The number now.
    var value: Int { count.load(ordering: .acquiring) }

    /// Counts one more.
    func add() {
        count.add(1, ordering: .acquiringAndReleasing)
    }

    /// Takes over another number; whether it is another one.
    func update(to value: Int) -> Bool {
        guard self.value != value else { return false }
        return count.exchange(value, ordering: .acquiringAndReleasing) != value
    }
}
