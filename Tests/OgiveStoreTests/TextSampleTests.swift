import OgiveCore
import Testing

@testable import OgiveStore

/// What tells texts apart without reading all of them.
@Suite("Samples of texts", .timeLimit(.minutes(1)))
struct TextSampleTests {
    private static func sample(_ text: String, of prompt: Int64 = 7) -> TextSample {
        TextSample(CompletionText(text), of: prompt)
    }

    private static let lengths = Array(0...80) + [400, 401, 4_096, 100_003]

    @Test("Equal texts have one sample, however they are kept", arguments: lengths)
    func equal(length: Int) {
        let text = String(repeating: "abcdefghijklm", count: length / 13 + 1).prefix(length)
        let bytes = Array("(\(text))".utf8)
        let part = CompletionText(of: bytes, knownToBeUTF8: 1..<1 + length)
        #expect(Self.sample(String(text)) == TextSample(part, of: 7))
        #expect(Self.sample(String(text)).bytes == length)
    }

    @Test("A byte at either end, another length or another prompt is seen", arguments: lengths)
    func different(length: Int) {
        let text = String(repeating: "x", count: length)
        let sample = Self.sample(text)
        #expect(sample != Self.sample(text, of: 8))
        #expect(sample != Self.sample(text + "x"))
        guard length > 0 else { return }
        #expect(sample != Self.sample("y" + text.dropFirst()))
        #expect(sample != Self.sample(text.dropLast() + "y"))
    }

    @Test("Short texts are read whole")
    func short() {
        let texts = (0..<64).map { place in
            String(repeating: "x", count: place) + "y" + String(repeating: "x", count: 63 - place)
        }
        #expect(Set(texts.map { Self.sample($0) }).count == 64)
    }

    @Test("Texts that are made for their prompts do not share a hash")
    func made() {
        // With its eight bytes each text makes up for what its prompt's number changes.
        let samples = (0..<100 as Range<Int64>).map { prompt in
            Self.sample("XXXXXXX" + String(UnicodeScalar(UInt8(prompt ^ 0x40))), of: prompt)
        }
        #expect(Set(samples.map { $0._rawHashValue(seed: 1) }).count == 100)
    }
}
