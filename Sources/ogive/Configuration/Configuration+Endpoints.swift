internal import OgiveCore
internal import OgiveModels

extension EndpointConfiguration {
    /// Where requests go: to the server that was launched, to the addresses of the file, or,
    /// where the adapter needs no server, nowhere.
    fileprivate func places(launched: String?) -> [EndpointAddress?] {
        if let launched {
            return [EndpointAddress(url: launched, apiKey: apiKey, limits: limits)]
        }
        return addresses.isEmpty ? [nil] : addresses
    }
}

extension PolicyConfiguration {
    /// Where the policy is served, keys included. `launched` is the address of the server
    /// that was launched for it. Throws `.configuration` when a key is missing.
    func endpoints(
        launched: String?, connections: Int, environment: [String: String]
    ) throws(CommandError) -> [PolicyEndpoint] {
        var endpoints: [PolicyEndpoint] = []
        for place in endpoint.places(launched: launched) {
            var result = PolicyEndpoint(kind: spec.kind, model: spec.model, url: place?.url)
            result.apiKey = try place?.apiKey?.value(in: environment)
            result.limits = place?.limits ?? endpoint.limits
            result.requestTimeout = endpoint.requestTimeout
            result.caFile = endpoint.caFile
            result.server = server
            result.drawsPerRequest = drawsPerRequest
            result.connections = connections
            endpoints.append(result)
        }
        return endpoints
    }
}

extension ScorerConfiguration {
    /// Where the scorer is served, keys included. `launched` is the address of the server
    /// that was launched for it. Throws `.configuration` when a key is missing.
    func endpoints(
        launched: String?, connections: Int, environment: [String: String]
    ) throws(CommandError) -> [ScorerEndpoint] {
        var endpoints: [ScorerEndpoint] = []
        for place in endpoint.places(launched: launched) {
            var result = ScorerEndpoint(
                try adapterWithParts(connections: connections, environment: environment),
                model: spec.model, url: place?.url)
            result.apiKey = try place?.apiKey?.value(in: environment)
            result.limits = place?.limits ?? endpoint.limits
            result.requestTimeout = endpoint.requestTimeout
            result.caFile = endpoint.caFile
            result.batchSize = batchSize
            result.connections = connections
            endpoints.append(result)
        }
        return endpoints
    }

    /// How its kind is served, with the parts of a weighted sum.
    private func adapterWithParts(
        connections: Int, environment: [String: String]
    ) throws(CommandError) -> any ScorerAdapter {
        guard case .weighted = spec.kind else { return adapter }
        var known: [String: ScorerEndpoint] = [:]
        for part in parts {
            known[part.name] = try part.scorer.endpoints(
                launched: nil, connections: connections, environment: environment
            ).first
        }
        return WeightedAdapter(parts: known)
    }
}
