internal import ArgumentParser
internal import OgiveCore
internal import OgiveStore

/// `ogive submit CONFIG`: names a run for the coordinator to serve.
struct SubmitCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Import the prompts of a configuration and submit its run.",
        discussion: """
            Submitting the same again resumes the run; more `draws` top it up. Another
            policy or parameter makes a new sampling, another scorer a new scoring: the
            run's name stands for it from then on, and the former results stay and are
            found again with the former configuration.

            Example: ogive submit config/vllm.yaml
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.withStore(configuration, makes: true) { store, _ in
            var submission = Submission(configuration: configuration)
            submission.retriesFailures = retryFailures || configuration.run?.retryFailures ?? false
            let result = try await submission.run(store)
            print(json ? result.json.json : result.lines.joined(separator: "\n"))
        }
    }
}
