internal import ArgumentParser

/// The root of the command line.
@main
struct Ogive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ogive",
        abstract: "Compute the distribution of reward of a reference policy, prompt by prompt.",
        subcommands: [CompletionsCommand.self])
}
