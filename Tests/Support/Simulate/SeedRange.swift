internal import ArgumentParser
internal import OgiveTesting

/// `A..B`, both included.
struct SeedRange: ExpressibleByArgument {
    let bounds: ClosedRange<UInt64>

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
            first <= last, last - first < UInt64(Int.max)
        else { return nil }
        bounds = first...last
    }
}

/// What is simulated with each seed.
enum Deployment {
    /// One coordinator and a few workers.
    case drawn
    /// Several coordinators that lead other runs each.
    case coordinators(Int)
    /// One coordinator with so many workers.
    case fleet(Int)

    /// The options of a seed.
    func options(seed: UInt64) -> SimulationOptions {
        switch self {
        case .drawn: SimulationOptions(seed: seed)
        case .coordinators(let count): SimulationOptions(seed: seed, coordinators: count)
        case .fleet(let workers): SimulationOptions(fleet: workers)
        }
    }

    /// What is to be said on the command line for it.
    var arguments: String {
        switch self {
        case .drawn: ""
        case .coordinators(let count): " --coordinators \(count)"
        case .fleet(let workers): " --workers \(workers)"
        }
    }
}

/// What to run.
enum SeedCases {
    /// Seeds that draw their own options, or get them.
    case drawn(ClosedRange<UInt64>, Deployment)
    /// Seeds with their options.
    case noted([SimulationCase])

    /// The simulation, if there is only one.
    var only: Simulation? {
        guard count == 1 else { return nil }
        switch self {
        case .drawn(let seeds, let deployment):
            let seed = seeds.lowerBound
            return Simulation(seed: seed, options: deployment.options(seed: seed))
        case .noted(let cases):
            return cases.first.map { Simulation(seed: $0.seed, options: $0.options) }
        }
    }

    /// What to say on the command line, so that a seed is the same as here.
    var arguments: String {
        if case .drawn(_, let deployment) = self { deployment.arguments } else { "" }
    }

    var count: Int {
        switch self {
        case .drawn(let seeds, _): Int(seeds.upperBound - seeds.lowerBound) + 1
        case .noted(let cases): cases.count
        }
    }
}
