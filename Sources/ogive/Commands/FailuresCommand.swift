internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

extension ModelError.Code: ExpressibleByArgument {}
extension Failure.Stage: ExpressibleByArgument {}

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
        var code: ModelError.Code?

        @Option(help: "Only failures of this stage: sampling, scoring or logprob.")
        var stage: Failure.Stage?

        @Option(help: ArgumentHelp("Only failures of this prompt.", valueName: "key|number"))
        var prompt: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        /// The same for the store. Throws when there is no such prompt.
        func filter(_ run: String, _ store: PostgresStore) async throws -> FailureFilter {
            var filter = FailureFilter(code: code?.rawValue, stage: stage?.rawValue)
            if let prompt { filter.prompt = try await store.prompt(ofRun: run, meant: prompt).key }
            return filter
        }
    }

    /// `ogive failures list`.
    struct List: ConfiguredCommand {
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

        func configurationFile() throws(CommandError) -> ConfigurationFile {
            try selection.file.file()
        }

        var givenRun: String? { selection.run }

        func run() async throws {
            let configuration = try selection.file.load()
            let (name, (groups, entries)) = try await DatabaseSession.withStore(configuration) {
                store, _ in
                let name = try await configuration.runName(selection.run, in: store)
                return (
                    name,
                    try await store.failures(
                        ofRun: name, try await selection.filter(name, store), limit: limit)
                )
            }
            let lines =
                selection.json
                ? [FailureText.json(name, groups, entries).json]
                : FailureText.lines(name, groups, entries)
            Output.show(lines)
        }
    }

    /// `ogive failures retry`.
    struct Retry: ConfiguredCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Forget failures, so that their draws and candidates are tried again.",
            discussion: """
                Fix the cause first: what fails again is a failure again. A draw keeps its
                seed, and what has a reward is never touched.
                """)

        @OptionGroup var selection: Selection

        func configurationFile() throws(CommandError) -> ConfigurationFile {
            try selection.file.file()
        }

        var givenRun: String? { selection.run }

        func run() async throws {
            let configuration = try selection.file.load()
            let (name, count) = try await DatabaseSession.withStore(configuration) { store, _ in
                let name = try await configuration.runName(selection.run, in: store)
                return (
                    name,
                    try await store.retryFailures(
                        ofRun: name, try await selection.filter(name, store))
                )
            }
            if selection.json {
                Output.show(
                    ExactJSON.output([
                        "run": .string(name), "retried_failures": .number("\(count)"),
                    ]).json)
            } else if count == 0 {
                Output.show("run '\(name)': no such failures; nothing to do")
            } else {
                Output.show(
                    try selection.file.file().completing(
                        "run '\(name)': \(NumberText.count(count, "failure")) will be tried again, "
                            + "now if a coordinator serves this database, else with the next "
                            + "`ogive run` or `ogive coordinator`"))
            }
        }
    }
}

/// Failures of a run, for people and scripts.
enum FailureText {
    /// By kind, then one by one.
    static func lines(
        _ run: String, _ groups: [FailureGroup], _ entries: [FailureEntry]
    ) -> [String] {
        guard !groups.isEmpty else { return ["run '\(run)': no failures"] }
        var kinds = TextTable(
            ["CODE", "STAGE", "FAILURES", "PROMPTS"], [.left, .left, .right, .right])
        for group in groups {
            kinds.add([
                group.code, group.stage, NumberText.count(Int(group.count)),
                NumberText.count(Int(group.prompts)),
            ])
        }
        var lines = kinds.lines(width: .max)
        if !entries.isEmpty { lines.append("") }
        for entry in entries {
            lines.append(
                "\(PromptText.short(entry.promptKey)) \(entry.kind) \(entry.index): "
                    + "\(entry.code) while \(entry.stage), "
                    + NumberText.count(Int(entry.attempts), "attempt") + ", "
                    + entry.failedAt)
            lines += entry.message.split(whereSeparator: \.isNewline).map { "  \($0)" }
        }
        let total = groups.reduce(0) { $0 + Int($1.count) }
        if entries.count < total {
            lines.append(
                "… \(NumberText.count(total - entries.count)) more: "
                    + "give --limit, --code or --prompt")
        }
        return lines
    }

    /// An object with both.
    static func json(
        _ run: String, _ groups: [FailureGroup], _ entries: [FailureEntry]
    ) -> ExactJSON {
        .output([
            "run": .string(run),
            "groups": .array(
                groups.map { group in
                    .object([
                        "code": .string(group.code), "stage": .string(group.stage),
                        "failures": .number("\(group.count)"),
                        "prompts": .number("\(group.prompts)"),
                    ])
                }),
            "failures": .array(
                entries.map { entry in
                    .object([
                        "prompt_key": .string(entry.promptKey), "kind": .string(entry.kind),
                        "index": .number("\(entry.index)"), "stage": .string(entry.stage),
                        "code": .string(entry.code), "message": .string(entry.message),
                        "attempts": .number("\(entry.attempts)"),
                        "failed_at": .string(entry.failedAt),
                    ])
                }),
        ])
    }
}
