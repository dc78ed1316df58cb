import Glibc
import Harness

/// Runs coordinator, workers, PostgreSQL and scripted models under faults that follow from a
/// seed, and holds what is there in the end against the tables of a run that nothing disturbed.
@main
struct Chaos {
    static func main() async {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            try await run(options)
        } catch {
            print("chaos: \(error)")
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws {
        print("seed \(options.seed), \(options.minutes) minutes, \(options.workers) workers")
        try await PostgresTemplate.with { template in
            var tables: [String: String] = [:]
            var calm = plan
            let begun = ContinuousClock.now
            var counts: [Fault: Int] = [:]
            var ends = 0
            try await Installation.with(template, plan) { installation in
                let run = ChaosRun(installation, options)
                try await run.run()
                try await installation.check()
                tables = try await installation.tables()
                calm.draws = run.draws
                (counts, ends) = (run.counts, run.ends)
            }
            let elapsed = ContinuousClock.now - begun
            print("the same without faults")
            let expected = try await undisturbed(template, calm)
            for fault in Fault.allCases { print("\(counts[fault] ?? 0) x \(fault.rawValue)") }
            print("\(ends) x ended by itself and started again")
            let other = Set(tables.keys).union(expected.keys).filter { tables[$0] != expected[$0] }
            guard other.isEmpty, expected.count == plan.prompts else {
                throw Unexpected(
                    "DIFFERENT: the tables of \(other.count) prompts, such as "
                        + "\(other.sorted().prefix(5)), of \(expected.count)")
            }
            print(
                "equal: \(expected.count) tables of \(calm.draws) draws, "
                    + "\(expected.count * calm.draws) rows, byte for byte; the audit is sound; "
                    + "\(counts.values.reduce(0, +)) faults in \(elapsed.components.seconds) s")
        }
    }

    /// The tables of a run without faults, on a database of its own.
    private static func undisturbed(
        _ template: PostgresTemplate, _ plan: Plan
    ) async throws -> [String: String] {
        var tables: [String: String] = [:]
        try await Installation.with(template, plan) { installation in
            try installation.startCoordinator()
            try installation.startWorkers("a", "b")
            try await installation.finished(within: .seconds(900))
            try await installation.check()
            tables = try await installation.tables()
        }
        return tables
    }

    private static let plan = Plan {
        $0.prompts = 400
        $0.proxiesDatabase = true
        $0.proxiesCoordinator = true
        // What is lost by bad luck is tried again: what is compared are results, not failures.
        $0.settings = [
            "coordinator.attempts_max=100", "worker.attempts_max=100", "policy.request_timeout=5s",
            "scorer.request_timeout=5s",
        ]
    }
}
