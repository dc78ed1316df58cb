internal import ArgumentParser
internal import Foundation

/// Measures the parts of Ogive that need no server. `Tests/Benchmarks/bench` runs it.
@main
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measures parts of Ogive; prints JSON.",
        subcommands: [
            WireCommand.self, SchedulerCommand.self, BusyCommand.self, LandCommand.self,
        ])

    /// Prints what was found, on one line.
    static func print(_ found: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        Swift.print(String(decoding: try encoder.encode(found), as: UTF8.self))
    }
}
