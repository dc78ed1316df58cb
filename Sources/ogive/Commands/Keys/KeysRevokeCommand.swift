internal import ArgumentParser
internal import OgiveTransport

/// `ogive keys revoke NAME|KEY`.
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Let workers with a key connect no more.",
        discussion: """
            Workers that are connected with it are refused at their next message; their
            tasks go to others.

            Example: ogive keys revoke gpu-7 --config ogive.yaml
            """)

    @Argument(help: ArgumentHelp("The name of the key, or its digits.", valueName: "name|key"))
    var key: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var place: AuthorizedFolder

    func run() async throws {
        let folder = try place.folder()
        let name = try folder.revoke(key)
        let object: JSONFields = [
            "name": .string(name), "folder": .string(folder.path),
        ]
        Output.show(
            json ? JSONValue.output(object).json : "revoked \(name) in \(folder.path)")
    }
}
