internal import ArgumentParser
internal import OgiveStore

extension Adoption.Uneven: ExpressibleByArgument {}

/// `ogive adopt FILE`: completions, and rewards, that others made.
struct AdoptCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Import completions, and rewards, that others sampled, as a run.",
        discussion: """
            FILE is JSON Lines, a JSON list or Parquet. Recognised without configuration:
            rows with `ref_completions` and `ref_rewards`, with `completions` and
            `rewards`, with one `completion` and its `reward`, datatrove's inference
            results and NeMo Gym's rollouts; anything else by `adopt.fields` of the
            configuration. The rest of a row is its prompt, read as `ogive import` does.

            The run is marked as adopted wherever it is shown: nothing proves who sampled
            the completions, there are no seeds and no fingerprint. It can be rescored,
            queried, snapshotted and exported, and never gets more draws. The same command
            again changes nothing, or goes on where it broke off.

            Examples:
              ogive adopt ref.jsonl --run ref --model org/policy --reward-model org/reward
              ogive rescore ref --scorer other.yaml
            """)

    @Argument(help: "The file.", completion: .file())
    var path: String

    @Option(help: "The name of the run.")
    var run: String

    @Option(help: "The policy that made the completions, as you know it.")
    var model: String

    @Option(help: "Tells two versions of that policy apart.")
    var revision: String?

    @Option(help: "What gave the rewards, as you know it. (default: unknown)")
    var rewardModel: String?

    @Option(help: "The name of the prompt set. (default: the file's name without extensions)")
    var set: String?

    @Option(
        help: ArgumentHelp(
            "What becomes of prompts with fewer completions than others: refuse the file, or "
                + "count what is missing as failures.",
            valueName: "refuse|failures"))
    var uneven = Adoption.Uneven.refuse

    @Option(
        help: ArgumentHelp(
            "What the assistant's turn at the end of a chat is: candidate or continue.",
            valueName: "meaning"))
    var lastAssistant: ImportRules.LastAssistant?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func validate() throws {
        if path == "-" {
            throw ValidationError(
                "name a file: its SHA-256 says where the completions come from")
        }
        for (name, value) in [
            ("run", run), ("model", model), ("reward-model", rewardModel ?? "unknown"),
        ] where !(1...200).contains(value.utf8.count) {
            throw ValidationError("--\(name) must have 1 to 200 bytes")
        }
        if name == nil {
            throw ValidationError("name the set by --set NAME: `\(path)` gives it no name")
        }
    }

    /// The name of the set: the user's, or the file's.
    private var name: String? { self.set ?? PromptsConfiguration.name(of: path) }

    func run() async throws {
        let configuration = try file.load()
        var rules = ImportRules(configuration.prompts)
        rules.way = .options
        rules.lastAssistant = lastAssistant ?? rules.lastAssistant
        // A part of the file would have the name of the whole.
        rules.limit = nil
        let map = configuration.adopt?.fields
        rules.adoption = AdoptionShape(map: map)
        var adoption = Adoption(run: run, promptSet: name ?? "", model: model)
        adoption.revision = revision
        adoption.rewardModel = rewardModel ?? adoption.rewardModel
        adoption.fields = map?.identity
        adoption.uneven = uneven
        let job = AdoptJob(path: path, rules: rules, adoption: adoption)
        let outcome = try await DatabaseSession.withStore(configuration, makes: true) { store, _ in
            try await job.run(store)
        }
        Output.show(json ? [outcome.json.json] : outcome.lines)
    }
}
