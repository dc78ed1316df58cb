internal import ArgumentParser
internal import OgiveTransport

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
