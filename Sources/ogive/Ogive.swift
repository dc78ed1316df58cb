internal import ArgumentParser
internal import Glibc
internal import Migrations
internal import OgiveModels
internal import OgiveTransport
internal import Postgres

/// The root of the command line.
@main
struct Ogive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ogive",
        abstract: "Compute the distribution of reward of a reference policy, prompt by prompt.",
        discussion: """
            A first run:                 ogive quickstart
            Everything on one machine:   ogive run mine.yaml
            Another reward model:        ogive rescore RUN --scorer CONFIG
            The next reference model:    ogive refresh RUN --revision REVISION
            What others sampled:         ogive adopt FILE --run NAME --model MODEL
            Before a run:                ogive doctor config.yaml
            As services:                 ogive coordinator, ogive worker, ogive submit
            Between machines:            ogive keys
            On a Slurm cluster:          ogive slurm
            Every key of the YAML file:  ogive config
            Watch runs and workers:      ogive top
            Look at the result:          ogive status, ogive query, ogive audit
            In a browser:                ogive dashboard
            For a review, a paper:       ogive report
            In scripts:                  ogive wait
            Between versions, by passes: ogive compare, ogive pass-rates
            With SQL:                    ogive psql
            For trainers:                ogive snapshot, ogive export
            End and remove a run:        ogive cancel, ogive drop

            The configuration of every command is the YAML file that --config names,
            else $OGIVE_CONFIG, else ./ogive.yaml. `ogive config reference` prints every
            key; config/output.schema.json defines the fields of --json.
            Exit codes: 0 done, 1 failed, 2 configuration or usage, 3 not reachable,
            4 the budget is spent, 124 a time is over, 130 interrupted.
            """,
        version: ProgramVersion.text,
        subcommands: [
            QuickstartCommand.self, RunCommand.self, DoctorCommand.self, RescoreCommand.self,
            CoordinatorCommand.self, WorkerCommand.self, SubmitCommand.self, ImportCommand.self,
            RefreshCommand.self, AdoptCommand.self, StatusCommand.self, TopCommand.self,
            FailuresCommand.self, QueryCommand.self, CompareCommand.self, PassRatesCommand.self,
            CheckLogprobsCommand.self, AuditCommand.self, DashboardCommand.self,
            ReportCommand.self, WaitCommand.self, SnapshotCommand.self, ExportCommand.self,
            ConfigCommand.self, KeysCommand.self, SlurmCommand.self, CancelCommand.self,
            DropCommand.self, MigrateCommand.self, PsqlCommand.self, CompletionsCommand.self,
            VersionCommand.self, SuperviseCommand.self,
        ])

    /// Parses the command line and runs it: every error ends as one line and an exit code.
    static func main() async {
        let held = HeldSignals()
        DescriptorLimit.raise()
        var file: ConfigurationFile?
        var run: String?
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            // The parser would put the text together at every start.
            if arguments == ["--version"] {
                return Output.show(text: ProgramVersion.report + "\n")
            }
            if let mistyped = MistypedCommand.error(in: arguments) { throw mistyped }
            var command = try parseAsRoot()
            if !(command is any InterruptibleCommand) { held.release() }
            // Without one, the command itself says so.
            file = try? (command as? any ConfiguredCommand)?.configurationFile()
            run = (command as? any ConfiguredCommand)?.givenRun
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ExitCode {
            Glibc.exit(error.rawValue)
        } catch let error where isOfTheParser(error) {
            Glibc.exit(show(ofTheParser: error))
        } catch {
            let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
            var failure = CommandError(explaining: error)
            failure.message = file?.completing(failure.message) ?? failure.message
            if let hint = run.flatMap(ConfigurationFile.hint(atRun:)) {
                if failure.message.hasSuffix(".") { failure.message.removeLast() }
                failure.message += failure.message.hasSuffix("?") ? " (\(hint))" : "; \(hint)"
            }
            Output.warn(ErrorRendering.lines(failure, style: style).map { style.shown($0) })
            Glibc.exit(failure.exitCode.rawValue)
        }
    }

    /// Shows what the parser has to say, help or an error, and answers the exit code.
    private static func show(ofTheParser error: any Error) -> Int32 {
        let isHelp = exitCode(for: error) == .success
        let descriptor = isHelp ? STDOUT_FILENO : STDERR_FILENO
        let style = TerminalStyle(descriptor: descriptor, environment: Environment.current)
        var text = fullMessage(for: error)
        if !isHelp, text.hasPrefix("Error: ") { text = "error: " + text.dropFirst(7) }
        Output.show(text: style.shown(text) + "\n", on: descriptor)
        return isHelp ? 0 : ExitCode.misconfigured.rawValue
    }

    /// Whether the parser made the error (usage, help, version) and knows how to show it.
    private static func isOfTheParser(_ error: any Error) -> Bool {
        let name = String(reflecting: type(of: error))
        return name.hasPrefix("ArgumentParser.")
    }
}

/// The version of this program, and of what it runs with.
enum ProgramVersion {
    /// The number, as the workers' `Hello` and the exports say it.
    static let text = "0.1.0"

    /// The number of the schema that this program needs.
    static var schema: Int { SchemaDefinition.current.tables.last?.number ?? 0 }

    /// The libraries that this process runs with, which may be newer than those it was built with.
    static var libraries: [(name: String, version: String)] {
        [
            ("libzmq", TransportConfiguration.libraryVersion),
            ("libpq", PostgresConfiguration.libraryVersion),
            ("glibc", glibc),
        ]
    }

    /// What `ogive --version` says.
    static var report: String {
        let commit = Installation.commit() ?? "unknown"
        let libraries = libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        return "ogive \(text), schema \(schema), commit \(commit)\n\(libraries)"
    }

    private static var glibc: String {
        var buffer = [CChar](repeating: 0, count: 64)
        // Sound: at most the buffer's size is written to it, with a zero byte at the end.
        let size = unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &buffer, buffer.count)
        guard (1...buffer.count).contains(size) else { return "unknown" }
        let text = String(
            decoding: buffer.prefix(size - 1).map(UInt8.init(bitPattern:)), as: UTF8.self)
        // `glibc 2.36`
        return text.split(separator: " ").last.map(String.init) ?? text
    }
}
