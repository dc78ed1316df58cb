package import OgiveCore

/// How a simulation went.
package struct SimulationOutcome: Hashable, Sendable {
    /// What resolved an item.
    package enum Resolution: Hashable, Sendable {
        /// Its reward.
        case reward(Double)
        /// Its log-probability.
        case logProbability(Double)
        /// The attempt that ended as a failure; 0 where the coordinator gave it up.
        case failure(attempt: Int)

        /// The attempt that counts, whatever it brought, with the attempt that made its text.
        var attempt: [UInt64] {
            switch self {
            case .reward(let reward): [AttemptModel.attempts(ofReward: reward).reward]
            case .logProbability(let sum): [AttemptModel.attempt(ofSum: sum)]
            case .failure(let attempt): [UInt64(attempt)]
            }
        }
    }

    /// The seed it was drawn from.
    package var seed: UInt64
    /// What it was like.
    package var options: SimulationOptions
    /// Hash of everything that happened, in order.
    package var trace: TraceHash
    /// What must not have happened; empty when all is well.
    package var violations: [String]
    /// Number of events.
    package var steps: Int
    /// How often faults and their consequences happened.
    package var counts: SimulationCounts
    /// How much was done.
    package var work: SimulationWork
    /// What resolved each item of each scoring.
    package var outcomes: [ScoringID: [MemoryDatabase.ItemKey: Resolution]]

    /// Whether the same attempt resolved each item in both, whatever it brought.
    func resolvesLike(_ other: SimulationOutcome) -> Bool {
        outcomes.mapValues { $0.mapValues(\.attempt) }
            == other.outcomes.mapValues { $0.mapValues(\.attempt) }
    }
}

/// How much was done in a simulation.
package struct SimulationWork: Hashable, Sendable {
    /// Workers that began.
    package var workers = 0
    /// Leases that were granted for each run.
    package var leases: [RunID: Int] = [:]
    /// Items of each run that got their outcome.
    package var items: [RunID: Int] = [:]
    /// Both as they were when the first run ended: until then all had their shares.
    package var atFirstEnd: [RunID: Share] = [:]
    /// Processor time of the scheduler, where it was measured.
    package var schedulerTime = Duration.zero

    /// What was done of one run.
    package struct Share: Hashable, Sendable {
        /// Leases that were granted.
        package var leases: Int
        /// Items that got their outcome.
        package var items: Int
    }

    /// Nothing.
    package init() {}

    /// A run ended.
    mutating func noteEnd() {
        guard atFirstEnd.isEmpty else { return }
        for (run, count) in leases {
            atFirstEnd[run] = Share(leases: count, items: items[run] ?? 0)
        }
    }
}

extension Simulation {
    /// Runs a seed and, where its server is not deterministic, runs it again with other contents:
    /// the same things must happen and the same attempts be kept.
    package static func check(seed: UInt64, options: SimulationOptions? = nil) -> SimulationOutcome
    {
        check { Simulation(seed: seed, options: options, isSwapped: $0) }
    }

    #if DEBUG
        /// The same with a guard turned off.
        package static func check(
            seed: UInt64, options: SimulationOptions? = nil, without guarding: Guard
        ) -> SimulationOutcome {
            check { isSwapped in
                var simulation = Simulation(seed: seed, options: options, isSwapped: isSwapped)
                simulation.guardOff = guarding
                return simulation
            }
        }
    #endif

    private static func check(_ make: (_ isSwapped: Bool) -> Simulation) -> SimulationOutcome {
        var simulation = make(false)
        var outcome = simulation.run()
        guard outcome.violations.isEmpty, !outcome.options.isDeterministic else { return outcome }
        var swapped = make(true)
        let other = swapped.run()
        outcome.violations = other.violations.map { "with other contents: \($0)" }
        if outcome.violations.isEmpty, outcome.trace != other.trace {
            outcome.violations.append("other contents made other things happen")
        }
        if outcome.violations.isEmpty, !outcome.resolvesLike(other) {
            outcome.violations.append("other contents let other attempts count")
        }
        return outcome
    }
}
