internal import Foundation
internal import Glibc
internal import OgiveTesting

/// What a person or a program reads: results on standard output, progress on a terminal.
struct Report: Sendable {
    let isJSON: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    /// Tells one simulation event by event.
    func trace(_ simulation: Simulation) {
        var simulation = simulation
        simulation.read { print($0) }
        let outcome = simulation.run()
        print("seed \(outcome.seed): \(outcome.steps) events, trace \(hex(outcome.trace.value))")
        print("options: \(text(outcome.options))")
        print("counts: \(outcome.counts)")
    }

    /// A seed that failed, with all that is needed to run it again.
    func failure(_ outcome: SimulationOutcome, _ arguments: String) {
        let trace = hex(outcome.trace.value)
        if isJSON {
            let noted = SimulationCase(
                seed: outcome.seed, options: outcome.options,
                why: outcome.violations.first ?? "")
            print(text(noted))
        } else {
            let clear = isTerminal ? "\r\u{1B}[K" : ""
            print(
                """
                \(clear)seed \(outcome.seed) failed after \(outcome.steps) events, trace \(trace)
                  \(outcome.violations.joined(separator: "\n  "))
                  options: \(text(outcome.options))
                  replay:  simulate --seed \(outcome.seed)\(arguments) --trace
                """)
        }
    }

    /// What a fleet did.
    func fleet(_ outcome: SimulationOutcome) {
        let (work, counts) = (outcome.work, outcome.counts)
        let items = work.items.values.reduce(0, +)
        let leases = work.leases.values.reduce(0, +)
        let found = Fleet(
            seed: outcome.seed, workers: outcome.options.workers, incarnations: work.workers,
            massEnds: counts.massEnds, crashes: counts.workersCrashed,
            coordinatorsReplaced: counts.coordinatorsReplaced, items: items,
            leases: leases, adopted: counts.adopted, duplicates: counts.duplicates,
            events: outcome.steps,
            schedulerMicrosecondsPerLease: (work.schedulerTime / .nanoseconds(100)
                / Double(max(leases, 1))).rounded() / 10)
        print(text(found))
    }

    private struct Fleet: Encodable {
        let seed: UInt64
        let workers: Int
        let incarnations: Int
        let massEnds: Int
        let crashes: Int
        let coordinatorsReplaced: Int
        let items: Int
        let leases: Int
        let adopted: Int
        let duplicates: Int
        let events: Int
        let schedulerMicrosecondsPerLease: Double
    }

    /// Progress with the time that is left, a few times a second.
    func progress(_ done: Int, of count: Int, since start: ContinuousClock.Instant) {
        guard isTerminal, done % 50 == 0 || done == count else { return }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Double(done) / max(seconds, 0.001)
        let left = Int(Double(count - done) / max(rate, 0.001))
        let line =
            "\r\u{1B}[K\(done)/\(count) seeds, \(Int(rate)) a second, "
            + "\(left / 60) min \(left % 60) s left"
        FileHandle.standardError.write(Data(line.utf8))
        if done == count { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }

    /// The last line.
    func summary(cases: Int, failures: Int, time: Duration) {
        let seconds = time / .seconds(1)
        let rate = Double(cases) / max(seconds, 0.001)
        if isJSON {
            let line = Summary(seeds: cases, failures: failures, seconds: seconds)
            print(text(line))
        } else {
            let verdict = failures == 0 ? "all clean" : "\(failures) failed"
            print(
                "\(cases) seeds, \(verdict), in \(String(format: "%.1f", seconds)) s "
                    + "(\(Int(rate)) a second)")
        }
    }

    private struct Summary: Encodable {
        let seeds: Int
        let failures: Int
        let seconds: Double
    }

    private func hex(_ number: UInt64) -> String {
        String(format: "%016lx", number)
    }

    private func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding plain numbers and texts does not fail.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
