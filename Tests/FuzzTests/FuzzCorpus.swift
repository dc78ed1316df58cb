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
                + Array("finity}\n".utf8)),
        Entry(target: "errors", did: "trapped at the decoder's bound of depth", bytes: deep),
        Entry(target: "completions", did: "trapped at the decoder's bound of depth", bytes: deep),
        Entry(target: "profiles", did: "trapped at the decoder's bound of depth", bytes: deep),
        Entry(
            target: "command", did: "trapped at the decoder's bound of depth",
            bytes: deep + [UInt8(ascii: "\n")]),
    ]

    /// Lists in an object that end where the platform's decoder stops to count.
    private static let deep =
        Array("{\"a\":".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 512)
}
