internal import OgiveCore

/// What one configured scorer runs on: made once, whatever specifications it serves later.
enum ScorerBackend: Sendable {
    case verifier
    case synthetic
    case command(CommandScorer)
    /// A model server of `rerank`, `classify`, `pooling`, `score` or `judge`.
    case server(ServerConnection)
    case http(ModelHTTP)
    case weighted([String: ScorerPart])

    /// Connects to nothing yet. `agreed` is shared by the endpoints of one model. Throws
    /// `misconfigured`.
    init(_ endpoint: ScorerEndpoint, _ agreed: AgreedFacts) throws(ModelError) {
        switch endpoint.kind {
        case .verifier: self = .verifier
        case .synthetic: self = .synthetic
        case .command: self = .command(try CommandScorer(endpoint: endpoint))
        case .http:
            endpoint.http.hideSecrets()
            self = .http(try ConfiguredModels.http(endpoint))
        case .rerank, .classify, .pooling, .score, .judge:
            self = .server(
                ServerConnection(
                    http: try ConfiguredModels.http(endpoint), model: endpoint.model,
                    kind: endpoint.server?.kind, agreed: agreed))
            // Finds a bad template before the first request.
            if let text = endpoint.template { _ = try ScoreTemplate(text) }
        case .weighted:
            var parts: [String: ScorerPart] = [:]
            for (name, part) in endpoint.parts {
                parts[name] = ScorerPart(
                    endpoint: part, backend: try ScorerBackend(part, AgreedFacts()))
            }
            self = .weighted(parts)
        }
    }

    /// The scorer of a specification whose kind and model are those of `endpoint`.
    func scorer(_ spec: ScorerSpec, _ endpoint: ScorerEndpoint) throws(ModelError) -> any Scorer {
        switch (self, spec.kind) {
        case (.verifier, .verifier(let rule)):
            return try VerifierScorer(spec: rule, model: spec.model)
        case (.synthetic, _): return SyntheticScorer(model: spec.model)
        case (.command(let scorer), _): return scorer
        case (.http(let http), .http(let rule)):
            return try HTTPScorer(http: http, spec: rule, endpoint: endpoint)
        case (.server(let server), _): return try Self.scorer(spec, endpoint, server)
        case (.weighted(let known), .weighted(let summands)):
            var parts: [WeightedScorer.Part] = []
            for part in summands {
                guard let found = known[part.name], found.serves(part.scorer) else {
                    throw ModelError(
                        .misconfigured,
                        "this worker's scorer `\(spec.model)` has no part `\(part.name)` of kind "
                            + "`\(part.scorer.kind.name.rawValue)` and model "
                            + "`\(part.scorer.model)`")
                }
                parts.append(
                    WeightedScorer.Part(
                        name: part.name, weight: part.weight,
                        scorer: try found.backend.scorer(part.scorer, found.endpoint)))
            }
            return WeightedScorer(model: spec.model, parts: parts)
        case (.verifier, _), (.http, _), (.weighted, _): throw Self.misplaced(spec)
        }
    }

    private static func scorer(
        _ spec: ScorerSpec, _ endpoint: ScorerEndpoint, _ server: ServerConnection
    ) throws(ModelError) -> any Scorer {
        var settings = PoolingScorer.Settings()
        settings.batchSize = endpoint.batchSize
        settings.connections = endpoint.connections
        settings.template =
            if let text = endpoint.template { try ScoreTemplate(text) } else { nil }
        settings.server = endpoint.server
        settings.checksActivation = endpoint.checksActivation
        switch spec.kind {
        case .rerank:
            return RerankScorer(
                server: server, batchSize: endpoint.batchSize, kind: endpoint.server,
                checksActivation: endpoint.checksActivation)
        case .judge(let rubric):
            return try JudgeScorer(server: server, spec: rubric, connections: endpoint.connections)
        case .classify(let label):
            settings.label = label
            return PoolingScorer(server: server, endpoint: .classify, settings: settings)
        case .pooling(let label):
            settings.label = label
            return PoolingScorer(server: server, endpoint: .pooling, settings: settings)
        case .score(let label):
            settings.label = label
            return PoolingScorer(server: server, endpoint: .score, settings: settings)
        case .verifier, .http, .weighted, .command, .synthetic: throw misplaced(spec)
        }
    }

    /// A specification that came to an endpoint of another kind.
    private static func misplaced(_ spec: ScorerSpec) -> ModelError {
        ModelError(
            .invalidSpecification,
            "scorer `\(spec.model)` is of kind `\(spec.kind.name.rawValue)`, which this endpoint "
                + "does not serve")
    }

    /// What identifies the scorer whatever its specification: rules, rubrics and requests are part
    /// of that, and the worker learns them later.
    func fingerprint(_ endpoint: ScorerEndpoint) async throws(ModelError) -> Fingerprint {
        switch (self, endpoint.kind) {
        case (.verifier, _): return VerifierScorer.fingerprint(model: endpoint.model)
        case (.http(let http), _): return try await HTTPScorer.fingerprint(http, endpoint)
        case (.server(let server), .judge): return try await JudgeScorer.fingerprint(server)
        case (.weighted(let parts), _):
            var fingerprints: [(name: String, fingerprint: Fingerprint)] = []
            for (name, part) in parts {
                fingerprints.append((name, try await part.backend.fingerprint(part.endpoint)))
            }
            return WeightedScorer.fingerprint(model: endpoint.model, fingerprints)
        default:
            // No label changes it.
            let kind: ScorerSpec.Kind =
                switch endpoint.kind {
                case .rerank: .rerank
                case .pooling: .pooling()
                case .score: .score()
                default: .classify()
                }
            let spec = ScorerSpec(kind: kind, model: endpoint.model)
            return try await scorer(spec, endpoint).fingerprint()
        }
    }

    /// The model server that it speaks to, where it is one.
    var server: ServerConnection? { if case .server(let server) = self { server } else { nil } }

    /// The subprocesses that have to be kept alive.
    var commands: [CommandScorer] {
        switch self {
        case .command(let scorer): [scorer]
        case .weighted(let parts): parts.values.flatMap(\.backend.commands)
        default: []
        }
    }
}

/// A part of a weighted scorer as configured.
struct ScorerPart: Sendable {
    var endpoint: ScorerEndpoint
    var backend: ScorerBackend

    /// Whether it is what a specification means.
    func serves(_ spec: ScorerSpec) -> Bool {
        endpoint.kind == spec.kind.name && endpoint.model == spec.model
    }
}
