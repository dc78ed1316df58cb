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
              simulate --seed 1 --workers 10000       a fleet that begins and ends all at once
              simulate --seeds 1..500 --coordinators 3    coordinators that share a database

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

    @Option(help: "With seeds: a fleet of N workers that begin at once, and end at once.")
    var workers: Int?

    @Option(help: "With seeds: N coordinators side by side, each of which leads other runs.")
    var coordinators: Int?

    @Flag(help: "Prints JSON lines.")
    var json = false

    func validate() throws {
        let count = [seeds != nil, seed != nil, corpus != nil].count { $0 }
        guard count == 1 else {
            throw ValidationError("Give one of --seeds A..B, --seed S and --corpus FILE.")
        }
        guard corpus == nil || workers == nil && coordinators == nil else {
            throw ValidationError("A corpus says itself how many workers and coordinators.")
        }
        guard workers == nil || coordinators == nil else {
            throw ValidationError("Give --workers or --coordinators, not both.")
        }
        guard (1...Self.workersMax).contains(workers ?? 1) else {
            throw ValidationError("--workers takes 1 to \(Self.workersMax).")
        }
        guard (1...Self.coordinatorsMax).contains(coordinators ?? 1) else {
            throw ValidationError("--coordinators takes 1 to \(Self.coordinatorsMax).")
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

    /// Far more than one coordinator takes.
    private static let workersMax = 100_000
    /// As many as a simulation has runs.
    private static let coordinatorsMax = 3

    private func cases() throws -> SeedCases {
        let deployment =
            workers.map(Deployment.fleet) ?? coordinators.map(Deployment.coordinators) ?? .drawn
        if let seeds { return .drawn(seeds.bounds, deployment) }
        if let seed { return .drawn(seed...seed, deployment) }
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
