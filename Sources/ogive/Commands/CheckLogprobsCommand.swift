internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgiveStore

/// `ogive check-logprobs RUN`: whether the model server still says what is stored.
struct CheckLogprobsCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-logprobs",
        abstract: "Compare stored log-probabilities with those that the model server gives now.",
        discussion: """
            Gives some stored draws of RUN back to the policy of the configuration, which
            must be RUN's, and compares log π_ref(y|x): before a long training, after an
            update of the server, or with another server for the same weights. Nothing is
            stored. Draws that ended are taken, of prompts spread over the run; those whose
            text has another number of tokens than was sampled are left out and counted.

            With --transformers the weights in a folder take the server's place: the Python
            package compares with a forward pass, as a trainer makes it, in tokens of the
            folder's tokeniser and chat template (pip install "ogive[transformers]").

            Exit code 1 when a draw differs by more than --tolerance nats a token, or none
            could be compared. The server must give the log-probability of a given text:
            vLLM and SGLang do.

            Examples:
              ogive check-logprobs reference --config config/vllm.yaml
              ogive check-logprobs reference -o policy.url=http://10.0.0.7:8000 --json
              ogive check-logprobs reference --transformers ./model
            """)

    @Argument(help: "The run (default: the configuration's).")
    var name: String?

    @Option(help: "How many draws are compared at most.")
    var draws = 32

    @Option(help: "How many nats a token a draw may differ by.")
    var tolerance = 0.02

    @Option(help: "How many draws are listed, those that differ most first.")
    var list = 5

    @Option(
        help: ArgumentHelp(
            "Compare with these weights: a folder, or a name of Hugging Face's hub.",
            valueName: "model"))
    var transformers: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    /// Most draws of one prompt, so that several prompts are looked at.
    private static let eachMax = 2
    private static let drawsMax = 10_000

    func run() async throws {
        guard (1...Self.drawsMax).contains(draws), (0...Self.drawsMax).contains(list) else {
            throw CommandError(
                .configuration, "--draws must be in 1...\(Self.drawsMax), --list at least 0")
        }
        guard tolerance >= 0, tolerance.isFinite else {
            throw CommandError(.configuration, "--tolerance must be at least 0")
        }
        let configuration = try file.load()
        if let transformers {
            return try await compare(with: transformers, try configuration.runName(name))
        }
        let models = try ModelWiring(policyOf: configuration)
        let report = try await DatabaseSession.withStore(configuration) { store, _ in
            let name = try await configuration.runName(name, in: store)
            let run = try await store.run(named: name)
            try Self.check(run)
            let stored = try await store.storedLogProbabilities(
                of: run.sampling, most: draws, each: Self.eachMax)
            let meant = run.spec.scoring.sampling.policy
            // The provider would say that no worker can serve the run.
            let isServed = configuration.policy.map {
                $0.spec.kind == meant.kind && $0.spec.model == meant.model
            }
            guard isServed == true,
                let policy = try models.provider().policies(for: meant).first?.model
            else {
                throw CommandError(
                    .configuration,
                    "the `policy` of \(configuration.source) is not "
                        + "\(meant.model), which run '\(name)' sampled")
            }
            return try await DoctorCommand.withServers(models) {
                try await LogProbabilityCheck(policy: policy, draws: stored)
                    .compare(of: run, tolerance: tolerance)
            }
        }
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        Output.show(
            json
                ? [report.json(most: list).json]
                : report.lines(most: list, width: style.width).map(style.shown))
        guard report.agrees else { throw ExitCode.failure }
    }

    /// Lets the Python package compare the draws of a run with weights in a folder.
    private func compare(with model: String, _ run: String) async throws {
        var program = try PsqlCommand.parse([])
        program.file = file
        program.program = PythonTable.interpreter(Environment.current)
        // A name or a folder may begin with a hyphen.
        program.arguments =
            ["-m", "ogive.transformers", "--draws", "\(draws)", "--tolerance", "\(tolerance)"]
            + ["--list", "\(list)"] + (json ? ["--json"] : []) + ["--", run, model]
        try await program.run()
    }

    /// Throws when what is stored cannot be compared with anything.
    private static func check(_ run: RunDescription) throws(CommandError) {
        let sampling = run.spec.scoring.sampling
        if sampling.policy.isAdopted {
            throw CommandError(
                .configuration,
                "the completions of run '\(run.spec.name)' were adopted: they have no "
                    + "log-probabilities")
        }
        if sampling.policy.logProbabilities == .none {
            throw CommandError(
                .configuration,
                "run '\(run.spec.name)' stored no log-probabilities of draws: its policy.logprobs "
                    + "is none")
        }
        if !sampling.parameters.stop.isEmpty {
            throw CommandError(
                .configuration,
                "run '\(run.spec.name)' has sampling.stop: its log-probabilities count the tokens "
                    + "of stop texts, which the stored texts do not have")
        }
    }
}
