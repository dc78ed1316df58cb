internal import ArgumentParser
internal import Foundation
internal import OgiveTesting

/// Runs simulated deployments under faults, seed by seed, and replays one.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs Ogive's scheduler and workers under simulated faults.",
        discussion: """
            Each seed draws a deployment and its faults: lost, doubled and late messages, \
            partitions, crashes, pauses, commits that fail or whose reply is lost, and more. \
            A seed fails when a rule is broken at any step, or when not everything is landed \
            some time after the faults end. The same seed always gives the same trace.

            EXAMPLES
              simulate --seeds 1..2000                the seeds of continuous integration
              simulate --seeds 1..100000              a soak: minutes, in a release build
              simulate --seed 4711 --trace            one seed, event by event
              simulate --corpus corpus.jsonl          seeds that failed once
              simulate --seeds 1..2000 --json         failing seeds and a summary, as JSON lines

            The exit code is 1 when a seed fails.
            """)

    @Option(help: ArgumentHelp("Seeds from A to B.", valueName: "A..B"))
    var seeds: SeedRange?

    @Option(help: "One seed.")
    var seed: UInt64?

    @Flag(help: "With --seed, or a corpus of one line: tells every event.")
    var trace = false

    @Option(help: ArgumentHelp("Seeds that failed once, with their options.", valueName: "FILE"))
    var corpus: String?

    @Flag(help: "Prints JSON lines.")
    var json = false

    func validate() throws {
        let count = [seeds != nil, seed != nil, corpus != nil].count { $0 }
        guard count == 1 else {
            throw ValidationError("Give one of --seeds A..B, --seed S and --corpus FILE.")
        }
        guard !trace || seeds == nil else {
            throw ValidationError("--trace needs --seed or --corpus: it tells one simulation.")
        }
    }

    func run() async throws {
        let report = Report(isJSON: json)
        let cases = try cases()
        if trace {
            guard let only = cases.only else {
                throw ValidationError("--trace tells one simulation; \(cases.count) are named.")
            }
            report.trace(only)
        }
        let start = ContinuousClock.now
        let failures = await SeedRunner(cases: cases, report: report).run()
        report.summary(
            cases: cases.count, failures: failures.count, time: ContinuousClock.now - start)
        if !failures.isEmpty { throw ExitCode.failure }
    }

    private func cases() throws -> SeedCases {
        if let seeds { return .drawn(seeds.bounds) }
        if let seed { return .drawn(seed...seed) }
        let path = corpus ?? ""
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ValidationError("The corpus \(path) cannot be read.")
        }
        return .noted(
            try text.split(separator: "\n").enumerated().map { number, line in
                do {
                    return try JSONDecoder().decode(SimulationCase.self, from: Data(line.utf8))
                } catch {
                    throw ValidationError("\(path), line \(number + 1): \(error)")
                }
            })
    }
}
