internal import OgiveCore

/// Looks after the endpoints of a worker: finds those that are back, asks how busy they are, and
/// suspends the intake while a model has none left. Other models than before are announced anew.
/// Which endpoints get no requests is reported, for people.
struct EndpointWatch: Sendable {
    let gates: ModelGates
    let provider: any ModelProvider
    let configuration: WorkerConfiguration
    let time: TimeSource
    let feed: EventFeed<WorkerSession.Event>

    /// Runs until the task is cancelled; throws when the servers stay away, or refuse.
    func run(_ first: Offer) async throws {
        var offer = first
        var isSuspended = false
        var reported: [EndpointOutage] = []
        // Probes of hanging servers hold up nobody: each endpoint has its own.
        var probes = EndpointProbes()
        var looks = Self.looksSoon
        try await withThrowingTaskGroup(of: EndpointProbes.Outcome?.self) { group in
            group.addTask { [looks] in try await tick(looks) }
            while let outcome = try await group.next() {
                if let outcome {
                    probes.end(outcome)
                    if isSuspended, outcome.isFound { try await announce(&offer) }
                    outcome.report()
                    continue
                }
                let outages = gates.all.compactMap(\.gate.outage)
                if isSuspended != !outages.isEmpty {
                    isSuspended.toggle()
                    feed.yield(.suspended(isSuspended))
                }
                let current = gates.outages(now: time.now())
                if !current.isSame(as: reported) {
                    reported = current
                    feed.yield(.outages(current))
                }
                for outage in outages { try check(outage) }
                for probe in probes.begin(gates.all) { group.addTask { await probe() } }
                looks = max(0, looks - 1)
                group.addTask { [looks] in try await tick(looks) }
            }
        }
    }

    /// How often the servers are looked at sooner than they will be, while limits are searched.
    private static let looksSoon = 3

    private func tick(_ looksSoon: Int) async throws -> EndpointProbes.Outcome? {
        try await time.sleep(configuration.probeInterval / (1 << looksSoon))
        return nil
    }

    /// Reads what is served, now that it is back.
    private func announce(_ offer: inout Offer) async throws {
        let current: Offer
        do {
            current = try await provider.offer()
        } catch {
            guard !error.isRetriable else { return }
            throw WorkerError(code: .models, message: error.message, cause: error)
        }
        guard current != offer else { return }
        offer = current
        feed.yield(.offerChanged(current))
    }

    /// Throws when an outage cannot be waited out.
    private func check(_ outage: CircuitBreaker.Outage) throws(WorkerError) {
        let error = outage.error
        guard error.isRetriable || error.concernsRun else {
            throw WorkerError(code: .models, message: error.message, cause: error)
        }
        guard time.now() - outage.since < configuration.outageMax else {
            throw WorkerError(
                code: .models,
                message:
                    "\(error.message) (for \(configuration.outageMax), the longest outage that "
                    + "`worker.outage_timeout` allows)", cause: error)
        }
    }
}

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

        /// Reports to the gate.
        func report() {
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
