internal import ArgumentParser
internal import Glibc
internal import OgiveStore

/// `ogive snapshot RUN NAME` and `ogive snapshot list`: versions of runs that never change.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Pin what a run holds under a name, with a checksum, for trainers.",
        discussion: """
            Later top-ups, retried failures and other runs do not change a snapshot. Trainers name
            it: ogive.training_rows('RUN', 0.1, snapshot => 'NAME'), ogive export --snapshot NAME.
            `ogive audit RUN` proves that it still is what was pinned.

            Examples:
              ogive snapshot quickstart v1 --config config/quickstart.yaml
              ogive snapshot list
            """,
        subcommands: [Make.self, List.self], defaultSubcommand: Make.self)

    /// `ogive snapshot RUN NAME`.
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make", abstract: "Make a snapshot (the default).")

        @Argument(help: "The run.")
        var run: String

        @Argument(help: "The name of the snapshot, unique within the run.")
        var name: String

        @Flag(help: "Pin what is there although the run has not finished.")
        var incomplete = false

        @Flag(help: "Print the manifest, a JSON object.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let configuration = try file.load()
            let snapshot = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.makeSnapshot(
                    ofRun: run, named: name, allowsPending: incomplete,
                    program: ProgramVersion.text)
            }
            print(json ? snapshot.manifest : snapshot.text)
        }
    }

    /// `ogive snapshot list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the snapshots there are.")

        @Argument(help: "Only those of this run.")
        var run: String?

        @Flag(help: "Print the manifests, a JSON list.")
        var json = false

        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let configuration = try file.load()
            let snapshots = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.snapshots(ofRun: run)
            }
            if json {
                print("[\(snapshots.map(\.manifest).joined(separator: ",\n"))]")
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
            print(table.lines(width: style.isTerminal ? style.width : .max).joined(separator: "\n"))
        }
    }
}

extension Snapshot {
    /// For a person.
    var text: String {
        var text =
            "snapshot '\(name)' of run '\(run)': \(NumberText.count(prompts)) prompts, "
            + "\(NumberText.count(draws)) draws, \(NumberText.count(rewards)) rewards"
        if candidates > 0 { text += ", \(NumberText.count(candidates)) candidates" }
        if failures > 0 { text += ", \(NumberText.count(failures)) failures" }
        if !isComplete { text += "; the run has NOT finished" }
        return text + "\nSHA-256 \(sha256)"
    }
}
