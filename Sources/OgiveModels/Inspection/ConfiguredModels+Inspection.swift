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
        scorers.filter { $0.endpoint.serves(spec) }.map { $0.backend.inspector(for: spec) }
    }
}
