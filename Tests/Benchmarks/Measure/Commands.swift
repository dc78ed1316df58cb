internal import ArgumentParser
internal import BenchmarkParts

/// `measure wire`: encoding and decoding of messages.
struct WireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire", abstract: "Time, bytes and allocations of messages and rows.")

    @Option(help: "How often each is done.")
    var iterations = 100_000

    /// What was found of one hot path.
    struct Found: Encodable {
        let name: String
        let bytes: Int
        let each: Meter
    }

    func run() throws {
        let paths = try HotPath.all().filter { $0.bytes > 0 }
        try Measure.print(
            paths.map { path in
                // About the same time for each, whatever its size.
                let count = max(1, iterations * 200 / max(200, path.bytes))
                return Found(
                    name: path.name, bytes: path.bytes, each: try Meter(count, path.work))
            })
    }
}

/// `measure scheduler`: events of the state machine alone.
struct SchedulerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "Events a second of the state machine.")

    @Option(help: "Tasks to be done with each number of workers.")
    var tasks = 300_000

    @Option(parsing: .upToNextOption, help: "Numbers of workers.")
    var workers = [10, 1_000, 10_000]

    /// What was found with one number of workers.
    struct Found: Encodable {
        let workers: Int
        let eventsPerSecond: Double
        let task: Meter
    }

    func run() throws {
        try Measure.print(
            workers.map { workers in
                var fleet = SteadyFleet(workers: workers)
                var events = 0
                let meter = Meter(tasks) { count in
                    events = fleet.events
                    fleet.run(tasks: count)
                }
                let seconds = meter.nanoseconds * Double(tasks) / 1e9
                return Found(
                    workers: workers,
                    eventsPerSecond: Double(fleet.events - events) / seconds, task: meter)
            })
    }
}
