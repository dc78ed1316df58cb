internal import ArgumentParser
internal import Glibc

/// `ogive import FILE`: brings prompts into the database.
struct ImportCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import prompts from JSON Lines, a JSON list, Parquet or a folder of datasets.",
        discussion: """
            JSON may be packed with gzip or zstd. Parquet and folders that Hugging Face's
            `datasets` saved are read by the Python package: pip install "ogive[data]".

            Recognised without configuration: {"prompt": "…"}, {"messages": […]},
            {"conversations": […]} of ShareGPT, {"question", "answer"}, preference rows
            (prompt, chosen, rejected), {"prompt", "completion", "label"} of KTO and
            {"prompt", "completions": […]}; anything else by `prompts.fields` of the
            configuration. Importing a file again changes nothing. With bad rows nothing
            is imported, unless --skip-bad-rows says so; the bad ones then go to
            FILE.bad.jsonl.

            Examples:
              ogive import gsm8k-test.jsonl --set gsm8k --config ogive.yaml
              ogive import train.parquet
            Without --set the set has the name of the file, here gsm8k-test; with
            --limit 20 its name is gsm8k-test-first-20.
            """)

    @Argument(help: "The file; - is standard input.", completion: .file())
    var path: String

    @Option(help: "The name of the prompt set. (default: the file's name without extensions)")
    var set: String?

    @Flag(help: "Import the good rows, and write the bad ones to FILE.bad.jsonl.")
    var skipBadRows = false

    @Option(
        help: ArgumentHelp(
            "What the assistant's turn at the end of a chat is: candidate or continue.",
            valueName: "meaning"))
    var lastAssistant: ImportRules.LastAssistant?

    @Option(help: "Import only so many rows of the file, for a trial.")
    var limit: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }
    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if name == nil {
            throw ValidationError("name the set by --set NAME: `\(path)` gives it no name")
        }
    }

    /// The name of the set: the user's, or the file's. A trial gets a set of its own.
    private var name: String? {
        if let set { return set }
        guard let name = PromptsConfiguration.name(of: path) else { return nil }
        return limit.map { "\(name)-first-\($0)" } ?? name
    }

    func run() async throws {
        let configuration = try file.load()
        let name = name ?? ""
        var job = ImportJob(path: path, set: name)
        job.rules = ImportRules(configuration.prompts)
        job.rules.way = .options
        job.rules.lastAssistant = lastAssistant ?? job.rules.lastAssistant
        // The configuration's limit belongs to the set that its name makes.
        job.rules.limit = limit
        job.skipBadRows = skipBadRows || configuration.prompts?.skipBadRows ?? false
        let outcome = try await DatabaseSession.withStore(configuration, makes: true) { store, _ in
            try await job.run(store)
        }
        Output.show(json ? outcome.json.json : outcome.text(set: name))
    }
}

extension ImportRules.LastAssistant: ExpressibleByArgument {}
