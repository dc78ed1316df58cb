import Testing

/// Inputs that once broke a decoder, and what they did.
enum FuzzCorpus {
    /// One of them.
    struct Entry: Sendable, CustomTestStringConvertible {
        /// The target's name.
        var target: String
        /// What it did.
        var did: String
        /// The input.
        var bytes: [UInt8]

        var testDescription: String { "\(target): \(did)" }
    }

    static let all = [
        Entry(
            target: "command", did: "trapped in the platform's decoder of JSON5",
            bytes: Array("{".utf8) + [0xF9] + Array("id-Infinityreward\":-In".utf8) + [0xDB]
                + Array("finity}\n".utf8))
    ]
}
