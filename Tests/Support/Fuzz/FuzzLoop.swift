import Glibc

/// Runs a target on one input after the other and holds it to its bounds.
struct FuzzLoop: Sendable {
    /// What is run.
    let target: FuzzTarget
    /// Where the inputs begin.
    let seed: UInt64
    /// Most processor time of one input. A slow build needs some of it.
    var timeMax = Duration.seconds(2)
    /// Most that the process may grow to, in bytes.
    var memoryMax = 1 << 30

    /// What came of it.
    struct Report: Sendable {
        /// Inputs that were tried.
        var executions: UInt64 = 0
        /// Inputs that decoded.
        var taken: UInt64 = 0
        /// The slowest input, by processor time.
        var slowest = Duration.zero
        /// Which input that was.
        var slowestIteration: UInt64 = 0
        /// The greatest size of the process, in bytes.
        var memory = 0
    }

    /// Runs the iterations. Throws at the first input that breaks a property; one that traps
    /// leaves a `CrashNote`.
    func run(_ iterations: Range<UInt64>) throws(FuzzTarget.Broken) -> Report {
        var report = Report()
        CrashNote.begin(target: target.name, seed: seed)
        defer { CrashNote.end() }
        for iteration in iterations {
            CrashNote.at(iteration)
            let input = target.mutator.input(seed: seed, iteration: iteration)
            let begun = Self.processorTime()
            do throws(FuzzTarget.Broken) {
                if case .taken = try target.check(input) { report.taken += 1 }
            } catch {
                throw FuzzTarget.Broken("\(replay(iteration)): \(error)")
            }
            report.executions += 1
            let time = Self.processorTime() - begun
            if time > report.slowest {
                (report.slowest, report.slowestIteration) = (time, iteration)
            }
            guard time <= timeMax else {
                throw FuzzTarget.Broken("\(replay(iteration)): took \(time)")
            }
            if iteration % 1_024 == 0 { try weigh(&report, iteration) }
        }
        try weigh(&report, iterations.upperBound)
        return report
    }

    private func weigh(
        _ report: inout Report, _ iteration: UInt64
    ) throws(FuzzTarget.Broken) {
        report.memory = Self.memory()
        guard report.memory <= memoryMax else {
            throw FuzzTarget.Broken(
                "\(replay(iteration)), or one of 1023 before: \(report.memory) bytes of memory")
        }
    }

    /// How to run one input again.
    private func replay(_ iteration: UInt64) -> String {
        "--target \(target.name) --seed \(seed) --iteration \(iteration)"
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        // clock_gettime fills the structure that it is given for the time of the call.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func memory() -> Int {
        var usage = rusage()
        // getrusage fills the structure that it is given for the time of the call.
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss * 1_024
    }
}
