internal import ArgumentParser
internal import OgiveTransport

/// `ogive keys authorize FILE|KEY`.
struct KeysAuthorizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorize", abstract: "Let workers with a key connect.",
        discussion: """
            Makes the folder of authorised keys when it is missing.

            Examples:
              ogive keys authorize gpu-7.pub --config ogive.yaml
              ogive keys authorize 8f21…64 digits… --name gpu-7 --authorized FOLDER
            """)

    @Argument(
        help: ArgumentHelp("A .pub file, or 64 digits.", valueName: "file|key"),
        completion: .file(extensions: ["pub"]))
    var key: String

    @Option(help: "The name to keep it under (default: the file's).")
    var name: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var place: AuthorizedFolder

    func run() async throws {
        let digits = PublicKey(key)
        let authorized = try digits ?? KeyFile.publicKey(key)
        guard let name = name ?? (digits == nil ? KeyFile.name(of: key) : nil) else {
            throw CommandError(.configuration, "say whose key it is: `--name NAME`")
        }
        let folder = try place.folder()
        try folder.authorize(authorized, name: name)
        let object: JSONFields = [
            "name": .string(name), "key": .string(authorized.text),
            "folder": .string(folder.path),
        ]
        Output.show(
            json
                ? JSONValue.output(object).json
                : "authorised \(name) \(authorized.text) in \(folder.path)")
    }
}
