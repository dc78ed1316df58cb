internal import ArgumentParser

/// `ogive completions SHELL`: prints a script that completes commands and flags.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            bash: ogive completions bash > ~/.local/share/bash-completion/completions/ogive
            zsh:  ogive completions zsh > DIR/_ogive, for a DIR in $fpath
            fish: ogive completions fish > ~/.config/fish/completions/ogive.fish
            """)

    /// The shells there are.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        print(Self.script(for: shell))
    }

    /// The script for a shell.
    static func script(for shell: Shell) -> String {
        switch shell {
        case .bash: Ogive.completionScript(for: .bash)
        case .zsh: Ogive.completionScript(for: .zsh)
        case .fish: Ogive.completionScript(for: .fish)
        }
    }
}
