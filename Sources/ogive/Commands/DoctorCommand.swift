internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight

/// `ogive doctor CONFIG`: looks at everything that a run will need, and changes nothing.
struct DoctorCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what would make a run fail, or its rewards wrong, before it starts.",
        discussion: """
            Asks the policy for 70 to 100 draws, most of them short, and the scorer for
            about 50 scores. Then loads both for at most 6 seconds. Looks at the database,
            and says what it found and what to do. Nothing is stored. Starts servers that
            the configuration launches, and stops them. If there are errors among the
            findings, the exit code is 3 when all of them say that a server is not there,
            2 when servers refuse the key or the model, and else 1. `ogive run` looks at
            the models by itself; the documentation's page Preflight explains every
            finding.

            Examples:
              ogive doctor config/quickstart.yaml
              ogive doctor config.yaml -o policy.url=http://10.0.0.7:8000 --json
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Print JSON: an object with the list `findings`.")
    var json = false

    @OptionGroup var time: PreflightTime

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        try configuration.prompts?.requireFile()
        var findings: [Finding] = []
        let sample = try await Self.sample(configuration, &findings)
        findings += SampleDoctor(configuration: configuration, sample: sample).examine()
        let models = try ModelWiring(configuration)
        var report = ModelDoctor.Report()
        // What else there is to find is found without it.
        var unlaunched: ModelError?
        do {
            report = try await Self.withServers(models) {
                try await ModelDoctor(
                    configuration: configuration, provider: models.provider(), sample: sample,
                    shared: SharedTime(time.total), restarted: models.restarted
                ).examine()
            }
        } catch let error as ModelError where !models.servers.isEmpty {
            unlaunched = error
        }
        findings += report.findings
        findings += LaunchDoctor(configuration: configuration).examine()
        findings += await EnvironmentDoctor(
            configuration: configuration, bytes: sample.count > 0 ? report.estimate?.bytes : nil,
            badRowsTold: sample.bad.count
        ).examine()
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        if json {
            Output.show(ExactJSON.output(["findings": .array(findings.map(\.json))]).json)
        } else {
            Output.show(FindingText(style: style).lines(findings))
        }
        if let unlaunched { throw unlaunched }
        if let code = Self.exitCode(of: findings) { throw code }
    }

    /// The exit code that errors among the findings have, as `ogive run` would have it; `nil`
    /// without any.
    static func exitCode(of findings: [Finding]) -> ExitCode? {
        let causes = Set(findings.filter { $0.severity == .error }.map(\.cause))
        if causes.isEmpty { return nil }
        if causes.contains(nil) { return .failure }
        return causes.contains(.configuration) ? .misconfigured : .unavailable
    }

    /// The prompts of the configuration, or questions of our own.
    static func sample(
        _ configuration: Configuration, _ findings: inout [Finding]
    ) async throws -> PromptSample {
        if let prompts = configuration.prompts, let sample = try await PromptSample.read(prompts) {
            let file = prompts.file ?? prompts.set ?? configuration.source
            let count = NumberText.count(sample.count, "prompt")
            let isEmpty = sample.prompts.isEmpty
            if !isEmpty {
                findings.append(
                    Finding(
                        .ok, .prompts, at: file,
                        sample.isWhole ? count : "about \(count), of which the first were read"))
            }
            findings += PromptSetDoctor(prompts: prompts).badRows(
                sample.bad, of: file, isAll: isEmpty)
            return isEmpty ? .ownQuestions : sample
        }
        findings.append(
            Finding(
                .note, .prompts, at: configuration.prompts?.set ?? configuration.source,
                "no file of prompts: questions of Ogive's own are asked"))
        return .ownQuestions
    }

    /// Runs `body` while the servers run that the configuration launches.
    static func withServers<Value: Sendable>(
        _ models: ModelWiring, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            for server in models.servers {
                group.addTask {
                    try await server.run()
                    return nil
                }
            }
            group.addTask {
                try await models.waitUntilHealthy()
                return try await body()
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CommandError(.interrupted, "interrupted")
        }
    }
}
