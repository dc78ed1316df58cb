/// Hashes numbers for dictionaries and sets by one multiplication.
///
/// Swift's own hash takes a few hundred instructions for a number, and a task's way through the
/// coordinator looks up some sixty. `_rawHashValue(seed:)` is a requirement of `Hashable` that
/// dictionaries and sets call; the types that have it here keep `hash(into:)` as it is for all
/// others. The product of two keyed words, with both of its halves folded, is that of wyhash
/// (Wang Yi, 2019). Like Swift's, it is keyed anew by each process, so that nobody outside can make
/// many numbers that meet; only SWIFT_DETERMINISTIC_HASHING keeps it the same.
package enum QuickHash {
    private static let keys: (UInt64, UInt64) = {
        func drawn(_ number: Int) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(number)
            return UInt64(truncatingIfNeeded: Int64(hasher.finalize()))
        }
        return (drawn(1), drawn(2) | 1)
    }()

    /// The hash of two words under a table's `seed`.
    @inline(__always)
    package static func of(_ first: UInt64, _ second: UInt64 = 0, seed: Int) -> Int {
        let (one, other) = keys
        let seed = UInt64(truncatingIfNeeded: Int64(seed))
        let (high, low) = (first ^ one ^ seed).multipliedFullWidth(by: second ^ other)
        return Int(truncatingIfNeeded: high ^ low)
    }
}
