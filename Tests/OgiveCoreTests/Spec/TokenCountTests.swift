import OgiveCore
import Testing

@Suite("Token counts", .timeLimit(.minutes(10)))
struct TokenCountTests {
    @Test("Parts add up to the whole and differ by one at most", arguments: 0...9, 1...7)
    func splits(whole: Int, count: Int) {
        let tokens = TokenCount(input: whole, output: 3 * whole)
        let parts = tokens.split(among: count)
        #expect(parts.count == count)
        #expect(parts.reduce(TokenCount(), +) == tokens)
        for side in [parts.map(\.input), parts.map(\.output)] {
            #expect((side.max() ?? 0) - (side.min() ?? 0) <= 1)
        }
    }

    @Test("Sums stop at the largest number") func largest() {
        let most = TokenCount(input: .max, output: .max)
        #expect(most + TokenCount(input: 1, output: 2) == most)
        #expect(most.total == .max)
        #expect(Spending(policy: most, scorer: most).tokens == .max)
        #expect(Int.min.saturating(adding: -1) == .min)
        #expect(3.saturating(adding: -5) == -2)
    }

    @Test("There are no parts among nobody") func nobody() {
        #expect(TokenCount(input: 3).split(among: 0).isEmpty)
    }
}
