internal import ArgumentParser
internal import OgiveModels

/// `ogive version`: the versions of program, schema and libraries, and of the JSON output.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of the program, its schema, its commit and its libraries.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() {
        guard json else { return Output.show(text: ProgramVersion.report + "\n") }
        var fields: JSONFields = [
            "ogive": .string(ProgramVersion.text), "schema": .number("\(ProgramVersion.schema)"),
            "commit": Installation.commit().map(ExactJSON.string) ?? .null,
        ]
        for (name, version) in ProgramVersion.libraries { fields[name] = .string(version) }
        Output.show(ExactJSON.output(fields).json)
    }
}

/// `ogive completions SHELL`: prints a script that completes commands and flags.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            Examples:
              ogive completions bash > ~/.local/share/bash-completion/completions/ogive
              ogive completions zsh > DIR/_ogive          (for a DIR in $fpath)
              ogive completions fish > ~/.config/fish/completions/ogive.fish
            """)

    /// The shells there are.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        Output.show(text: Self.script(for: shell) + "\n")
    }

    /// The script for a shell.
    static func script(for shell: Shell) -> String {
        switch shell {
        case .bash:
            // Where the script knows nothing, bash completes names of files.
            Ogive.completionScript(for: .bash)
                .replacing("complete -o filenames", with: "complete -o default -o filenames")
        case .zsh: Ogive.completionScript(for: .zsh)
        case .fish: Ogive.completionScript(for: .fish)
        }
    }
}

/// `ogive supervise -- ARGV…`: the process between Ogive and a server that it starts.
struct SuperviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise",
        abstract: "Run a command until standard input closes, then end it and all it started.",
        shouldDisplay: false)

    @Argument(parsing: .postTerminator, help: "Program and arguments.")
    var command: [String]

    func run() async throws {
        throw ExitCode(try await ProcessSupervisor.run(command, grace: .seconds(10)))
    }
}
