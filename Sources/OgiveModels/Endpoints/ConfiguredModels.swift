package import OgiveCore

/// The models of a worker's configuration.
///
/// `run()` has to run beside the worker: it keeps the subprocesses of `command` scorers alive.
package struct ConfiguredModels: ModelProvider {
    let policies: [(endpoint: PolicyEndpoint, server: ServerConnection?)]
    let scorers: [(endpoint: ScorerEndpoint, backend: any ScorerBackend)]

    /// Checks the configuration; connects to nothing yet. Entries of the same kind and model are
    /// the endpoints of one model. Throws `misconfigured`.
    package init(
        policies: [PolicyEndpoint], scorers: [ScorerEndpoint]
    ) throws(ModelError) {
        var agreed: [String: AgreedFacts] = [:]
        func facts(_ name: String) -> AgreedFacts {
            let facts = agreed[name] ?? AgreedFacts()
            agreed[name] = facts
            return facts
        }
        var served: [(endpoint: PolicyEndpoint, server: ServerConnection?)] = []
        for endpoint in policies {
            let facts = facts("policy \(endpoint.kind) \(endpoint.model)")
            served.append((endpoint, try Self.connection(endpoint, facts)))
        }
        var scoring: [(endpoint: ScorerEndpoint, backend: any ScorerBackend)] = []
        for endpoint in scorers {
            let facts = facts("scorer \(endpoint.kind) \(endpoint.model)")
            scoring.append((endpoint, try endpoint.adapter.backend(at: endpoint, facts)))
        }
        self.policies = served
        self.scorers = scoring
    }

    /// The addresses of all endpoints, or what they are called, each once.
    package var endpoints: [String] {
        var seen: Set<String> = []
        return (policies.map(\.endpoint.name) + scorers.map(\.endpoint.name)).filter {
            seen.insert($0).inserted
        }
    }

    /// Keeps the subprocesses of `command` scorers alive until the task is cancelled.
    package func run() async {
        await withTaskGroup { group in
            for scorer in scorers.flatMap({ $0.backend.commands }) {
                group.addTask { await scorer.run() }
            }
        }
    }

    /// Asks every configured endpoint what it serves, so that a worker never offers less than its
    /// configuration says. An endpoint that cannot be reached is passed over while another one of
    /// its model answers.
    package func offer() async throws(ModelError) -> Offer {
        var offer = Offer(policies: [], scorers: [])
        for endpoint in Self.models(policies.map(\.endpoint)) {
            let spec = PolicySpec(kind: endpoint.kind, model: endpoint.model)
            let served = try policies(for: spec)
            var model = Offer.Model(
                kind: endpoint.kind.rawValue, model: endpoint.model,
                fingerprint: try await Self.fingerprint(
                    served.map { ($0.name, $0.model.fingerprint) }))
            model.logProbabilityObstacle = try await Self.logProbabilityObstacle(served)
            offer.policies.append(model)
        }
        for endpoint in Self.models(scorers.map(\.endpoint)) {
            let served = scorers.filter {
                $0.endpoint.kind == endpoint.kind && $0.endpoint.model == endpoint.model
            }
            let fingerprint = try await Self.fingerprint(
                served.map { endpoint, backend in
                    (
                        endpoint.name,
                        { () async throws(ModelError) in try await backend.fingerprint() }
                    )
                })
            offer.scorers.append(
                Offer.Model(
                    kind: endpoint.kind.rawValue, model: endpoint.model, fingerprint: fingerprint))
        }
        return offer
    }

    /// Finds the endpoints of the same kind and model. Nothing is tried again here: the worker
    /// decides about that.
    package func policies(for spec: PolicySpec) throws(ModelError) -> [Served<any Policy>] {
        var served: [Served<any Policy>] = []
        for (endpoint, server) in policies
        where endpoint.kind == spec.kind && endpoint.model == spec.model {
            let policy: any Policy =
                if let server {
                    CompletionPolicy(
                        spec: spec, server: server, drawsPerRequest: endpoint.drawsPerRequest)
                } else { try SyntheticPolicy(spec: spec) }
            served.append(
                Served(
                    policy, name: endpoint.name, limits: endpoint.allLimits, load: server?.load))
        }
        guard !served.isEmpty else {
            throw Self.notServed("policy", spec.kind.rawValue, spec.model)
        }
        return served
    }

    /// Finds the endpoints of the same kind and model. Nothing is tried again here: the worker
    /// decides about that.
    package func scorers(for spec: ScorerSpec) throws(ModelError) -> [Served<any Scorer>] {
        var served: [Served<any Scorer>] = []
        for (endpoint, backend) in scorers where endpoint.serves(spec) {
            served.append(
                Served(
                    try backend.scorer(spec), name: endpoint.name, limits: endpoint.allLimits,
                    load: backend.server?.load))
        }
        guard !served.isEmpty else {
            throw Self.notServed("scorer", spec.kind.name.rawValue, spec.model)
        }
        return served
    }

    private static func notServed(_ what: String, _ kind: String, _ model: String) -> ModelError {
        ModelError(
            .misconfigured,
            "this worker's configuration has no \(what) of kind `\(kind)` and model `\(model)`")
    }
}

