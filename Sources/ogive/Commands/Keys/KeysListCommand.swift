internal import ArgumentParser
internal import OgiveTransport

/// `ogive keys list`.
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the workers' keys that may connect.",
        discussion: "Example: ogive keys list --config ogive.yaml")

    @OptionGroup var place: AuthorizedFolder

    @Flag(help: "Print JSON: an object with the list `keys`.")
    var json = false

    func run() async throws {
        let keys = try place.folder().names().sorted { $0.value < $1.value }
        guard !json else {
            let list = keys.map { key, name in
                JSONValue.object(["name": .string(name), "key": .string(key.text)])
            }
            return Output.show(JSONValue.output(["keys": .array(list)]).json)
        }
        var table = TextTable(["NAME", "KEY"])
        for (key, name) in keys { table.add([name, key.text]) }
        Output.show(table.lines())
    }
}
