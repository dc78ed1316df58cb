/// One incarnation of a worker process: 128 random bits, also its ZeroMQ routing id.
package struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The upper 64 bits.
    package let high: UInt64
    /// The lower 64 bits.
    package let low: UInt64

    /// Takes both halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Draws a new incarnation.
    package init(using generator: inout some RandomNumberGenerator) {
        // A routing id must not begin with a zero byte: ZeroMQ keeps those for itself.
        high = generator.next() | (1 << 63)
        low = generator.next()
    }

    /// Takes a routing id from the wire; `nil` unless there are exactly 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        (0..<16).map { offset in
            let half = offset < 8 ? high : low
            return UInt8(truncatingIfNeeded: half >> (UInt64(7 - offset % 8) * 8))
        }
    }

    /// The first eight hexadecimal digits: enough to tell workers of one fleet apart in a log.
    package var description: String {
        let digits = String(high >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    package static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
