internal import CAllocations

/// Time and memory that some work takes, an iteration.
package struct Meter: Encodable {
    /// How often it was done.
    package var iterations: Int
    /// Time of each.
    package var nanoseconds: Double
    /// Calls of the allocator of each.
    package var allocations: Double
    /// Bytes asked for by each.
    package var allocatedBytes: Double

    /// Does the work so often, after a hundredth of it that is not counted.
    package init(_ iterations: Int, _ work: (Int) throws -> Void) rethrows {
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
