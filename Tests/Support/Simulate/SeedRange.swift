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

/// What to run.
enum SeedCases {
    /// Seeds that draw their own options.
    case drawn(ClosedRange<UInt64>)
    /// Seeds with their options.
    case noted([SimulationCase])

    /// The simulation, if there is only one.
    var only: Simulation? {
        guard count == 1 else { return nil }
        switch self {
        case .drawn(let seeds): return Simulation(seed: seeds.lowerBound)
        case .noted(let cases):
            return cases.first.map { Simulation(seed: $0.seed, options: $0.options) }
        }
    }

    var count: Int {
        switch self {
        case .drawn(let seeds): Int(seeds.upperBound - seeds.lowerBound) + 1
        case .noted(let cases): cases.count
        }
    }
}
