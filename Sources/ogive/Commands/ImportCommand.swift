internal import ArgumentParser
internal import Glibc

/// `ogive import FILE --set NAME`: brings prompts into the database.
struct ImportCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import prompts from JSON Lines, plain or gzip.",
        discussion: """
            Recognised without configuration: {"prompt": "…"}, {"messages": […]},
            {"question", "answer"}, preference rows (prompt, chosen, rejected) and
            {"prompt", "completions": […]}; anything else by `prompts.fields` of the
            configuration. Importing a file again changes nothing. With bad rows nothing
            is imported, unless --skip-bad-rows says so; the bad ones then go to
            FILE.bad.jsonl.

            Example: ogive import gsm8k-test.jsonl --set gsm8k --config ogive.yaml
            """)

    @Argument(help: "The file; - is standard input.", completion: .file())
    var path: String

    @Option(help: "The name of the prompt set.")
    var set: String

    @Flag(help: "Import the good rows, and write the bad ones to FILE.bad.jsonl.")
    var skipBadRows = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        var job = ImportJob(path: path, set: set)
        job.fields = configuration.prompts?.fields
        job.skipBadRows = skipBadRows
        job.lineBytesMax = configuration.prompts?.lineBytesMax ?? job.lineBytesMax
        let outcome = try await DatabaseSession.withStore(configuration, makes: true) { store, _ in
            try await job.run(store)
        }
        print(json ? outcome.json.json : outcome.text(set: set))
    }
}
