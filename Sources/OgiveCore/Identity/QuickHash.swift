/// Hashes numbers for dictionaries and sets by two multiplications.
///
/// Swift's own hash takes a few hundred instructions for a number, and a task's way through the
/// coordinator looks up some sixty. `_rawHashValue(seed:)` is a requirement of `Hashable` that
/// dictionaries and sets call; the types that have it here keep `hash(into:)` as it is for all
/// others. Products of keyed words, with both of their halves folded, are those of wyhash
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

    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    @inline(__always)
    private static func folded(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (high, low) = one.multipliedFullWidth(by: other)
        return high ^ low
    }

    /// The hash of two words under a table's `seed`.
    @inline(__always)
    package static func of(_ first: UInt64, _ second: UInt64 = 0, seed: Int) -> Int {
        let (one, other) = keys
        let seed = UInt64(truncatingIfNeeded: Int64(seed))
        let keyed = folded(first ^ one ^ seed, second ^ other)
        // One product of a number that is counted up leaves many in one bucket.
        return Int(truncatingIfNeeded: folded(keyed, factor))
    }
}