extension ConfiguredModels {
    private static func connection(_ endpoint: PolicyEndpoint, _ agreed: AgreedFacts)
        throws(ModelError) -> ServerConnection?
    {
        guard endpoint.kind == .openai else { return nil }
        return try connection(
            endpoint.url, "policy `\(endpoint.model)`", model: endpoint.model,
            apiKey: endpoint.apiKey, caFile: endpoint.caFile, timeout: endpoint.requestTimeout,
            // Where a server takes one draw a request, as many go at once.
            connections: endpoint.connections * endpoint.drawsPerRequest, kind: endpoint.server,
            agreed: agreed)
    }

    private static func connection(
        _ url: String?, _ whose: String, model: String, apiKey: String?, caFile: String?,
        timeout: Duration, connections: Int, kind: ServerKind? = nil, agreed: AgreedFacts
    ) throws(ModelError) -> ServerConnection {
        let http = try http(
            url, whose, apiKey: apiKey, caFile: caFile, timeout: timeout, connections: connections)
        return ServerConnection(http: http, model: model, kind: kind, agreed: agreed)
    }

    /// The way to the server of a scorer.
    static func http(_ endpoint: ScorerEndpoint) throws(ModelError) -> ModelHTTP {
        try http(
            endpoint.url, "scorer `\(endpoint.model)`", apiKey: endpoint.apiKey,
            caFile: endpoint.caFile, timeout: endpoint.requestTimeout,
            connections: endpoint.connections)
    }

    private static func http(
        _ url: String?, _ whose: String, apiKey: String?, caFile: String?, timeout: Duration,
        connections: Int
    ) throws(ModelError) -> ModelHTTP {
        guard let url else {
            throw ModelError(.misconfigured, "\(whose) needs the `url` of its server")
        }
        return ModelHTTP(
            url: try ModelURL(url), apiKey: apiKey, requestTimeout: timeout,
            connections: connections,
            authorities: try caFile.map { file throws(ModelError) in
                try TrustedAuthorities(file: file)
            })
    }
}

/// What tells one model of a configuration from another.
protocol ModelEndpoint {
    /// The adapters.
    associatedtype Kind: RawRepresentable<String>
    /// The adapter.
    var kind: Kind { get }
    /// The model id.
    var model: String { get }
}

extension PolicyEndpoint: ModelEndpoint {}
extension ScorerEndpoint: ModelEndpoint {}

extension ConfiguredModels {
    /// The first endpoint of each model.
    static func models<Endpoint: ModelEndpoint>(_ endpoints: [Endpoint]) -> [Endpoint] {
        var known: Set<[String]> = []
        return endpoints.filter { known.insert([$0.kind.rawValue, $0.model]).inserted }
    }

    /// Why an endpoint of a policy cannot give log-probabilities of candidates; `nil` when each
    /// that answers can.
    static func logProbabilityObstacle(
        _ served: [Served<any Policy>]
    ) async throws(ModelError) -> String? {
        for policy in served {
            do throws(ModelError) {
                if let obstacle = try await policy.model.logProbabilityObstacle() {
                    return obstacle
                }
            } catch {
                guard error.isRetriable else { throw error }
            }
        }
        return nil
    }

    /// The one fingerprint of all endpoints of a model that answer. Throws when none does, when
    /// one has another fingerprint, or refuses for good.
    static func fingerprint(
        _ endpoints: [(name: String, read: () async throws(ModelError) -> Fingerprint)]
    ) async throws(ModelError) -> Fingerprint {
        var first: (name: String, fingerprint: Fingerprint)?
        var absence: ModelError?
        for endpoint in endpoints {
            let fingerprint: Fingerprint
            do throws(ModelError) {
                fingerprint = try await endpoint.read()
            } catch {
                guard error.isRetriable else { throw error }
                absence = absence ?? error
                continue
            }
            if let first, first.fingerprint != fingerprint {
                throw ModelError(
                    .wrongModel,
                    "\(endpoint.name) and \(first.name) serve different models: "
                        + "\(fingerprint.facts) and \(first.fingerprint.facts); "
                        + "serve one model, with the same server and settings, at all endpoints")
            }
            first = first ?? (endpoint.name, fingerprint)
        }
        guard let first else {
            throw absence ?? ModelError(.misconfigured, "there is no endpoint to be asked")
        }
        return first.fingerprint
    }
}
