package import OgiveCore

/// The text of a synthetic completion: `synthetic reward=-0x1.8p+0; abc…`.
package enum SyntheticText {
    private static let opening = "synthetic reward="
    private static let letters = Array("abcdefghijklmnopqrstuvwxyz ".utf8)

    /// Writes a reward so that it is read back bit for bit, then letters up to `length` characters
    /// (a text is never shorter than its reward needs).
    package static func write(reward: Double, length: Int, seed: UInt64) -> String {
        // Swift prints the shortest decimal that reads back as the same number.
        var bytes = Array("\(opening)\(reward); ".utf8)
        bytes.reserveCapacity(length)
        let letters = letters
        var generator = SplitMix64(of: seed, stream: 3)
        var pool: UInt64 = 0
        while bytes.count < length {
            if pool < 27 { pool = generator.next() }
            bytes.append(letters[Int(pool % 27)])
            pool /= 27
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads the reward back; throws `malformed` when the text is not of a synthetic policy.
    package static func reward(in text: String) throws(ModelError) -> Double {
        // Bytes: to look at the characters of a long text costs more than all else here.
        guard text.utf8.starts(with: opening.utf8),
            let reward = Double(
                String(
                    decoding: text.utf8.dropFirst(opening.utf8.count)
                        .prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self))
        else {
            throw ModelError(
                .malformed,
                "the completion is not of a synthetic policy, so the synthetic scorer cannot "
                    + "read its reward: `\(text.prefix(80))`")
        }
        guard reward.isFinite else {
            throw ModelError(.notFinite, "the synthetic reward is \(reward)")
        }
        return reward
    }
}
