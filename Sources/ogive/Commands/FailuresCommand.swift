internal import ArgumentParser
internal import Glibc
internal import OgiveStore

/// `ogive failures list|retry [RUN]`: why draws are missing, and another try.
struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Show why draws and candidates are missing, or have them tried again.",
        discussion: """
            Examples:
              ogive failures list --config config/quickstart.yaml
              ogive failures retry quickstart --code timeout
            """,
        subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

    /// Which failures.
    struct Selection: ParsableArguments {
        @Argument(help: "The run (default: the one of the configuration).")
        var run: String?

        @Option(help: "Only failures of this kind, for example timeout.")
        var code: String?

        @Option(help: "Only failures of this stage: sampling, scoring or logprob.")
        var stage: String?

        @Option(help: ArgumentHelp("Only failures of this prompt.", valueName: "key"))
        var prompt: String?

        @Flag(help: "Print JSON.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        /// The same for the store. Throws `.configuration` for a stage that there is not.
        func filter() throws(CommandError) -> FailureFilter {
            if let stage, !["sampling", "scoring", "logprob"].contains(stage) {
                throw CommandError(
                    .configuration,
                    "--stage must be sampling, scoring or logprob, not '\(stage)'")
            }
            return FailureFilter(code: code, stage: stage, prompt: prompt)
        }
    }

    /// `ogive failures list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show failures: by kind, then one by one.")

        @OptionGroup var selection: Selection

        @Option(help: "Most failures shown one by one.")
        var limit = 20

        func validate() throws {
            if !(0...1_000_000).contains(limit) {
                throw ValidationError("--limit must be in 0…1000000, not \(limit)")
            }
        }

        func run() async throws {
            let configuration = try selection.file.load()
            let name = try configuration.runName(selection.run)
            let filter = try selection.filter()
            let (groups, entries) = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.failures(ofRun: name, filter, limit: limit)
            }
            let lines =
                selection.json
                ? [FailureText.json(name, groups, entries).json]
                : FailureText.lines(name, groups, entries)
            print(lines.joined(separator: "\n"))
        }
    }

    /// `ogive failures retry`.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Forget failures, so that their draws and candidates are tried again.",
            discussion: """
                Mend the cause first: what fails again is a failure again. A draw keeps its seed,
                and what has a reward is never touched.
                """)

        @OptionGroup var selection: Selection

        func run() async throws {
            let configuration = try selection.file.load()
            let name = try configuration.runName(selection.run)
            let filter = try selection.filter()
            let count = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.retryFailures(ofRun: name, filter)
            }
            if selection.json {
                print(
                    JSONValue.object([
                        "run": .string(name), "retried_failures": .number("\(count)"),
                    ]).json)
            } else if count == 0 {
                print("run '\(name)': no such failures; nothing to do")
            } else {
                print(
                    "run '\(name)': \(NumberText.count(count)) failures will be tried again, "
                        + "now if a coordinator serves this database, else with the next "
                        + "`ogive run` or `ogive coordinator`")
            }
        }
    }
}
