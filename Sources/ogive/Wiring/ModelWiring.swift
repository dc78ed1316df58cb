internal import OgiveCore
internal import OgiveModels

/// The models of a configuration: servers that Ogive starts, and adapters for what is served.
struct ModelWiring {
    /// Servers to be run beside the worker, in the order policy, scorer.
    let servers: [ModelServer]
    private let policy: PolicyConfiguration
    private let scorer: ScorerConfiguration
    private let attemptsMax: Int
    private let policyURL: String?
    private let scorerURL: String?

    /// Reads the sections `policy` and `scorer`. With addresses given, nothing is started.
    init(
        _ configuration: Configuration, policyURL: String? = nil, scorerURL: String? = nil
    ) throws {
        guard let policy = configuration.policy, let scorer = configuration.scorer else {
            throw CommandError(
                .configuration,
                "\(configuration.source) lacks `policy` or `scorer`: a worker serves both")
        }
        self.policy = policy
        self.scorer = scorer
        attemptsMax = configuration.worker.attemptsMax
        let policyServer = try Self.server(policy.endpoint, given: policyURL)
        let scorerServer = try Self.server(scorer.endpoint, given: scorerURL)
        servers = [policyServer, scorerServer].compactMap(\.self)
        self.policyURL = policyURL ?? policyServer?.url ?? policy.endpoint.url
        self.scorerURL = scorerURL ?? scorerServer?.url ?? scorer.endpoint.url
    }

    /// The options that tell another process of this program where the servers are.
    var addresses: [String] {
        (policyURL.map { ["--policy-url", $0] } ?? [])
            + (scorerURL.map { ["--scorer-url", $0] } ?? [])
    }

    /// Waits until the servers are healthy.
    func waitUntilHealthy() async throws {
        for server in servers { try await server.waitUntilHealthy() }
    }

    /// The adapters.
    func provider() throws -> ConfiguredModels {
        var policies = PolicyEndpoint(
            kind: policy.spec.kind, model: policy.spec.model, url: policyURL)
        policies.apiKey = try policy.endpoint.apiKey?.value(in: Environment.current)
        policies.requestTimeout = policy.endpoint.requestTimeout
        policies.drawsPerRequest = policy.drawsPerRequest
        var scorers = ScorerEndpoint(
            kind: scorer.spec.kind, model: scorer.spec.model, url: scorerURL)
        scorers.apiKey = try scorer.endpoint.apiKey?.value(in: Environment.current)
        scorers.requestTimeout = scorer.endpoint.requestTimeout
        scorers.batchSize = scorer.batchSize
        scorers.argv = scorer.command
        var retrying = Retrying()
        retrying.rule.attemptsMax = attemptsMax
        return try ConfiguredModels(policies: [policies], scorers: [scorers], retrying: retrying)
    }

    private static func server(
        _ endpoint: EndpointConfiguration, given url: String?
    ) throws -> ModelServer? {
        guard url == nil, let launch = endpoint.launch else { return nil }
        var spec = ModelServerSpec(argv: launch.command)
        spec.environment = launch.environment
        spec.workingDirectory = launch.directory
        spec.healthPath = launch.health
        spec.startTimeout = launch.startupTimeout
        spec.logFile = launch.log
        return try ModelServer(spec, supervisor: [Executable.path, "supervise", "--"])
    }
}
