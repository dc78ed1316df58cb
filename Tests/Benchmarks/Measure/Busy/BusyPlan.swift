internal import Foundation
internal import OgiveCore
internal import OgiveTesting

/// A fleet and its work, as drawn from a seed.
struct BusyPlan {
    /// How long draws take.
    enum Law: String, CaseIterable, Sendable {
        /// exp of a normal variable; standard deviation 1 of the logarithm.
        case lognormal
        /// Pareto with exponent 1.5: the variance is infinite, but for the cap.
        case pareto
    }

    /// One worker: when it comes, and when it is told to leave.
    struct Member: Sendable {
        var joins: Duration
        var leaves: Duration?
    }

    /// No draw takes longer, in means.
    static let capInMeans = 30.0

    var slotsOfWorker = 8
    /// A worker's default `score_concurrency`; scoring takes no time.
    var scoreSlotsOfWorker = 2
    /// Leases that wait in a worker beyond those in its slots: the worker's default `prefetch` and
    /// its default `score_concurrency`.
    var prefetch = 10
    /// A message's way, one way.
    var latency = Duration.milliseconds(1)
    /// The database's time for a page or a landing.
    var databaseTime = Duration.milliseconds(20)
    /// After this long a leaving worker gives back what is unfinished.
    var grace = WorkerLimits().drainGrace
    /// How long each draw takes, in order of prompts.
    var durations: [Duration]
    var members: [Member]

    /// Draws a plan: one worker leaves and another one comes each `turnover`.
    init(
        law: Law, slots: Int, draws: Int, mean: Duration = .seconds(10),
        turnover: Duration = .seconds(10), seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        durations = (0..<draws).map { _ in mean * min(Self.capInMeans, law.draw(&random)) }
        members = (0..<max(1, slots / slotsOfWorker)).map { _ in
            Member(joins: .zero, leaves: nil)
        }
        let total = durations.reduce(Duration.zero, +) / slots
        var (first, now) = (0, turnover)
        while now < total {
            members[first].leaves = now
            members.append(Member(joins: now, leaves: nil))
            (first, now) = (first + 1, now + turnover)
        }
    }

    /// The slots of all workers, for the bound.
    var slots: [ListSchedule.Slot] {
        members.flatMap { member in
            let slot = ListSchedule.Slot(joins: member.joins, leaves: member.leaves)
            return Array(repeating: slot, count: slotsOfWorker)
        }
    }
}

extension BusyPlan.Law {
    /// A duration in units of the mean.
    fileprivate func draw(_ random: inout SeededRandom) -> Double {
        let uniform = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)
        switch self {
        case .lognormal:
            // Box and Muller, 1958.
            let angle = 2 * Double.pi * Double.random(in: 0..<1, using: &random)
            let normal = (-2 * log(uniform)).squareRoot() * cos(angle)
            return exp(normal - 0.5)
        case .pareto: return pow(uniform, -1 / 1.5) / 3
        }
    }
}
