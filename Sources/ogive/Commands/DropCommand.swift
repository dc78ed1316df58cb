internal import ArgumentParser
internal import Glibc
internal import OgiveStore

/// `ogive drop RUN`: removes a run with what nothing else needs. `ogive drop --orphans`: removes
/// what no run names. `ogive drop --set NAME`: removes a prompt set that nothing needs.
struct DropCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Remove a run, with the rewards and completions that no other run needs.",
        discussion: """
            Asks first, on a terminal. What a snapshot pins is never dropped, and an open
            run must be cancelled before. Prompts stay. Only a login that is a member of
            ogive_owner may.

            A run that is submitted again with another specification names its former
            completions and rewards no more: `ogive status --orphans` lists what no run
            names, and --orphans removes it. --set removes a prompt set that no sampling is
            on, so that a fixed file can be imported by the same name.

            Examples:
              ogive drop trial --dry-run --config config/quickstart.yaml
              ogive drop trial --yes
              ogive drop --orphans --dry-run
              ogive drop --set chats --dry-run
            """)

    @Argument(help: "The run.")
    var name: String?

    @Flag(help: "Remove the samplings and scorings that no run names, and no run.")
    var orphans = false

    @Option(help: ArgumentHelp("Remove this prompt set, and no run.", valueName: "name"))
    var set: String?

    @Flag(help: "Show what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        guard [name != nil, orphans, set != nil].count(where: \.self) == 1 else {
            throw ValidationError("Name a run, or give --orphans, or --set with a prompt set.")
        }
    }

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.withStore(configuration) { store, _ in
            if let name {
                try await drop(name, store)
            } else if let set {
                try await drop(set: set, store)
            } else {
                try await dropOrphans(store)
            }
        }
    }

    private func drop(_ name: String, _ store: PostgresStore) async throws {
        let outline = try await store.drop(run: name, isDryRun: true)
        if !dryRun, !yes {
            Output.show(outline.lines, on: STDERR_FILENO)
            try await Confirmation.require(
                "the name of the run", name, or: "drop '\(name)'")
        }
        let dropped = dryRun ? outline : try await store.drop(run: name)
        var fields = dropped.fields
        fields["dry_run"] = .bool(dryRun)
        let text = dropped.lines + [dryRun ? "nothing was removed" : "run '\(name)' is dropped"]
        Output.show(json ? [ExactJSON.output(fields).json] : text)
    }

    private func drop(set: String, _ store: PostgresStore) async throws {
        let outline = try await store.drop(set: set, isDryRun: true)
        if !dryRun, !yes {
            Output.show(outline.lines, on: STDERR_FILENO)
            try await Confirmation.require(
                "the name of the prompt set", set, or: "drop prompt set '\(set)'")
        }
        let dropped = dryRun ? outline : try await store.drop(set: set)
        var fields = dropped.fields
        fields["dry_run"] = .bool(dryRun)
        let end = dryRun ? "nothing was removed" : "prompt set '\(set)' is dropped"
        Output.show(json ? [ExactJSON.output(fields).json] : dropped.lines + [end])
    }

    private func dropOrphans(_ store: PostgresStore) async throws {
        let found = try await store.orphans()
        if !dryRun, !yes, !found.isEmpty {
            Output.show(found.lines, on: STDERR_FILENO)
            try await Confirmation.require(
                "the word orphans", "orphans", or: "drop 'orphans'")
        }
        let dropped = try await store.dropOrphans(isDryRun: dryRun)
        var fields = dropped.fields
        fields["dry_run"] = .bool(dryRun)
        let text =
            dropped.lines
            + (dropped.isEmpty ? [] : [dryRun ? "nothing was removed" : "they are dropped"])
        Output.show(json ? [ExactJSON.output(fields).json] : text)
    }
}

extension [StoredData] {
    /// For a person.
    var lines: [String] {
        if isEmpty { return ["runs name all samplings and scorings"] }
        var table = TextTable(
            ["KIND", "NUMBER", "SAMPLING", "SET", "MODEL", "ITEMS", "SIZE", "SINCE"],
            [.left, .right, .right, .left, .left, .right, .right, .left])
        for data in self {
            table.add([
                data.isSampling ? "sampling" : "scoring", "\(data.id)", "\(data.sampling)",
                data.promptSet, data.model, "\(data.items)", ByteCountText.rough(data.bytes),
                data.createdAt,
            ])
        }
        return table.lines() + ["\(ByteCountText.rough(bytes)) on disk that no run names"]
    }

    /// For a script.
    var fields: JSONFields {
        [
            "bytes": .number("\(bytes)"),
            "orphans": .array(
                map { data in
                    .object([
                        "kind": .string(data.isSampling ? "sampling" : "scoring"),
                        "id": .number("\(data.id)"), "sampling": .number("\(data.sampling)"),
                        "prompt_set": .string(data.promptSet), "model": .string(data.model),
                        "items": .number("\(data.items)"), "bytes": .number("\(data.bytes)"),
                        "created_at": .string(data.createdAt),
                    ])
                }),
        ]
    }

    private var bytes: Int { reduce(0) { $0 + $1.bytes } }
}

extension DroppedSet {
    /// For a person.
    var lines: [String] {
        [
            "prompt set '\(set)':",
            "  \(NumberText.count(prompts, "prompt")) and "
                + NumberText.count(candidates, "candidate") + " go",
        ]
    }

    /// For a script.
    var fields: JSONFields {
        [
            "prompt_set": .string(set), "prompts": .number("\(prompts)"),
            "candidates": .number("\(candidates)"),
        ]
    }
}

extension DroppedRun {
    /// For a person.
    var lines: [String] {
        var lines = ["run '\(run)':"]
        lines.append(
            rewardsKeptBy.isEmpty
                ? "  \(NumberText.count(rewards, "reward", "goes", "go"))"
                : "  its rewards stay: \(Self.names(rewardsKeptBy)) on the same scoring")
        lines.append(
            completionsKeptBy.isEmpty
                ? "  \(NumberText.count(completions, "completion", "goes", "go"))"
                : "  its completions stay: \(Self.names(completionsKeptBy)) on the same sampling")
        lines.append("  the prompts of set '\(promptSet)' stay (--set removes a set)")
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
            "rewards_kept_by": .array(rewardsKeptBy.map(ExactJSON.string)),
            "completions_kept_by": .array(completionsKeptBy.map(ExactJSON.string)),
        ]
    }
}
