internal import OgiveCore

/// What a simulated run is like and its faults. Every seed has its own.
///
/// Means are numbers of times in the time of faults; shares are of all messages, commits or tasks.
package struct SimulationOptions: Hashable, Sendable, Codable {
    /// Number of prompts.
    package var prompts = 6
    /// Draws of each prompt.
    package var draws = 6
    /// Number of workers at first.
    package var workers = 3
    /// Number of open runs: the second has another sampling and three times the weight, the third
    /// another scoring of the first one's sampling.
    package var runs = 1
    /// Number of coordinators that lead side by side, each of them other runs.
    package var coordinators = 1
    /// Mean number of times that runs go to other coordinators.
    package var regroupings = 0.0
    /// Number of keys that the workers share; 0 for workers without keys.
    package var keys = 0
    /// Whether all workers begin at once.
    package var startsAtOnce = false
    /// Mean number of times that all workers end at once, drained or dead.
    package var massEnds = 0.0
    /// Whether a draw that is made again is the same; otherwise each attempt has its own content.
    package var isDeterministic = true
    /// Share of messages that are lost.
    package var loss = 0.0
    /// Share of messages that arrive twice.
    package var duplication = 0.0
    /// Longest delay of a message, in milliseconds; messages overtake each other.
    package var delayMax = 20
    /// Mean number of links that deliver nothing for a while, then all at once.
    package var clogs = 0.0
    /// Mean number of workers that are cut off in both directions.
    package var partitions = 0.0
    /// Mean number of workers that are cut off in one direction.
    package var oneWayPartitions = 0.0
    /// Share of commits that fail, and of those whose reply is lost.
    package var commitFailure = 0.0
    /// Share of commits that take seconds.
    package var commitSlowness = 0.0
    /// Mean number of times when the database does not answer.
    package var outages = 0.0
    /// Mean number of times when the database is read-only.
    package var readOnlyTimes = 0.0
    /// Share of tasks on which a worker hangs.
    package var hanging = 0.0
    /// Longest time of a task that is not slow, in milliseconds.
    package var taskMax = 600
    /// Share of tasks that take longer than their lease, or nearly.
    package var slowness = 0.0
    /// Mean number of crashes of workers.
    package var workerCrashes = 0.0
    /// Mean number of pauses of workers (stopped, then continued).
    package var workerPauses = 0.0
    /// Mean number of new coordinators.
    package var coordinatorCrashes = 0.0
    /// Mean number of pauses of the coordinator, in some of which another takes over.
    package var coordinatorPauses = 0.0
    /// Whether a former coordinator goes on for a while beside its successor.
    package var zombies = false
    /// Mean number of drained workers.
    package var drains = 0.0
    /// Mean number of workers that join.
    package var joins = 0.0
    /// Mean number of workers that leave for good.
    package var leaves = 0.0
    /// Mean number of steps of the wall clock by an hour, on any host.
    package var clockSteps = 0.0
    /// Mean number of messages under another worker's routing id.
    package var thefts = 0.0
    /// Mean number of results and hellos of a worker with a key of its own that name leases it was
    /// never granted.
    package var forgeries = 0.0
    /// Number of prompts that end the process of a worker that begins them.
    package var poisonPrompts = 0
    /// Lost workers after which a task is given up; `nil` for never.
    package var attemptsMax: Int?
    /// Mean number of times that a person raises the target.
    package var raises = 0.0
    /// Mean number of times that a person asks for a retry of the failures.
    package var retries = 0.0
    /// Tokens that each run may spend at first, where each draw takes three; `nil` is no limit.
    package var budget: Int?
    /// Mean number of times that a person raises a budget by as much.
    package var budgetRaises = 0.0
    /// Mean number of times that a person asks for another scoring of what the first run has
    /// stored; then also once more when everything has landed.
    package var rescorings = 0.0
    /// The standard error that the first two runs sample to; `nil` asks all prompts for `draws`.
    package var precision: Double?
    /// Or the draws that they spread, as a multiple of `draws` for each prompt.
    package var allocation: Double?
    /// The most draws of a prompt of such a run, as a multiple of `draws`.
    package var growth = 1
    /// How long faults go on.
    package var faultTime = Duration.seconds(8)
    /// After this much time without faults everything must be landed.
    package var healTime = Duration.seconds(60)

    /// Nothing bad happens.
    package init() {}

    /// Rises when equal seeds draw other options: what was noted of a seed then needs its options.
    package static let drawing = 3

    /// The options of a seed: each kind of fault is there in half of the seeds.
    package init(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x0A71_0A5E_ED00_0000 ^ UInt64(Self.drawing))
        prompts = Int.random(in: 2...7, using: &random)
        draws = Int.random(in: 1...9, using: &random)
        workers = Int.random(in: 1...4, using: &random)
        runs = random.chance(0.5) ? 1 : Int.random(in: 2...3, using: &random)
        isDeterministic = random.chance(0.5)
        drawNetwork(&random)
        drawProcesses(&random)
        commitFailure = Self.maybe(0.5, &random)
        commitSlowness = Self.maybe(0.3, &random)
        outages = Self.maybe(2, &random)
        readOnlyTimes = Self.maybe(2, &random)
        clockSteps = Self.maybe(3, &random)
        thefts = Self.maybe(4, &random)
        raises = Self.maybe(1, &random)
        retries = isDeterministic ? Self.maybe(1, &random) : 0
        drawBudget(seed: seed)
        drawAdaptive(seed: seed)
        if random.chance(0.25) {
            poisonPrompts = Int.random(in: 1...2, using: &random)
            attemptsMax = Int.random(in: 2...5, using: &random)
            healTime = .seconds(600)
        }
        rescorings = Self.maybe(3, &random)
        drawForgeries(seed: seed)
    }

    /// From a sequence of its own: the other options of a seed stay what they were.
    private mutating func drawForgeries(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x0F0E_6E57)
        forgeries = Self.maybe(8, &random)
    }

    /// From a sequence of its own: the other options of a seed stay what they were. Budgets count
    /// what a server writes, so they are not for simulations where that may change nothing.
    private mutating func drawBudget(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x0B0D_6E75)
        guard isDeterministic, random.chance(0.3) else { return }
        budget = Int.random(in: 1...(prompts * draws * 3), using: &random)
        budgetRaises = Self.maybe(4, &random)
    }

    /// Targets follow from contents, so this is not for simulations where those may change nothing.
    private mutating func drawAdaptive(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x0ADA_971E)
        guard isDeterministic, random.chance(0.4) else { return }
        growth = Int.random(in: 2...5, using: &random)
        if random.chance(0.7) {
            precision = Double.random(in: 0.05...0.3, using: &random)
        } else {
            allocation = Double.random(in: 1...Double(growth), using: &random)
        }
    }

    private mutating func drawNetwork(_ random: inout SeededRandom) {
        loss = Self.maybe(0.3, &random)
        duplication = Self.maybe(0.3, &random)
        delayMax = random.chance(0.5) ? 10 : Int.random(in: 10...1_500, using: &random)
        clogs = Self.maybe(4, &random)
        partitions = Self.maybe(3, &random)
        oneWayPartitions = Self.maybe(3, &random)
    }

    private mutating func drawProcesses(_ random: inout SeededRandom) {
        hanging = Self.maybe(0.2, &random)
        slowness = Self.maybe(0.2, &random)
        workerCrashes = Self.maybe(4, &random)
        workerPauses = Self.maybe(4, &random)
        coordinatorCrashes = Self.maybe(4, &random)
        coordinatorPauses = Self.maybe(2, &random)
        zombies = random.chance(0.5)
        drains = Self.maybe(2, &random)
        joins = Self.maybe(2, &random)
        leaves = Self.maybe(2, &random)
    }

    private static func maybe(_ most: Double, _ random: inout SeededRandom) -> Double {
        random.chance(0.5) ? Double.random(in: 0...most, using: &random) : 0
    }
}
