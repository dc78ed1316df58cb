internal import ArgumentParser
internal import Migrations

/// `ogive version`: the versions of program, schema and JSON output.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of the program, of its schema and of its JSON output.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() {
        let schema = SchemaDefinition.current.tables.last?.number ?? 0
        Output.show(
            json
                ? JSONValue.output([
                    "ogive": .string(ProgramVersion.text), "schema": .number("\(schema)"),
                ]).json
                : "ogive \(ProgramVersion.text), schema \(schema)")
    }
}
