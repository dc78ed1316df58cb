internal import ArgumentParser
internal import DedicatedThread
internal import Glibc
internal import OgiveStore

/// `ogive drop RUN`: removes a run with what nothing else needs.
struct DropCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Remove a run, with the rewards and completions that no other run needs.",
        discussion: """
            Asks first, on a terminal. What a snapshot pins is never dropped, and an open
            run must be cancelled before. Prompts stay. Only a login that is a member of
            ogive_owner may.

            Examples:
              ogive drop trial --dry-run --config config/quickstart.yaml
              ogive drop trial --yes
            """)

    @Argument(help: "The run.")
    var name: String

    @Flag(help: "Show what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.withStore(configuration) { store, _ in
            let outline = try await store.drop(run: name, isDryRun: true)
            if !dryRun, !yes {
                Output.show(outline.lines, on: STDERR_FILENO)
                try await confirm()
            }
            let dropped = dryRun ? outline : try await store.drop(run: name)
            var fields = dropped.fields
            fields["dry_run"] = .bool(dryRun)
            let text = dropped.lines + [dryRun ? "nothing was removed" : "run '\(name)' is dropped"]
            Output.show(json ? [JSONValue.output(fields).json] : text)
        }
    }

    /// Throws unless a person types the name of the run.
    private func confirm() async throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandError(
                .configuration, "there is no terminal to ask on: give --yes to drop '\(name)'")
        }
        Output.show(text: "type the name of the run to drop it: ", on: STDERR_FILENO)
        let answer = try await BlockingCall.run("terminal") { readLine() }
        guard answer == name else {
            throw CommandError(.interrupted, "not confirmed: nothing was removed")
        }
    }
}

extension DroppedRun {
    /// For a person.
    var lines: [String] {
        var lines = ["run '\(run)':"]
        lines.append(
            rewardsKeptBy.isEmpty
                ? "  \(NumberText.count(rewards)) rewards go"
                : "  its rewards stay: \(Self.names(rewardsKeptBy)) on the same scoring")
        lines.append(
            completionsKeptBy.isEmpty
                ? "  \(NumberText.count(completions)) completions go"
                : "  its completions stay: \(Self.names(completionsKeptBy)) on the same sampling")
        lines.append("  the prompts of set '\(promptSet)' stay")
        lines.append("  \(ByteCountText.rough(bytes)) on disk are freed")
        return lines
    }

    private static func names(_ runs: [String]) -> String {
        let shown = runs.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        return runs.count == 1
            ? "run \(shown) is" : "runs \(shown)\(runs.count > 5 ? ", …" : "") are"
    }

    /// For a script.
    var fields: JSONFields {
        [
            "run": .string(run), "prompt_set": .string(promptSet),
            "rewards": .number("\(rewards)"), "completions": .number("\(completions)"),
            "bytes": .number("\(bytes)"),
            "rewards_kept_by": .array(rewardsKeptBy.map(JSONValue.string)),
            "completions_kept_by": .array(completionsKeptBy.map(JSONValue.string)),
        ]
    }
}
