import OgiveCore
import Testing

@testable import OgiveStore

@Suite("What a landing counts", .timeLimit(.minutes(10)))
struct LandingCountTests {
    @Test("leaves no field out when the parts of several runs are added")
    func sum() {
        var one = LandingCounts()
        one.completions = 1
        one.tokens = 2
        one.truncated = 3
        one.textsOnly = 4
        one.rewards = 5
        one.candidateRewards = 6
        one.drawFailures = 7
        one.candidateFailures = 8
        one.logProbabilities = 9
        one.logProbabilityFailures = 10
        one.policyTokens = TokenCount(input: 11, output: 12)
        one.scorerTokens = TokenCount(input: 13, output: 14)
        one.spent = [RunID(15): Spending()]
        var sum = LandingCounts()
        sum.add(one)
        // Each field of its own value: what is left out stays 0.
        let fields = Mirror(reflecting: sum).children.map { "\($0.value)" }
        #expect(fields == Mirror(reflecting: one).children.map { "\($0.value)" })
        #expect(fields.count == 13)
    }

    @Test("refuses tables that the database could not count, and does not trap")
    func firsts() throws {
        #expect(try RunLanding.firsts([3, 2, 1]) == [1, 4, 6])
        #expect(try RunLanding.firsts([Int(Int32.max) - 1, 1]) == [1, .max])
        for sizes in [[Int(Int32.max), 1], [.max, .max, 1], [1 << 40, 0]] {
            let error = #expect(throws: StoreError.self) { try RunLanding.firsts(sizes) }
            #expect(error?.code == .refused)
        }
    }
}
