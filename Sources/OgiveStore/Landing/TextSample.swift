internal import OgiveCore

/// What tells most texts of a prompt apart without reading all of them: the length, and a few words
/// of the text. Equal texts have one sample, and texts with one sample may differ.
struct TextSample: Hashable, Sendable {
    /// The prompt whose text it is.
    let prompt: Int64
    /// The length of the text.
    let bytes: Int
    private let words: UInt64

    /// Words that are looked at, of eight bytes each: the first, the last, and those between them.
    private static let wordsMax = 8
    private static let wordBytes = 8
    /// An odd number with as many ones as zeros, so that each word moves all bits.
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Looks at a text of a prompt.
    init(_ text: CompletionText, of prompt: Int64) {
        self.prompt = prompt
        bytes = text.byteCount
        words = text.withBytes { bytes in
            let last = bytes.count - Self.wordBytes
            guard last > 0 else { return Self.word(bytes, 0, bytes.count) }
            let places = min(Self.wordsMax, 1 + last)
            var words: UInt64 = 0
            for place in 0..<places {
                let start = last * place / max(1, places - 1)
                words = (words ^ Self.word(bytes, start, Self.wordBytes)) &* Self.factor
                words ^= words >> 32
            }
            return words
        }
    }

    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in start..<start + count { word = word << 8 | UInt64(bytes[place]) }
        return word
    }

    func _rawHashValue(seed: Int) -> Int {
        // One after the other: a text could be made for its prompt so that all sums are equal.
        let first = QuickHash.of(UInt64(bitPattern: prompt), words, seed: seed)
        return QuickHash.of(
            UInt64(bitPattern: Int64(first)), UInt64(bitPattern: Int64(bytes)), seed: seed)
    }
}
