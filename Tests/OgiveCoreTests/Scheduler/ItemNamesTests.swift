import OgiveTesting
import Testing

@testable import OgiveCore

@Suite("Names of items of a prompt", .timeLimit(.minutes(10)))
struct ItemNamesTests {
    private static let kinds: [ItemName.Kind] = [.draw, .candidate, .candidateLogProbability]

    /// A stretch, or names here and there, in any order and some of them twice.
    private static func some(_ random: inout SeededRandom) -> [ItemName] {
        let kind = kinds[Int.random(in: 0..<3, using: &random)]
        let first = Int32.random(in: 0..<40, using: &random)
        let stretch = (first...first + Int32.random(in: 0..<20, using: &random)).map {
            ItemName(kind, $0)
        }
        if Bool.random(using: &random) { return stretch }
        let others = (0..<Int.random(in: 0..<9, using: &random)).map { _ in
            ItemName(
                kinds[Int.random(in: 0..<3, using: &random)],
                Int32.random(in: 0..<40, using: &random))
        }
        return (stretch.shuffled(using: &random).prefix(3) + others).shuffled(using: &random)
    }

    @Test("They are what a set of them is", arguments: 0..<200 as Range<UInt64>)
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var (names, model) = (ItemNames(), Set<ItemName>())
        for _ in 0..<60 {
            let some = Self.some(&random)
            if Bool.random(using: &random) {
                names.formUnion(some)
                model.formUnion(some)
            } else {
                names.subtract(some)
                model.subtract(some)
            }
            let asked = Set(Self.some(&random))
            #expect(names.count == model.count && names.isEmpty == model.isEmpty)
            #expect(asked.allSatisfy { names.contains($0) == model.contains($0) })
            #expect(names.intersection(asked) == model.intersection(asked))
            #expect(names.isDisjoint(with: asked) == model.isDisjoint(with: asked))
        }
    }

    @Test("The greatest index is a name like others")
    func greatest() {
        var names = ItemNames()
        names.formUnion([.draw(.max - 1), .draw(.max)])
        names.formUnion([.draw(.max), .candidate(0)])
        #expect(names.count == 3)
        names.subtract([.draw(.max)])
        #expect(names.contains(.draw(.max - 1)) && names.contains(.candidate(0)))
        #expect(names.count == 2)
    }
}
