internal import CAllocations

/// Time and memory that some work takes, an iteration.
struct Meter: Encodable {
    var iterations: Int
    var nanoseconds: Double
    var allocations: Double
    var allocatedBytes: Double

    /// Does the work so often, after a hundredth of it that is not counted.
    init(_ iterations: Int, _ work: (Int) throws -> Void) rethrows {
        try work(max(1, iterations / 100))
        let count = allocations_count()
        let bytes = allocations_bytes()
        let start = ContinuousClock.now
        try work(iterations)
        let time = ContinuousClock.now - start
        self.iterations = iterations
        nanoseconds = time / .nanoseconds(1) / Double(iterations)
        allocations = Double(allocations_count() - count) / Double(iterations)
        allocatedBytes = Double(allocations_bytes() - bytes) / Double(iterations)
    }
}
