internal import ArgumentParser
internal import OgiveModels

/// `ogive supervise -- ARGV…`: the process between Ogive and a server that it starts.
struct SuperviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise",
        abstract: "Run a command until standard input closes, then end it and all it started.",
        shouldDisplay: false)

    @Argument(parsing: .postTerminator, help: "Program and arguments.")
    var command: [String]

    func run() async throws {
        throw ExitCode(try await ProcessSupervisor.run(command, grace: .seconds(10)))
    }
}
