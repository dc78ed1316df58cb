internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight
internal import OgiveWorker

/// The models of a configuration: servers that Ogive starts, and adapters for what is served.
struct ModelWiring {
    /// Servers to be run beside the worker, in the order policy, scorer.
    let servers: [ModelServer]
    private let policy: PolicyConfiguration?
    private let scorer: ScorerConfiguration?
    private let sampleConnections: Int
    private let scoreConnections: Int
    private let policyURL: String?
    private let scorerURL: String?

    /// Reads the sections `policy`, which may be missing, and `scorer`. With addresses given, or
    /// without `launches`, nothing is started.
    init(
        _ configuration: Configuration, policyURL: String? = nil, scorerURL: String? = nil,
        launches: Bool = true
    ) throws {
        guard let scorer = configuration.scorer else {
            throw CommandError(
                .configuration,
                "\(configuration.source) lacks `scorer`: a worker serves a scorer, and a policy "
                    + "unless it only scores what is stored")
        }
        let policy = configuration.policy
        self.policy = policy
        self.scorer = scorer
        // A task may need several requests at once, when its draws are not consecutive.
        sampleConnections = configuration.worker.work.sampleConcurrency.most * 2
        scoreConnections = configuration.worker.work.scoreConcurrency.most * 4
        let policyLaunch = launches && policyURL == nil ? policy?.endpoint.launch : nil
        let scorerLaunch = launches && scorerURL == nil ? scorer.endpoint.launch : nil
        let launched = [policyLaunch, scorerLaunch].count { $0 != nil }
        let policyServer = try policyLaunch.map {
            try Self.server($0, "policy", configuration, sharedBy: launched)
        }
        let scorerServer = try scorerLaunch.map {
            try Self.server($0, "scorer", configuration, sharedBy: launched)
        }
        servers = [policyServer, scorerServer].compactMap(\.self)
        self.policyURL = policyURL ?? policyServer?.url
        self.scorerURL = scorerURL ?? scorerServer?.url
    }

    /// The policy of a configuration alone, whose scorer is not started.
    init(policyOf configuration: Configuration) throws {
        guard let policy = configuration.policy else {
            throw CommandError(
                .configuration,
                "\(configuration.source) lacks `policy`: whose log-probabilities are checked?")
        }
        self.policy = policy
        scorer = nil
        sampleConnections = configuration.worker.work.sampleConcurrency.most * 2
        scoreConnections = 0
        let server = try policy.endpoint.launch.map {
            try Self.server($0, "policy", configuration, sharedBy: 1)
        }
        servers = [server].compactMap(\.self)
        policyURL = server?.url
        scorerURL = nil
    }

    /// The options that tell another process of this program where the launched servers are.
    var addresses: [String] {
        (policyURL.map { ["--policy-url", $0] } ?? [])
            + (scorerURL.map { ["--scorer-url", $0] } ?? [])
    }

    /// Waits until the servers are healthy.
    func waitUntilHealthy() async throws {
        for server in servers { try await server.waitUntilHealthy() }
    }

    /// From now on no server is started again when it dies.
    func retire() {
        for server in servers { server.retire() }
    }

    /// Returns when a server died after `retire()`, or the task is cancelled.
    func untilOneIsGone() async {
        await withTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { await server.untilGone() } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits until the servers answer, also those that died and are started again.
    func waitUntilAnswering() async throws {
        for server in servers { try await server.waitUntilAnswering() }
    }

    /// How a preflight waits for launched servers; `nil` without any.
    var restarted: ServerWait.Restarted? {
        if servers.isEmpty { return nil }
        return { try await waitUntilAnswering() }
    }

    /// The adapters.
    func provider() throws -> ConfiguredModels {
        let environment = Environment.current
        let policies = try policy?.endpoints(
            launched: policyURL, connections: sampleConnections, environment: environment)
        let scorers = try scorer?.endpoints(
            launched: scorerURL, connections: scoreConnections, environment: environment)
        return try ConfiguredModels(policies: policies ?? [], scorers: scorers ?? [])
    }

    private static func server(
        _ launch: ModelServerSpec, _ section: String, _ configuration: Configuration,
        sharedBy servers: Int
    ) throws -> ModelServer {
        if let problem = launch.problem("\(section).launch", configuration.source) {
            throw CommandError(.configuration, problem)
        }
        return try ModelServer(
            launch.sharing(with: servers),
            supervisor: [Executable.path, "supervise", "--"])
    }
}
