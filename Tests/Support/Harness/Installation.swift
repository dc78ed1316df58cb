internal import Glibc

/// Coordinator, workers, PostgreSQL and scripted models of one test, as processes of their own.
package final class Installation {
    /// Its folder.
    package let workspace: Workspace
    /// What it is to do.
    package let plan: Plan
    /// Its database server.
    package let postgres: PostgresServer
    /// Its policy and reward model.
    package let models: ScriptedModels
    /// Between the coordinator and PostgreSQL, if the plan has it.
    package let databaseProxy: FaultProxy?
    /// Between the workers and the coordinator, if the plan has it.
    package let coordinatorProxy: FaultProxy?
    /// Where the coordinator listens.
    package let port: Int
    /// The coordinator that was started last.
    package private(set) var coordinator: Program?
    /// The workers by name; of each name the one that was started last.
    package private(set) var workers: [String: Program] = [:]

    private let config: String

    /// Runs `body` with a run submitted, and nothing started but PostgreSQL and the models.
    /// `prefix` is what the command of PostgreSQL begins with.
    package static func with(
        _ template: PostgresTemplate, _ plan: Plan, prefix: [String] = [],
        _ body: (Installation) async throws -> Void
    ) async throws {
        try await Workspace.with { workspace in
            let postgres = try await template.server(workspace)
            try await postgres.start(prefix: prefix)
            let installation = try await Installation(workspace, postgres, plan)
            try await workspace.ogive(["submit", installation.config])
            do {
                try await body(installation)
                try await installation.stopProxies()
            } catch {
                try await installation.stopProxies()
                throw Unexpected("\(error)\n\(installation.transcript)")
            }
        }
    }

    private init(
        _ workspace: Workspace, _ postgres: PostgresServer, _ plan: Plan
    ) async throws {
        self.workspace = workspace
        self.postgres = postgres
        self.plan = plan
        port = try Port.free()
        models = try await ScriptedModels(workspace, prefix: plan.modelsPrefix)
        databaseProxy = plan.proxiesDatabase ? try await FaultProxy.start(to: postgres.port) : nil
        coordinatorProxy = plan.proxiesCoordinator ? try await FaultProxy.start(to: port) : nil
        try workspace.write("prompts.jsonl", (0..<plan.prompts).map(plan.line).joined())
        config = try workspace.write(
            "config.yaml",
            Self.configuration(
                workspace, plan, port: port,
                database: postgres.database(at: databaseProxy?.port ?? postgres.port),
                models: models.url(client: "none")))
    }

    /// The configuration as an argument, with the plan's own settings.
    private var arguments: [String] { [config] + plan.settings.flatMap { ["-o", $0] } }

    /// Asks for another number of draws of each prompt.
    package func submit(draws: Int) async throws {
        let direct = ["-o", "database.url=\(postgres.database.url)", "-o", "run.draws=\(draws)"]
        try await workspace.ogive(["submit"] + arguments + direct)
    }

    /// Starts a coordinator. `prefix` is what its command begins with.
    @discardableResult
    package func startCoordinator(
        settings: [String] = [], prefix: [String] = []
    ) throws -> Program {
        let program = try workspace.run(
            prefix + [try Checkout.program, "coordinator"] + arguments
                + settings.flatMap { ["-o", $0] })
        coordinator = program
        return program
    }

    /// Starts workers.
    package func startWorkers(_ names: String...) throws {
        for name in names { try startWorker(name) }
    }

    /// Starts a worker. Its name is its client name at the models. Without another `address` it
    /// connects by way of the proxy, if there is one.
    @discardableResult
    package func startWorker(
        _ name: String, address: String? = nil, settings: [String] = [], prefix: [String] = []
    ) throws -> Program {
        let url = models.url(client: name)
        let own = "tcp://127.0.0.1:\(coordinatorProxy?.port ?? port)"
        let overrides =
            [
                "policy.url=\(url)", "scorer.url=\(url)", "worker.name=\(name)",
                "worker.connect=\(address ?? own)",
            ] + settings
        let program = try workspace.run(
            prefix + [try Checkout.program, "worker"] + arguments
                + overrides.flatMap { ["-o", $0] })
        workers[name] = program
        return program
    }

    /// How many rewards have landed.
    package func landed() async throws -> Int { try await postgres.database.landed() }

    /// How many draws there are to be.
    package var total: Int { plan.prompts * plan.draws }

    /// Waits until the run is finished.
    package func finished(within limit: Duration = .seconds(300)) async throws {
        try await eventually("the run to finish", within: limit) {
            try await postgres.database.value("SELECT state FROM ogive.runs") == "finished"
        }
    }

    /// Holds the set of what was submitted against the set of what is there, by SQL and by
    /// `ogive audit`. Throws when they differ.
    package func check() async throws {
        try await postgres.database.checkSets()
        try await workspace.ogive(
            ["audit", "--config", config]
                + patientSettings.flatMap { ["-o", $0] })
    }

    /// The plan's settings, for a command that reads and is not what the plan is about: it waits
    /// for a starved server as long as it takes.
    private var patientSettings: [String] {
        plan.settings + ["database.connect_timeout=60s", "database.statement_timeout=5m"]
    }

    /// What `ogive status` prints.
    package func status(json: Bool = true) async throws -> String {
        let settings = patientSettings.flatMap { ["-o", $0] }
        return try await workspace.ogive(
            ["status", "--config", config] + settings + (json ? ["--json"] : [])
        ).output
    }

    /// The tables and draws by prompt; see `Database.tables`.
    package func tables() async throws -> [String: String] {
        try await postgres.database.tables()
    }

    /// What everybody said, for a message about a failure.
    package var transcript: String {
        let programs = [coordinator].compactMap(\.self) + workers.values
        let models = "\(models.script)"
        return programs.map { String($0.transcript.suffix(6000)) }.joined(separator: "\n")
            + "\n\(models)\n" + postgres.transcript.suffix(3000)
    }

    private func stopProxies() async throws {
        try await databaseProxy?.stop()
        try await coordinatorProxy?.stop()
    }

    private static func configuration(
        _ workspace: Workspace, _ plan: Plan, port: Int, database: Database, models: String
    ) -> String {
        """
        run: {name: faults, draws: \(plan.draws)}
        prompts: {file: \(workspace.path("prompts.jsonl")), set: faults}
        policy:
          kind: openai
          model: scripted
          api: chat
          sampling: {max_tokens: 64}
          draws_per_request: 4
          request_timeout: 60s
          url: \(models)
        scorer:
          kind: classify
          model: scripted
          template: "{query}\\n{document}"
          batch_size: 8
          request_timeout: 60s
          url: \(models)
        database:
          url: "\(database.url)"
          connect_timeout: 10s
          statement_timeout: 20s
        coordinator:
          listen: tcp://127.0.0.1:\(port)
          term_expiry: 3s
          renew_interval: 500ms
          poll_interval: 100ms
          heartbeat_interval: 200ms
          silence_max: 1500ms
          lease_duration: 20s
          draws_per_task: 4
        worker:
          sample_concurrency: 4
          score_concurrency: 2
          prefetch: 4
          resend_after: 500ms
          drain_timeout: 5s
        log: {level: info}
        """
    }
}
