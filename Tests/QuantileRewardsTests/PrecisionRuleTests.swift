import QuantileRewards
import Testing

@Suite("How many draws a precision takes", .timeLimit(.minutes(10)))
struct PrecisionRuleTests {
    private let rule = PrecisionRule(targetStandardError: 0.05)

    @Test("needs 1/(4 target²) draws at one half, and at worst")
    func worstCase() throws {
        let rule = try #require(rule)
        #expect(rule.needed(ranks: [4], of: 8) == 100)
        #expect(rule.needed(ranks: [], of: 8) == 100)
        #expect(rule.needed(ranks: [], of: 0) == 100)
        for target in [0.01, 0.02, 0.04, 0.1, 0.125, 0.2, 0.25] {
            let rule = try #require(PrecisionRule(targetStandardError: target))
            let exact = (0.25 / (target * target) - 1e-6).rounded(.up)
            #expect(rule.needed(ranks: [5], of: 10) == Int(exact))
        }
    }

    @Test("does not take a share of 0 or 1 for exact")
    func ends() throws {
        let rule = try #require(rule)
        // (1/10)(9/10)/0.0025 = 36
        #expect(rule.needed(ranks: [0], of: 8) == 36)
        #expect(rule.needed(ranks: [8], of: 8) == 36)
        #expect(rule.next(after: 8, ranks: [0], of: 8, max: 128) == 16)
    }

    @Test("what it accepts has the standard error that was asked for, by the plug-in too")
    func isPrecise() throws {
        let rule = try #require(rule)
        for count in 1...200 {
            for rank in 0...count where rule.needed(ranks: [rank], of: count) <= count {
                let share = Double(rank) / Double(count)
                #expect((share * (1 - share) / Double(count)).squareRoot() <= 0.05 + 1e-12)
                let smoothed = Double(rank + 1) / Double(count + 2)
                #expect((smoothed * (1 - smoothed) / Double(count)).squareRoot() <= 0.05 + 1e-12)
            }
        }
    }

    @Test("the least precise candidate decides")
    func leastPrecise() throws {
        let rule = try #require(rule)
        #expect(rule.needed(ranks: [0, 16, 32], of: 32) == rule.needed(ranks: [16], of: 32))
    }

    @Test("grows by a quarter at least, doubles at most, and stops at the most draws")
    func grows() throws {
        let rule = try #require(rule)
        #expect(rule.next(after: 8, ranks: [4], of: 8, max: 128) == 16)
        #expect(rule.next(after: 8, ranks: [4], of: 8, max: 12) == 12)
        #expect(rule.next(after: 64, ranks: [32], of: 64, max: 128) == 100)
        #expect(rule.next(after: 99, ranks: [49], of: 99, max: 128) == 124)
        #expect(rule.next(after: 100, ranks: [50], of: 100, max: 128) == 100)
        #expect(rule.next(after: 128, ranks: [60], of: 90, max: 128) == 128)
        // Failed draws are made up for.
        #expect(rule.next(after: 100, ranks: [35], of: 70, max: 128) == 128)
    }

    @Test("without candidates it goes to the worst case at once; without rewards it stays")
    func withoutCandidates() throws {
        let rule = try #require(rule)
        #expect(rule.next(after: 8, ranks: [], of: 8, max: 128) == 100)
        #expect(rule.next(after: 8, ranks: [], of: 8, max: 64) == 64)
        #expect(rule.next(after: 8, ranks: [], of: 0, max: 128) == 8)
        #expect(rule.next(after: 8, ranks: [0], of: 0, max: 128) == 8)
    }

    @Test("every sequence of looks ends within a dozen", arguments: [1, 2, 8, 16])
    func ends(first: Int) throws {
        let rule = try #require(rule)
        for percent in 0...100 {
            var (draws, looks) = (first, 0)
            while true {
                let rank = draws * percent / 100
                let next = rule.next(after: draws, ranks: [rank], of: draws, max: 128)
                if next == draws { break }
                #expect(next > draws)
                (draws, looks) = (next, looks + 1)
            }
            #expect(looks <= 12, "\(looks) looks for \(percent) %")
        }
    }

    @Test("a target that is no standard error is refused")
    func refuses() {
        for target in [0, -1, 0.5, 2, .nan, .infinity] {
            #expect(PrecisionRule(targetStandardError: target) == nil)
        }
    }
}

@Suite("Neyman allocation", .timeLimit(.minutes(10)))
struct NeymanAllocationTests {
    @Test("is proportional to the weights where no bound is met")
    func proportional() {
        #expect(
            NeymanAllocation.counts(weights: [1, 2, 3], total: 60, min: 1, max: 100)
                == [10, 20, 30])
    }

    @Test("adds up exactly, within the bounds, whatever the weights")
    func addsUp() {
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53
        }
        for round in 0..<300 {
            let count = 1 + round % 40
            let weights = (0..<count).map { _ in random() < 0.2 ? 0 : random() }
            let total = Int(random() * Double(count) * 40)
            let counts = NeymanAllocation.counts(weights: weights, total: total, min: 4, max: 32)
            #expect(counts.allSatisfy { (4...32).contains($0) })
            #expect(counts.reduce(0, +) == min(max(total, 4 * count), 32 * count))
            let pairs = zip(weights, counts).sorted { $0.0 < $1.0 }
            #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.1 <= $1.1 + 1 })
        }
    }

    @Test("what a bound takes is shared by the others")
    func bounds() {
        #expect(
            NeymanAllocation.counts(weights: [100, 1, 1], total: 60, min: 1, max: 40)
                == [40, 10, 10])
        #expect(
            NeymanAllocation.counts(weights: [0, 1, 1], total: 30, min: 8, max: 40)
                == [8, 11, 11])
        #expect(NeymanAllocation.counts(weights: [0, 0], total: 10, min: 1, max: 8) == [5, 5])
        #expect(NeymanAllocation.counts(weights: [], total: 10, min: 1, max: 8) == [])
    }

    @Test("gives remainders to the largest, and among equals to the first")
    func remainders() {
        #expect(
            NeymanAllocation.counts(weights: [1, 1, 1], total: 11, min: 1, max: 9) == [4, 4, 3])
    }

    @Test("no other whole numbers have a smaller variance")
    func isOptimal() {
        let weights = [0.31, 0.5, 0.12, 0.44]
        func variance(_ counts: [Int]) -> Double {
            zip(weights, counts).reduce(0) { $0 + $1.0 * $1.0 / Double($1.1) }
        }
        let counts = NeymanAllocation.counts(weights: weights, total: 48, min: 4, max: 24)
        for from in 0..<4 {
            for to in 0..<4 where from != to && counts[from] > 5 && counts[to] < 23 {
                var other = counts
                other[from] -= 2
                other[to] += 2
                #expect(variance(counts) < variance(other))
            }
        }
    }

    @Test("weighs a prompt by all of its candidates")
    func weighs() {
        #expect(NeymanAllocation.weight(ranks: [4], of: 8) == 0.5)
        #expect(NeymanAllocation.weight(ranks: [], of: 8) == 0.5)
        #expect(NeymanAllocation.weight(ranks: [4, 4], of: 8) > 0.7)
        #expect(NeymanAllocation.weight(ranks: [0], of: 8) < 0.5)
        #expect(NeymanAllocation.weight(ranks: [1], of: 0) == 0)
    }
}
