import OgiveCore
import Testing

@testable import OgiveStore

/// Which stored texts are hashed because a new reward may be of the same one.
@Suite("Texts that results share", .timeLimit(.minutes(10)))
struct SharedTextsTests {
    private typealias Key = LandingResult.Key

    private static func key(_ name: ItemName) -> Key { Key(prompt: 7, name: name) }

    private static func lengths(_ items: [ItemResult]) -> CommittedState.StoredLengths {
        let group = LandingGroup(
            run: RunID(1), prompt: PromptID(7), worker: Made.worker, items: items)
        return CommittedState.StoredLengths(
            items.indices.map { LandingResult(group, $0, arrival: $0) })
    }

    @Test("Fault 74: large texts of one length cost only whoever lands another one of that length")
    func largeTexts() {
        var texts = Self.lengths([Made.draw(9, "abc", reward: 1)])
        for draw in 0..<4 as Range<Int32> {
            texts.add(Self.key(.draw(draw)), bytes: 16 << 20, isRewarded: true)
        }
        #expect(texts.shared.isEmpty)
        #expect(texts.stored(.draw, of: texts.shared).isEmpty)
        texts.add(Self.key(.draw(4)), bytes: 3, isRewarded: true)
        #expect(texts.shared == [SharedTexts.Length(prompt: 7, bytes: 3)])
        #expect(texts.stored(.draw, of: texts.shared) == [Self.key(.draw(4))])
    }

    @Test("A stored text that gets its reward now is compared with those of its length")
    func storedTexts() {
        var draws = Self.lengths([Made.reward(.draw(0), 1)])
        for (draw, bytes) in [(0, 9), (1, 9), (2, 8), (3, 8)] as [(Int32, Int)] {
            draws.add(Self.key(.draw(draw)), bytes: bytes, isRewarded: draw > 0)
        }
        #expect(draws.promptsOfStored == [7])
        #expect(draws.stored(.draw, of: draws.shared) == [Self.key(.draw(0)), Self.key(.draw(1))])
        var candidates = Self.lengths([Made.reward(.candidate(1), 1)])
        for (index, bytes) in [(0, 4), (1, 4), (2, 5), (3, 5)] as [(Int32, Int)] {
            candidates.add(Self.key(.candidate(index)), bytes: bytes, isRewarded: true)
        }
        #expect(candidates.promptsOfStored.isEmpty)
        #expect(
            candidates.stored(.candidate, of: candidates.shared) == [
                Self.key(.candidate(0)), Self.key(.candidate(1)),
            ])
    }

    @Test("What texts are looked up by has hashes that nobody can choose to be the same")
    func hashes() {
        // As if somebody had found texts whose SHA-256 differ in the last bytes alone.
        let texts = (0..<4_096).compactMap { number in
            SHA256Digest(
                bytes: [UInt8](repeating: 0, count: 30)
                    + [UInt8(number >> 8), UInt8(number & 255)]
            ).map { SharedTexts.Text(prompt: 7, digest: $0) }
        }
        #expect(texts.count == 4_096)
        #expect(Set(texts.map(\.hashValue)).count == 4_096)
        let lengths = (0..<4_096).map { SharedTexts.Length(prompt: 7, bytes: $0 << 12) }
        #expect(Set(lengths.map(\.hashValue)).count == 4_096)
        // Low bits decide on the place in a table: they are spread as well.
        let places = Dictionary(grouping: texts) { $0.hashValue & 4_095 }
        #expect(places.values.allSatisfy { $0.count < 16 })
    }
}
