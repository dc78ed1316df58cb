internal import FoundationEssentials

/// Where the store's timestamps come from: passed in, so that a test may say what time it is.
package struct WallClock: Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC.
    package let now: @Sendable () -> Int64

    /// Takes the source of time.
    package init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    /// The machine's clock.
    package static let system = WallClock {
        Int64(Date().timeIntervalSince1970 * 1_000_000)
    }
}
