import QuantileRewards
import Testing

@Suite("The empirical distribution of rewards", .timeLimit(.minutes(10)))
struct EmpiricalDistributionTests {
    /// A generator that gives the same tables in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test("agrees with the paper's estimator mean(ref ≤ r) on tables with ties")
    func agreesWithEstimator() throws {
        var generator = Generator(state: 7)
        for _ in 0..<300 {
            let count = Int.random(in: 1...40, using: &generator)
            let references = (0..<count).map { _ in
                Double(Int.random(in: -5...5, using: &generator)) / 2
            }
            let table = try #require(EmpiricalDistribution(references))
            for twice in -14...14 {
                let reward = Double(twice) / 4
                let atMost = Double(references.filter { $0 <= reward }.count) / Double(count)
                let below = Double(references.filter { $0 < reward }.count) / Double(count)
                #expect(table.quantileReward(of: reward) == atMost)
                #expect(table.quantileReward(of: reward, ties: .right) == atMost)
                #expect(table.quantileReward(of: reward, ties: .left) == below)
                let middle = table.quantileReward(of: reward, ties: .mid)
                #expect(abs(middle - (below + atMost) / 2) < 1e-15)
            }
        }
    }

    @Test("gives the least reward whose share reaches p")
    func quantileIsTheLeast() throws {
        var generator = Generator(state: 11)
        for count in [1, 2, 3, 7, 10, 49, 100] {
            let table = try #require(
                EmpiricalDistribution(
                    (0..<count).map { _ in Double(Int.random(in: 0...9, using: &generator)) }))
            let grid = (0...count).map { Double($0) / Double(count) } + [0.1, 0.3, 0.7, 0.999]
            for p in grid {
                let expected = try #require(
                    table.rewards.first { table.quantileReward(of: $0) >= p })
                #expect(table.quantile(p) == expected, "n \(count), p \(p)")
            }
        }
    }

    @Test("takes no table that is empty or has a reward that is not finite")
    func refusesErrors() {
        #expect(EmpiricalDistribution([Double]()) == nil)
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(EmpiricalDistribution([1, bad, 2]) == nil)
        }
    }

    @Test("answers NaN or nothing for arguments that are outside of the domain")
    func answersOutsideOfDomain() throws {
        let table = try #require(EmpiricalDistribution([1, 2]))
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(table.quantileReward(of: bad).isNaN)
        }
        for bad in [-0.1, 1.1, .nan] { #expect(table.quantile(bad) == nil) }
    }

    @Test("knows mean, standard deviation and degeneracy")
    func knowsMoments() throws {
        let table = try #require(EmpiricalDistribution([4, 2, 6]))
        #expect(table.mean == 4)
        #expect(table.standardDeviation == 2)
        #expect(!table.isDegenerate)
        let flat = try #require(EmpiricalDistribution([3, 3]))
        #expect(flat.isDegenerate && flat.standardDeviation == 0)
        let huge = try #require(EmpiricalDistribution([1.7e308, 1.7e308]))
        #expect(huge.mean.isFinite)
        #expect(EmpiricalDistribution([1])?.standardDeviation == nil)
    }
}
