internal import ArgumentParser
internal import OgiveTransport

/// `ogive keys new NAME`.
struct KeysNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key pair: NAME.key, which is secret, and NAME.pub.",
        discussion: "Example: ogive keys new gpu-7 --folder /etc/ogive")

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
        let files = try KeyFile.write(pair, in: folder)
        guard !json else {
            let object: JSONFields = [
                "name": .string(name), "key": .string(pair.publicKey.text),
                "secret_file": .string(files.secret), "public_file": .string(files.open),
            ]
            return Output.show(JSONValue.output(object).json)
        }
        Output.show([
            "secret  \(files.secret)  (keep it here: mode 600)",
            "public  \(files.open)",
            "key     \(pair.publicKey.text)",
        ])
    }
}
