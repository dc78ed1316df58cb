internal import ArgumentParser

/// A word where a command should stand, and there is none of that name.
enum MistypedCommand {
    /// The error for such a command line; `nil` when its commands are known.
    static func error(in arguments: [String]) -> CommandError? {
        error(in: arguments[...], of: Ogive.self, called: "ogive")
    }

    private static func error(
        in arguments: ArraySlice<String>, of command: any ParsableCommand.Type, called name: String
    ) -> CommandError? {
        let configuration = command.configuration
        let names = configuration.subcommands.map { $0.configuration }.filter(\.shouldDisplay)
            .compactMap(\.commandName)
        guard !names.isEmpty, let word = arguments.first, !word.hasPrefix("-") else { return nil }
        if word == "help" { return error(in: arguments.dropFirst(), of: command, called: name) }
        if let next = configuration.subcommands.first(where: {
            $0.configuration.commandName == word
        }) {
            return error(in: arguments.dropFirst(), of: next, called: "\(name) \(word)")
        }
        // There a word may be an argument of the default command.
        guard configuration.defaultSubcommand == nil else { return nil }
        let nearest = NearestName.find(word, among: names).map { "did you mean `\(name) \($0)`?" }
        return CommandError(
            .configuration,
            "there is no command `\(name) \(word)`; "
                + (nearest ?? "there are \(names.joined(separator: ", "))"))
    }
}
