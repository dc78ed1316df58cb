/// A hash of what happened, in order: equal traces, equal hashes.
package struct TraceHash: Hashable, Sendable {
    /// The hash so far.
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Of nothing.
    package init() {}

    /// Takes in a number.
    package mutating func add(_ number: UInt64) {
        value = (value ^ number) &* 0x9FB2_1C65_1E98_DF25
        value ^= value >> 32
    }

    /// Takes in a text (FNV-1a).
    package mutating func add(_ text: String) {
        for byte in text.utf8 {
            value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
    }

    /// The hash of one text.
    static func of(_ text: String) -> UInt64 {
        var hash = TraceHash()
        hash.add(text)
        return hash.value
    }
}
