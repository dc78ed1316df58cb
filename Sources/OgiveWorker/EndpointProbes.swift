internal import OgiveCore

/// The questions to endpoints that are under way: at most one for each.
struct EndpointProbes {
    /// An endpoint of a model, and what is asked of it.
    private struct Key: Hashable {
        let gate: ObjectIdentifier
        let endpoint: Int
    }

    /// What an endpoint answered.
    struct Outcome: Sendable {
        fileprivate let gate: ModelGate
        fileprivate let endpoint: Int
        fileprivate let answer: Answer

        /// Whether a server that was away is back.
        var isFound: Bool { if case .found = answer { true } else { false } }

        /// Tells the gate.
        func tell() {
            switch answer {
            case .found: gate.probeSucceeded(endpoint)
            case .missed(let error): gate.probeFailed(endpoint, error)
            case .load(let load?): gate.note(load, of: endpoint)
            case .load(nil): break
            }
        }
    }

    fileprivate enum Answer: Sendable {
        case found
        case missed(ModelError)
        case load(ServerLoad?)
    }

    private var underWay: Set<Key> = []

    /// Asks those that are due whether they are back, and the others how busy they are.
    mutating func begin(_ entries: [ModelGates.Entry]) -> [@Sendable () async -> Outcome?] {
        var probes: [@Sendable () async -> Outcome?] = []
        for entry in entries {
            let due = Set(entry.gate.due)
            let gate = entry.gate
            for (endpoint, probe) in entry.endpoints.enumerated() {
                let isOut = due.contains(endpoint)
                guard isOut || probe.load != nil,
                    underWay.insert(Key(gate: ObjectIdentifier(gate), endpoint: endpoint)).inserted
                else { continue }
                probes.append {
                    let answer = isOut ? await probe.isBack() : .load(await probe.load?())
                    return Outcome(gate: gate, endpoint: endpoint, answer: answer)
                }
            }
        }
        return probes
    }

    /// An endpoint answered: it may be asked again.
    mutating func end(_ outcome: Outcome) {
        underWay.remove(Key(gate: ObjectIdentifier(outcome.gate), endpoint: outcome.endpoint))
    }
}

extension ModelGates.Probe {
    /// Reads the server's pages: one that serves another model than the others is not back.
    fileprivate func isBack() async -> EndpointProbes.Answer {
        do throws(ModelError) {
            _ = try await fingerprint()
            return .found
        } catch {
            return .missed(error)
        }
    }
}
