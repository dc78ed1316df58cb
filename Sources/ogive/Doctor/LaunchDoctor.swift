internal import OgiveModels
internal import OgivePreflight

/// Looks at the commands of the servers that Ogive launches.
struct LaunchDoctor {
    /// The configuration.
    var configuration: Configuration
    /// The cores that the servers may use.
    var cores = UsableCores.count

    /// A warning when the servers are told to use more threads than there are cores.
    func examine() -> [Finding] {
        let launches = [
            ("policy.launch", configuration.policy?.endpoint.launch),
            ("scorer.launch", configuration.scorer?.endpoint.launch),
        ]
        let asked = launches.compactMap { key, launch in
            launch.flatMap(Self.threads).map { (key: key, threads: $0) }
        }
        let sum = asked.map(\.threads).reduce(0, +)
        guard let first = asked.first, sum > cores else { return [] }
        let keys = asked.map { "`\($0.key)`" }.joined(separator: " and ")
        return [
            Finding(
                .warning, .throughput, at: first.key,
                "\(keys) ask for \(sum) threads, and this process may use \(cores) "
                    + "\(cores == 1 ? "core" : "cores"): the threads wait for each other, and a "
                    + "run can take ten times as long",
                advice:
                    "write \"{threads}\" in place of each number: Ogive puts the server's share "
                    + "of the cores there")
        ]
    }

    /// The threads that a command asks for by a number; `nil` when it says nothing.
    static func threads(_ launch: ModelServerSpec) -> Int? {
        var found = launch.environment["OMP_NUM_THREADS"].flatMap { Int($0) }
        for (name, value) in zip(launch.argv, launch.argv.dropFirst() + [""]) {
            let number =
                ["--threads", "-t"].contains(name)
                ? Int(value)
                : name.hasPrefix("--threads=") ? Int(name.dropFirst("--threads=".count)) : nil
            if let number { found = max(found ?? 0, number) }
        }
        return found
    }
}
