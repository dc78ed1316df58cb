internal import ArgumentParser

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
