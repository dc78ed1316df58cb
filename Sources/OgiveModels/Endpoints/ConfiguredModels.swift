package import OgiveCore

/// The models of a worker's configuration.
///
/// `run()` has to run beside the worker: it keeps the subprocesses of `command` scorers alive.
package struct ConfiguredModels: ModelProvider {
    /// One scorer with what it runs on.
    private enum ScorerBackend: Sendable {
        case verifier
        case synthetic
        case server(ServerConnection)
        case command(CommandScorer)
    }

    private let policies: [(endpoint: PolicyEndpoint, server: ServerConnection?)]
    private let scorers: [(endpoint: ScorerEndpoint, backend: ScorerBackend)]

    /// Checks the configuration; connects to nothing yet. Throws `misconfigured`.
    package init(
        policies: [PolicyEndpoint], scorers: [ScorerEndpoint]
    ) throws(ModelError) {
        var served: [(endpoint: PolicyEndpoint, server: ServerConnection?)] = []
        for endpoint in policies {
            served.append((endpoint, try Self.connection(endpoint)))
        }
        var scoring: [(endpoint: ScorerEndpoint, backend: ScorerBackend)] = []
        for endpoint in scorers {
            scoring.append((endpoint, try Self.backend(endpoint)))
        }
        self.policies = served
        self.scorers = scoring
    }

    /// Keeps the subprocesses of `command` scorers alive until the task is cancelled.
    package func run() async {
        await withTaskGroup { group in
            for case .command(let scorer) in scorers.map(\.backend) {
                group.addTask { await scorer.run() }
            }
        }
    }

    /// Asks every configured endpoint what it serves; throws when one cannot be reached, so that
    /// a worker never offers less than its configuration says.
    package func offer() async throws(ModelError) -> Offer {
        var offer = Offer(policies: [], scorers: [])
        for (endpoint, _) in policies {
            let spec = PolicySpec(kind: endpoint.kind, model: endpoint.model)
            offer.policies.append(
                Offer.Model(
                    kind: endpoint.kind.rawValue, model: endpoint.model,
                    fingerprint: try await policy(for: spec).fingerprint()))
        }
        for (endpoint, backend) in scorers {
            let fingerprint =
                if case .verifier = backend {
                    // Its rule is part of the specification, which a worker learns later.
                    VerifierScorer.fingerprint(model: endpoint.model)
                } else {
                    try await scorer(
                        for: ScorerSpec(kind: endpoint.kind, model: endpoint.model)
                    ).fingerprint()
                }
            offer.scorers.append(
                Offer.Model(
                    kind: endpoint.kind.rawValue, model: endpoint.model, fingerprint: fingerprint))
        }
        return offer
    }

    /// Looks for an endpoint of the same kind and model. Nothing is tried again here: the worker
    /// decides about that.
    package func policy(for spec: PolicySpec) throws(ModelError) -> any Policy {
        guard
            let found = policies.first(where: {
                $0.endpoint.kind == spec.kind && $0.endpoint.model == spec.model
            })
        else { throw Self.notServed("policy", spec.kind.rawValue, spec.model) }
        guard let server = found.server else { return try SyntheticPolicy(spec: spec) }
        return OpenAIPolicy(
            spec: spec, server: server, drawsPerRequest: found.endpoint.drawsPerRequest)
    }

    /// Looks for an endpoint of the same kind and model. Nothing is tried again here: the worker
    /// decides about that.
    package func scorer(for spec: ScorerSpec) throws(ModelError) -> any Scorer {
        guard
            let (endpoint, backend) = scorers.first(where: {
                $0.endpoint.kind == spec.kind && $0.endpoint.model == spec.model
            })
        else { throw Self.notServed("scorer", spec.kind.rawValue, spec.model) }
        switch backend {
        case .verifier: return try VerifierScorer(spec: spec)
        case .synthetic: return SyntheticScorer(model: spec.model)
        case .command(let scorer): return scorer
        case .server(let server): return try Self.scorer(endpoint, server)
        }
    }

    private static func scorer(_ endpoint: ScorerEndpoint, _ server: ServerConnection)
        throws(ModelError) -> any Scorer
    {
        if endpoint.kind == .rerank {
            return RerankScorer(server: server, batchSize: endpoint.batchSize)
        }
        let template: ScoreTemplate? =
            if let text = endpoint.template { try ScoreTemplate(text) } else { nil }
        return PoolingScorer(
            server: server, endpoint: endpoint.kind == .classify ? .classify : .pooling,
            batchSize: endpoint.batchSize, connections: endpoint.connections, template: template)
    }

    private static func notServed(_ what: String, _ kind: String, _ model: String) -> ModelError {
        ModelError(
            .misconfigured,
            "this worker's configuration has no \(what) of kind `\(kind)` and model `\(model)`")
    }
}

extension ConfiguredModels {
    private static func connection(_ endpoint: PolicyEndpoint) throws(ModelError)
        -> ServerConnection?
    {
        guard endpoint.kind == .openai else { return nil }
        return try connection(
            endpoint.url, "policy `\(endpoint.model)`", model: endpoint.model,
            apiKey: endpoint.apiKey, timeout: endpoint.requestTimeout,
            connections: endpoint.connections)
    }

    private static func backend(_ endpoint: ScorerEndpoint) throws(ModelError) -> ScorerBackend {
        switch endpoint.kind {
        case .verifier: return .verifier
        case .synthetic: return .synthetic
        case .command: return .command(try CommandScorer(endpoint: endpoint))
        case .rerank, .classify, .pooling:
            let server = try connection(
                endpoint.url, "scorer `\(endpoint.model)`", model: endpoint.model,
                apiKey: endpoint.apiKey, timeout: endpoint.requestTimeout,
                connections: endpoint.connections)
            // Finds a bad template before the first request.
            _ = try scorer(endpoint, server)
            return .server(server)
        }
    }

    private static func connection(
        _ url: String?, _ whose: String, model: String, apiKey: String?, timeout: Duration,
        connections: Int
    ) throws(ModelError) -> ServerConnection {
        guard let url else {
            throw ModelError(.misconfigured, "\(whose) needs the `url` of its server")
        }
        let http = ModelHTTP(
            url: try ModelURL(url), apiKey: apiKey, requestTimeout: timeout,
            connections: connections)
        return ServerConnection(http: http, model: model)
    }
}
