internal import ArgumentParser
internal import OgiveCore
internal import OgiveStore

/// `ogive submit CONFIG`: names a run for the coordinator to serve.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Import the prompts of a configuration and submit its run.",
        discussion: """
            Submitting the same again resumes the run; more `draws` top it up. Another policy,
            scorer or parameter makes a new sampling or scoring: give the run another name, or let
            its name move with --repoint.

            Example: ogive submit config/vllm.yaml
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Let the run's name stand for the new specification.")
    var repoint = false

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.withStore(configuration) { store, _ in
            var submission = Submission(configuration: configuration)
            submission.mayRepoint = repoint
            submission.retriesFailures = retryFailures || configuration.run?.retryFailures ?? false
            let result = try await submission.run(store)
            print(json ? result.json.json : result.lines.joined(separator: "\n"))
        }
    }
}
