import OgiveModels

/// Makes inputs of valid ones: damaged, cut, crossed over, grown.
///
/// An input is a function of seed and iteration alone, so that each can be made again by itself.
struct Mutator: Sendable {
    /// What the structure of an input is.
    enum Grammar: Sendable {
        /// JSON, one value or several.
        case json
        /// A protobuf message.
        case protobuf
        /// Bytes without a structure that is known here.
        case bytes
    }

    /// The structure.
    let grammar: Grammar
    /// Valid inputs; not empty.
    let samples: [[UInt8]]

    /// Most bytes of an input, but for one sample in size.
    static let bytesMax = 65_536

    /// The input of an iteration.
    func input(seed: UInt64, iteration: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed &* 0xD6E8_FEB8_6659_FD93 ^ iteration)
        var bytes = pick(&random)
        // Some inputs stay valid: a decoder that refuses all would pass every other check.
        let rounds = Int.random(in: 0...5, using: &random)
        for _ in 0..<rounds where bytes.count < Self.bytesMax {
            switch (grammar, Int.random(in: 0..<10, using: &random)) {
            case (.json, 0..<6): mutateJSON(&bytes, &random)
            case (.protobuf, 0..<6): mutateMessage(&bytes, &random)
            default: damage(&bytes, &random)
            }
        }
        return bytes
    }

    func pick(_ random: inout SplitMix64) -> [UInt8] {
        samples[Int.random(in: samples.indices, using: &random)]
    }

    /// Damage that knows nothing of structure.
    private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else {
            bytes = [UInt8.random(in: 0...255, using: &random)]
            return
        }
        // What opens an envelope is found missing at once and teaches nothing: spare it mostly.
        let spared = grammar == .protobuf && bytes.count > 30 && random.next() % 20 != 0
        let at = Int.random(in: (spared ? 5 : 0)..<bytes.count, using: &random)
        let end = min(bytes.count, at + Int.random(in: 1...24, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(at..<end)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        case 4: bytes.removeSubrange(at...)
        case 5: bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
        case 6: bytes.replaceSubrange(at..<end, with: Self.strange(&random))
        case 7:
            let other = pick(&random)
            let from = Int.random(in: 0...other.count, using: &random)
            bytes.replaceSubrange(at..., with: other[from...])
        default:
            let other = pick(&random)
            let from = Int.random(in: 0...other.count, using: &random)
            let to = min(other.count, from + Int.random(in: 0...64, using: &random))
            bytes.insert(contentsOf: other[from..<to], at: at)
        }
    }

    /// Bytes that decoders stumble over: ends of ranges, broken UTF-8, marks.
    private static func strange(_ random: inout SplitMix64) -> [UInt8] {
        let all: [[UInt8]] = [
            [0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
            [0], [0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF], [0xC3], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x80, 0xAE], [0xEF, 0xBB, 0xBF], [0x0D, 0x0A],
            [0x0A], [0x1F, 0x8B], [0xC0, 0x80],
        ]
        return all[Int.random(in: all.indices, using: &random)]
    }
}
