internal import ArgumentParser
internal import Glibc
internal import Migrations
internal import OgiveStore

/// `ogive migrate up|status|uninstall`: brings the schema to this program's version, or removes it.
struct MigrateCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create, update, inspect or remove Ogive's schema in a database.",
        discussion: """
            up         makes the schema, or brings it to this program's
                       version. Views of yours that use Ogive's stay;
                       where one cannot, it is named, and nothing changes.
            status     lists what is in force and what is missing.
            uninstall  removes the schema with all prompts, completions
                       and rewards. It says what would be lost and asks
                       first. There is no way back.

            Examples:
              ogive migrate status --config config/vllm.yaml
              ogive migrate up --config config/vllm.yaml
              ogive migrate uninstall --config config/vllm.yaml
            """)

    /// What is to be done.
    enum Action: String, CaseIterable, ExpressibleByArgument {
        case up, status, uninstall
    }

    @Argument(help: "up, status or uninstall.")
    var action: Action

    @Flag(help: "With `uninstall`: do not ask.")
    var yes = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.with(
            configuration, schema: .ignored, makes: action == .up
        ) { session in
            try await migrate(Migrator(session.connection, program: ProgramVersion.text))
        }
    }

    /// What was done, or where the schema stands.
    private struct Outcome {
        var applied: [TablesFile] = []
        var pending: [TablesFile] = []
        var unknown: [String] = []
        var isPreRelease = false
        /// Files of functions and views that were applied, or are to be.
        var objects: [String] = []
        var removed: Uninstallation?
    }

    private func migrate(_ migrator: Migrator) async throws {
        var outcome = Outcome()
        switch action {
        case .up:
            let before = try await migrator.up()
            outcome.applied = before.pending
            outcome.objects = before.changedObjects
        case .status:
            let status = try await migrator.status()
            outcome.applied = status.applied
            outcome.pending = status.pending
            outcome.unknown = status.unknown
            outcome.isPreRelease = status.isPreRelease
            outcome.objects = status.changedObjects
        case .uninstall:
            if !yes, let outline = try await migrator.outlineOfUninstall() {
                Output.show(outline.lines("would be lost"), on: STDERR_FILENO)
                try await Confirmation.require(
                    "the word uninstall", "uninstall", or: "remove the schema and all its data")
            }
            outcome.removed = try await migrator.uninstall()
        }
        Output.show(json ? [object(outcome).json] : lines(outcome))
    }

    private func lines(_ outcome: Outcome) -> [String] {
        if let removed = outcome.removed {
            let roles = removed.roles.joined(separator: ", ")
            return removed.lines("are removed") + (roles.isEmpty ? [] : ["removed roles \(roles)"])
        }
        // One column where the states stand below each other.
        let gap = action == .status ? "  " : " "
        var lines =
            outcome.applied.map { "applied\(gap)\($0.number) \($0.name)" }
            + outcome.pending.map { "pending\(gap)\($0.number) \($0.name)" }
            + outcome.unknown.map { "unknown\(gap)\($0)" }
        if !outcome.objects.isEmpty {
            let count = outcome.objects.count
            let files = count == 1 ? outcome.objects[0] : "\(count) files of functions and views"
            lines.append((action == .up ? "applied\(gap)" : "pending\(gap)") + files)
        }
        if outcome.isPreRelease {
            lines.append("from before the first release: `ogive migrate up` says what to do")
        }
        if action == .up, lines.isEmpty { return ["nothing to do: the schema is up to date"] }
        return lines.isEmpty ? ["nothing to do"] : lines
    }

    private func object(_ outcome: Outcome) -> ExactJSON {
        func list(_ versions: [TablesFile]) -> ExactJSON {
            .array(
                versions.map {
                    .object(["number": .number("\($0.number)"), "name": .string($0.name)])
                })
        }
        return .output([
            "action": .string(action.rawValue), "applied": list(outcome.applied),
            "pending": list(outcome.pending),
            "unknown": .array(outcome.unknown.map(ExactJSON.string)),
            "objects": .array(outcome.objects.map(ExactJSON.string)),
            "removed": outcome.removed.map { .object($0.fields) } ?? .null,
        ])
    }
}

extension Uninstallation {
    /// For a person; `verb` says whether it is done.
    func lines(_ verb: String) -> [String] {
        let named = runs.prefix(5).joined(separator: ", ") + (runs.count > 5 ? ", …" : "")
        return [
            NumberText.count(runs.count, "run") + (runs.isEmpty ? "" : " (\(named))") + ", "
                + NumberText.count(prompts, "prompt") + ", "
                + NumberText.count(completions, "completion") + ", "
                + NumberText.count(rewards, "reward")
                + ": \(ByteCountText.rough(bytes)) on disk \(verb)"
        ]
    }

    /// For a script.
    var fields: JSONFields {
        [
            "runs": .array(runs.map(ExactJSON.string)), "prompts": .number("\(prompts)"),
            "completions": .number("\(completions)"), "rewards": .number("\(rewards)"),
            "bytes": .number("\(bytes)"), "roles": .array(roles.map(ExactJSON.string)),
        ]
    }
}
