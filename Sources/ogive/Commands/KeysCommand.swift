internal import ArgumentParser
internal import OgiveTransport

/// `ogive keys …`: makes keys, and says which workers may connect.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make keys, and say which workers may connect.",
        discussion: """
            A coordinator that other machines can reach has a key pair and a folder with
            the public keys of its workers; each worker, or each machine with workers, has
            a pair of its own.

              ogive keys new coordinator --folder /etc/ogive
              ogive keys new gpu-7        (makes gpu-7.key and gpu-7.pub)
              ogive keys authorize gpu-7.pub --authorized /etc/ogive/authorized
              ogive keys list --config ogive.yaml
              ogive keys revoke gpu-7 --config ogive.yaml

            The coordinator's configuration then says
              coordinator:
                {listen: "tcp://*:7077", key: coordinator.key, authorized_keys: authorized}
            and a worker's
              worker:
                connect: "tcp://HOST:7077"
                key: gpu-7.key
                coordinator_key: coordinator.pub

            Files ending in .key are secret: mode 600, never copied to another machine's
            worker. A running coordinator follows the folder within a second or two.
            """,
        subcommands: [
            KeysNewCommand.self, KeysListCommand.self, KeysAuthorizeCommand.self,
            KeysRevokeCommand.self,
        ])
}

/// `ogive keys new NAME`.
struct KeysNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key pair: NAME.key, which is secret, and NAME.pub.",
        discussion: """
            Makes the folder when it is missing, for its owner alone (mode 700).

            Example: ogive keys new gpu-7 --folder /etc/ogive
            """)

    @Argument(help: "Letters, digits, `.`, `_` and `-`; 64 at most.")
    var name: String

    @Option(help: "Where the two files go.", completion: .directory)
    var folder = "."

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        guard KeyFile.isName(name) else {
            throw CommandError(
                .configuration,
                "`\(name)` cannot name a key: use up to 64 letters, digits, `.`, `_` and `-`")
        }
        let pair = try KeyPair.generate(name: name)
        let isFolderNew = try KeyFile.makeFolder(folder)
        let files = try KeyFile.write(pair, in: folder)
        guard !json else {
            let object: JSONFields = [
                "name": .string(name), "key": .string(pair.publicKey.text),
                "secret_file": .string(files.secret), "public_file": .string(files.open),
            ]
            return Output.show(ExactJSON.output(object).json)
        }
        if isFolderNew { Output.show("made    \(folder)  (mode 700: for its owner alone)") }
        Output.show([
            "secret  \(files.secret)  (keep it here: mode 600)",
            "public  \(files.open)",
            "key     \(pair.publicKey.text)",
        ])
    }
}

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
                ? ExactJSON.output(object).json
                : "authorised \(name) \(authorized.text) in \(folder.path)")
    }
}

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
            json ? ExactJSON.output(object).json : "revoked \(name) in \(folder.path)")
    }
}

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
                ExactJSON.object(["name": .string(name), "key": .string(key.text)])
            }
            return Output.show(ExactJSON.output(["keys": .array(list)]).json)
        }
        var table = TextTable(["NAME", "KEY"])
        for (key, name) in keys { table.add([name, key.text]) }
        Output.show(table.lines())
    }
}

/// The folder of authorised keys, named itself or by the configuration.
struct AuthorizedFolder: ParsableArguments {
    @Option(
        help: "The folder of authorised keys (default: the configuration's).",
        completion: .directory)
    var authorized: String?

    @OptionGroup var file: ConfigurationOption

    /// The folder.
    func folder() throws -> KeyFolder {
        if let authorized { return KeyFolder(authorized) }
        let configuration = try file.load()
        guard let path = configuration.coordinator.authorizedKeys else {
            throw CommandError(
                .configuration,
                "\(configuration.source) names no folder: set `coordinator.authorized_keys`, or"
                    + " give `--authorized FOLDER`")
        }
        return KeyFolder(path)
    }
}
