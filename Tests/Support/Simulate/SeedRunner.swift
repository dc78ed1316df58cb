internal import Foundation
internal import Glibc
internal import OgiveTesting
internal import Synchronization

/// Runs seeds on all cores.
struct SeedRunner: Sendable {
    let cases: SeedCases
    let report: Report

    /// Runs all seeds and answers with the failing ones, as they come.
    func run() async -> [SimulationOutcome] {
        let next = NextIndex()
        let count = cases.count
        let start = ContinuousClock.now
        var failures: [SimulationOutcome] = []
        await withTaskGroup(of: [SimulationOutcome].self) { group in
            for _ in 0..<min(count, ProcessInfo.processInfo.activeProcessorCount) {
                group.addTask {
                    var failed: [SimulationOutcome] = []
                    while let index = next.take(below: count) {
                        let outcome = outcome(index)
                        if !outcome.violations.isEmpty {
                            failed.append(outcome)
                            report.failure(outcome, cases.arguments)
                        }
                        let done = next.finish()
                        report.progress(done, of: count, since: start)
                    }
                    return failed
                }
            }
            for await failed in group { failures += failed }
        }
        return failures
    }

    private func outcome(_ index: Int) -> SimulationOutcome {
        switch cases {
        case .drawn(let seeds, let deployment):
            seed(seeds.lowerBound + UInt64(index), deployment)
        case .noted(let cases):
            Simulation.check(seed: cases[index].seed, options: cases[index].options)
        }
    }
}

extension SeedRunner {
    /// A fleet is told about: what it did, and what the scheduler took for it.
    private func seed(_ seed: UInt64, _ deployment: Deployment) -> SimulationOutcome {
        let options = deployment.options(seed: seed)
        guard case .fleet = deployment else {
            return Simulation.check(seed: seed, options: options)
        }
        var simulation = Simulation(seed: seed, options: options)
        simulation.measure(Self.processorTime)
        let outcome = simulation.run()
        report.fleet(outcome)
        return outcome
    }

    /// Processor time of this thread so far.
    private static func processorTime() -> Duration {
        var time = timespec()
        // The clock is there on every Linux.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// Hands out numbers, and counts what is done.
final class NextIndex: Sendable {
    private let next = Atomic(0)
    private let done = Atomic(0)

    /// The next number, if it is below a bound.
    func take(below bound: Int) -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < bound ? index : nil
    }

    /// One more is done; how many are.
    func finish() -> Int {
        done.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
