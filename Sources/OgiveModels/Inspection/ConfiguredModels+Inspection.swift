package import OgiveCore

extension ConfiguredModels {
    /// What lets one see the policies' tokens, for each endpoint in order; `nil` where there is no
    /// server.
    package func inspectors(for spec: PolicySpec) -> [(any ModelInspector)?] {
        policies.filter { $0.endpoint.kind == spec.kind && $0.endpoint.model == spec.model }
            .map { _, server in server.map { ServerInspector($0, use: .policy(spec.api)) } }
    }

    /// The same for scorers.
    package func inspectors(for spec: ScorerSpec) -> [(any ModelInspector)?] {
        scorers.filter { $0.endpoint.kind == spec.kind.name && $0.endpoint.model == spec.model }
            .map { endpoint, backend in
                guard case .server(let server) = backend else { return nil }
                let label: String?
                switch spec.kind {
                case .classify(let name), .pooling(let name): label = name
                default: return ServerInspector(server, use: .hidden)
                }
                // Checked when the configuration was read.
                let template = endpoint.template.flatMap { try? ScoreTemplate($0) }
                return ServerInspector(
                    server,
                    use: .scorer(
                        path: "/\(endpoint.kind.rawValue)", template: template, label: label))
            }
    }
}
