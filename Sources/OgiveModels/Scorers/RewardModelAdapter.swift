package import OgiveCore

/// How the kinds `rerank`, `classify`, `pooling` and `score` are served: by a reward model behind
/// one of the servers that are known.
package struct RewardModelAdapter: ScorerAdapter {
    /// Which of the four.
    package let kind: ScorerSpec.Kind.Name
    /// How `classify` and `pooling` make a text of a pair (`{query}`, `{document}`); `nil` lets
    /// the server apply the model's chat template, one conversation a request.
    package var template: String?
    /// Which server it is; `nil` takes what its pages say.
    package var server: ServerKind?
    /// Whether it is found out at the start that rewards come raw.
    package var checksActivation = true

    /// Takes one of the four kinds.
    package init(_ kind: ScorerSpec.Kind.Name) {
        self.kind = kind
    }

    /// All but the label are no part of the identity.
    package static let keys = [
        ScorerKey("label", of: [.classify, .pooling, .score]),
        ScorerKey("template", of: [.classify, .pooling]),
        ScorerKey("server", of: [.rerank, .classify, .pooling, .score]),
        ScorerKey("check_activation", of: [.rerank, .classify, .pooling, .score]),
    ]
    /// By a server.
    package static let isServed = true

    /// A conversation that the server renders is a request of its own.
    package var sharesRequests: Bool {
        template != nil || kind == .rerank || kind == .score
    }

    /// Reads the keys of all four.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let label = section.text(
            "label",
            "for classify, pooling, score: the label, or its number, if the model has several",
            example: "\"0\"")
        var adapter = RewardModelAdapter(kind)
        adapter.template = section.text(
            "template", "for classify, pooling: one text of prompt and completion",
            example: "\"{query}{document}\"", absent: "the server's chat template")
        let servers = ServerKind.all.filter(\.servesRewards)
        let name = section.word(
            "server", among: servers.map(\.yamlName),
            "for rerank, classify, pooling, score: which server it is",
            example: ServerKind.vLLM.yamlName, absent: "Ogive asks the server")
        adapter.server = servers.first { $0.yamlName == name }
        adapter.checksActivation = section.flag(
            "check_activation", default: true,
            "check at the start whether the server returns raw rewards", presence: .off)
        return ScorerReading(adapter.labelled(label), adapter)
    }

    /// The kind with a label, where it has one.
    private func labelled(_ label: String?) -> ScorerSpec.Kind {
        switch kind {
        case .classify: .classify(label: label)
        case .pooling: .pooling(label: label)
        case .score: .score(label: label)
        default: .rerank
        }
    }

    /// The connection to the server.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        let connection = ServerConnection(
            http: try ConfiguredModels.http(endpoint), model: endpoint.model, kind: server,
            agreed: agreed)
        var settings = PoolingScorer.Settings()
        settings.batchSize = endpoint.batchSize
        settings.connections = endpoint.connections
        // Finds a bad template before the first request.
        settings.template = if let template { try ScoreTemplate(template) } else { nil }
        settings.server = server
        settings.checksActivation = checksActivation
        return RewardModelBackend(
            connection: connection, settings: settings, unlabelled: labelled(nil))
    }
}

private struct RewardModelBackend: ScorerBackend {
    let connection: ServerConnection
    let settings: PoolingScorer.Settings
    let unlabelled: ScorerSpec.Kind

    var server: ServerConnection? { connection }

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        switch spec.kind {
        case .rerank:
            return RerankScorer(
                server: connection, batchSize: settings.batchSize, kind: settings.server,
                checksActivation: settings.checksActivation)
        case .classify(let label): return scorer(.classify, label)
        case .pooling(let label): return scorer(.pooling, label)
        case .score(let label): return scorer(.score, label)
        default: throw spec.misplaced
        }
    }

    private func scorer(_ api: PoolingScorer.API, _ label: String?) -> PoolingScorer {
        var settings = settings
        settings.label = label
        return PoolingScorer(server: connection, api: api, settings: settings)
    }

    /// No label changes it.
    func fingerprint() async throws(ModelError) -> Fingerprint {
        let spec = ScorerSpec(kind: unlabelled, model: connection.model)
        return try await scorer(spec).fingerprint()
    }

    func inspector(for spec: ScorerSpec) -> (any ModelInspector)? {
        switch spec.kind {
        case .classify(let label), .pooling(let label):
            ServerInspector(
                connection,
                use: .scorer(
                    path: "/\(spec.kind.name.rawValue)", template: settings.template,
                    label: label))
        default: ServerInspector(connection, use: .hidden)
        }
    }
}
