internal import Metrics
internal import Synchronization

/// One number of a metric: a counter or a gauge.
///
/// To change it takes no lock and no memory, so that it may be done where much goes on.
final class NumberSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler
{
    private let isCounter: Bool
    /// The bits of a `Double`, which counts exactly up to 2⁵³.
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    init(isCounter: Bool) {
        self.isCounter = isCounter
    }

    /// The number now.
    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func reset() { set(Double.zero) }

    /// A counter only rises, whatever it is given.
    private func add(_ amount: Double) {
        guard !isCounter || amount >= 0 && amount.isFinite else { return }
        var known = bits.load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: known) + amount
            let (isDone, found) = bits.weakCompareExchange(
                expected: known, desired: sum.bitPattern, ordering: .relaxed)
            if isDone { return }
            known = found
        }
    }
}

/// The distribution of a metric's values: how many were up to each bound, and their sum.
final class HistogramSeries: RecorderHandler, TimerHandler {
    /// What was recorded so far.
    struct Reading: Hashable, Sendable {
        /// How many values were up to each bound and above the one before; the last are above all.
        var counts: [Int]
        /// The sum of the values.
        var sum = 0.0
    }

    /// Ascending.
    let bounds: [Double]
    private let state: Mutex<Reading>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(Reading(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// What was recorded so far.
    var reading: Reading { state.withLock { $0 } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[place] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
