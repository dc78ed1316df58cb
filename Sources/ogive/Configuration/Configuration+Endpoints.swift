internal import OgiveCore
internal import OgiveModels

extension LaunchConfiguration {
    /// The server as its supervisor takes it.
    var serverSpec: ModelServerSpec {
        var spec = ModelServerSpec(argv: command)
        spec.environment = environment
        spec.workingDirectory = directory
        spec.healthPath = health
        spec.startTimeout = startupTimeout
        spec.grace = stopTimeout
        spec.logFile = log
        spec.restartsMax = restartsMax
        return spec
    }
}

extension PolicyConfiguration {
    /// Where the policy is served, its key included. `launched` is the address of the server
    /// that was launched for it. Throws `.configuration` when the key is missing.
    func endpoint(
        launched: String?, connections: Int, environment: [String: String]
    ) throws(CommandError) -> PolicyEndpoint {
        var result = PolicyEndpoint(
            kind: spec.kind, model: spec.model, url: launched ?? endpoint.url)
        result.apiKey = try endpoint.apiKey?.value(in: environment)
        result.requestTimeout = endpoint.requestTimeout
        result.drawsPerRequest = drawsPerRequest
        result.connections = connections
        return result
    }
}

extension ScorerConfiguration {
    /// Where the scorer is served, its key included. `launched` is the address of the server
    /// that was launched for it. Throws `.configuration` when the key is missing.
    func endpoint(
        launched: String?, connections: Int, environment: [String: String]
    ) throws(CommandError) -> ScorerEndpoint {
        var result = ScorerEndpoint(
            kind: spec.kind, model: spec.model, url: launched ?? endpoint.url)
        result.apiKey = try endpoint.apiKey?.value(in: environment)
        result.requestTimeout = endpoint.requestTimeout
        result.batchSize = batchSize
        result.connections = connections
        result.template = template
        result.argv = command
        if spec.kind == .command {
            result.environment = self.environment
            result.workingDirectory = directory
        }
        return result
    }
}
