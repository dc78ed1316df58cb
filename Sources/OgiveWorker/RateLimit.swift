internal import OgiveCore

/// Bounds a rate: what is spent comes back evenly over time, up to a small store (a token bucket).
/// Pure: time is passed in.
///
/// A tenth of a minute's allowance can be saved up, so within any minute at most 1.1 times of it
/// is spent. What costs more than that passes when the store is full, and leaves a debt.
struct RateLimit: Hashable, Sendable {
    /// How much of a minute's allowance can be saved up.
    static let storedShare = 0.1

    /// The longest wait in seconds; then the level is looked at again.
    private static let waitMax = 3_600.0

    private let perSecond: Double
    private let capacity: Double
    private var level: Double
    private var filledAt: Instant

    /// Begins with a full store.
    init(perMinute: Double, now: Instant) {
        perSecond = perMinute / 60
        capacity = max(1, perMinute * Self.storedShare)
        level = capacity
        filledAt = now
    }

    /// How long to wait before `cost` may be spent; zero when that is now.
    mutating func wait(for cost: Double, now: Instant) -> Duration {
        level = min(capacity, level + max(0, (now - filledAt) / .seconds(1)) * perSecond)
        filledAt = now
        let missing = min(cost, capacity) - level
        // Rounding must not ask for a wait that changes nothing.
        if missing <= 1e-9 { return .zero }
        // A rate of nearly nothing would ask for more than a `Duration` holds.
        return max(.milliseconds(1), .seconds(min(missing / perSecond, Self.waitMax)))
    }

    /// Spends; a negative cost gives back what was spent too much.
    mutating func spend(_ cost: Double) {
        level = min(capacity, level - cost)
    }
}
