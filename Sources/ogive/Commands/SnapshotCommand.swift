internal import ArgumentParser
internal import Glibc
internal import OgiveStore

/// `ogive snapshot RUN NAME` and `ogive snapshot list`: versions of runs that never change.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Pin what a run holds under a name, with a checksum, for trainers.",
        discussion: """
            Later top-ups, retried failures and other runs do not change a snapshot.
            Trainers name it: ogive.training_rows('RUN', 0.1, snapshot => 'NAME'), ogive
            export --snapshot NAME. `ogive audit RUN` proves that it still is what was
            pinned.

            Examples:
              ogive snapshot quickstart v1 --config config/quickstart.yaml
              ogive snapshot list
            """,
        subcommands: [Make.self, List.self], defaultSubcommand: Make.self)

    /// `ogive snapshot RUN NAME`.
    struct Make: ConfiguredCommand {
        static let configuration = CommandConfiguration(
            commandName: "make", abstract: "Make a snapshot (the default).")

        @Argument(help: "The run.")
        var run: String

        @Argument(help: "The name of the snapshot, unique within the run.")
        var name: String

        @Flag(help: "Pin what is there although the run has not finished.")
        var incomplete = false

        @Flag(help: "Print JSON: an object with the manifest as `snapshot`.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        func configurationFile() throws(CommandError) -> ConfigurationFile {
            try file.file()
        }

        private static func json(_ snapshot: Snapshot) throws -> ExactJSON {
            .output(["snapshot": try JSONParser.parse(Array(snapshot.manifest.utf8))])
        }

        func run() async throws {
            let configuration = try file.load()
            let snapshot = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.makeSnapshot(
                    ofRun: run, named: name, allowsPending: incomplete,
                    program: ProgramVersion.text)
            }
            Output.show(try json ? [Self.json(snapshot).json] : snapshot.lines)
        }
    }

    /// `ogive snapshot list`.
    struct List: ConfiguredCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the snapshots there are.")

        @Argument(help: "Only those of this run.")
        var run: String?

        @Flag(help: "Print JSON: an object with the list `snapshots` of manifests.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        func configurationFile() throws(CommandError) -> ConfigurationFile {
            try file.file()
        }

        func run() async throws {
            let configuration = try file.load()
            let snapshots = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.snapshots(ofRun: run)
            }
            if json {
                let manifests = try snapshots.map { try JSONParser.parse(Array($0.manifest.utf8)) }
                Output.show(ExactJSON.output(["snapshots": .array(manifests)]).json)
                return
            }
            let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
            var table = TextTable(
                ["RUN", "SNAPSHOT", "MADE", "PROMPTS", "DRAWS", "REWARDS", "SHA256"],
                [.left, .left, .left, .right, .right, .right, .left])
            for snapshot in snapshots {
                table.add([
                    snapshot.run, snapshot.name + (snapshot.isComplete ? "" : " (incomplete)"),
                    snapshot.madeAt, "\(snapshot.prompts)", "\(snapshot.draws)",
                    "\(snapshot.rewards)", snapshot.sha256,
                ])
            }
            Output.show(table.lines(width: style.isTerminal ? style.width : .max))
        }
    }
}

extension Snapshot {
    /// For a person.
    var lines: [String] {
        var text =
            "snapshot '\(name)' of run '\(run)': \(NumberText.count(prompts, "prompt")), "
            + "\(NumberText.count(draws, "draw")), \(NumberText.count(rewards, "reward"))"
        if candidates > 0 { text += ", \(NumberText.count(candidates, "candidate"))" }
        if failures > 0 { text += ", \(NumberText.count(failures, "failure"))" }
        if !isComplete { text += "; the run has NOT finished" }
        return [text, "SHA-256 \(sha256)"]
    }
}
