import OgiveCore
import OgiveTesting
import Testing

#if DEBUG
    @Suite("The simulator sees each guard's absence", .timeLimit(.minutes(10)))
    struct MutationTests {
        /// Within this many seeds.
        static let seedsMax: UInt64 = 500

        @Test("Without a guard, a seed fails", arguments: Guard.allCases)
        func isSeen(guarding: Guard) {
            for seed in 1...Self.seedsMax {
                let outcome = Simulation.check(seed: seed, without: guarding)
                if let violation = outcome.violations.first {
                    print("without \(guarding.rawValue): seed \(seed): \(violation)")
                    return
                }
            }
            Issue.record("\(Self.seedsMax) seeds are clean without \(guarding.rawValue)")
        }
    }
#endif
