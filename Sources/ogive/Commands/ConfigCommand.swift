internal import ArgumentParser

/// `ogive config schema|reference`: prints which keys a configuration may have.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print all keys of a configuration, for an editor or for you.",
        discussion: """
            schema     prints a JSON Schema. An editor completes keys with it,
                       shows what they mean and marks what is wrong.
            reference  prints a configuration with every key, its default
                       and its meaning, as in config/reference.yaml.

            Examples:
              ogive config schema > ogive.schema.json
              ogive config reference > reference.yaml

            An editor with the YAML language server finds the schema by the first line
            of a configuration:
              # yaml-language-server: $schema=ogive.schema.json
            """,
        subcommands: [Schema.self, Reference.self])

    /// `ogive config schema`.
    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema",
            abstract: "Print the JSON Schema of a configuration.",
            discussion: "Example: ogive config schema > ogive.schema.json")

        func run() {
            Output.show(text: ConfigurationSchema.text + "\n")
        }
    }

    /// `ogive config reference`.
    struct Reference: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reference",
            abstract: "Print a configuration with every key, its default and its meaning.",
            discussion: "Example: ogive config reference > reference.yaml")

        func run() {
            Output.show(text: ConfigurationReference.text)
        }
    }
}
