internal import OgiveCore
internal import Synchronization

/// The gates of a worker's servers, one for each model that it serves.
final class EndpointGates: Sendable {
    private let gates = Mutex([String: EndpointGate]())
    private let breaker: CircuitBreaker
    private let time: TimeSource

    init(configuration: WorkerConfiguration, time: TimeSource) {
        var backOff = BackOff()
        backOff.first = configuration.probeInterval
        backOff.longest = configuration.probeInterval * WorkerConfiguration.probeIntervalsMax
        breaker = CircuitBreaker(backOff: backOff, waitMax: configuration.outageMax)
        self.time = time
    }

    /// The gate of a policy's server.
    func gate(of policy: PolicySpec) -> EndpointGate {
        gate("policy \(policy.kind.rawValue) \(policy.model)")
    }

    /// The gate of a scorer's server.
    func gate(of scorer: ScorerSpec) -> EndpointGate {
        gate("scorer \(scorer.kind.rawValue) \(scorer.model)")
    }

    /// The gates that hold requests back, and why.
    var outages: [(gate: EndpointGate, outage: CircuitBreaker.Outage)] {
        gates.withLock { Array($0.values) }.compactMap { gate in
            gate.outage.map { (gate, $0) }
        }
    }

    private func gate(_ name: String) -> EndpointGate {
        gates.withLock { gates in
            if let gate = gates[name] { return gate }
            let gate = EndpointGate(breaker: breaker, time: time)
            gates[name] = gate
            return gate
        }
    }
}
