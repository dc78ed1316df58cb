internal import ArgumentParser
internal import OgivePreflight

/// How long the checks before a run may take together.
struct PreflightTime: ParsableArguments {
    @Option(
        name: .customLong("preflight-timeout"),
        help: ArgumentHelp(
            "The time that all checks of the models share (default: 1m).", valueName: "duration"))
    var text: String?

    /// The time.
    var total: Duration { text.flatMap(DurationText.parse) ?? SharedTime.standard }

    func validate() throws {
        if let text, DurationText.parse(text).map({ $0 > .zero }) != true {
            throw ValidationError(
                "--preflight-timeout '\(text)' is no duration; write it like 30s, 5m or 1h")
        }
    }
}
