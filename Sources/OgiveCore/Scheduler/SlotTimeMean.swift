/// How long draws keep a slot of a policy, on the mean of the last thousand tasks or so.
struct SlotTimeMean {
    /// Seconds for each draw; `nil` before the first task.
    private(set) var seconds: Double?
    private var tasks = 0.0

    /// The mean follows about so many tasks.
    private static let tasksMax = 1_024.0
    /// A worker that says that draws take no time, or for ever, changes the shares no further.
    private static let ratioMax = 8.0

    /// Takes in the results of a task whose draws were sampled together.
    mutating func note(_ results: [ItemResult]) {
        // By index: a loop over the elements would copy each of them, with its text.
        var longest = Duration.zero
        var draws = 0
        for index in results.indices {
            guard let duration = results[index].sampleDuration else { continue }
            longest = max(longest, duration)
            draws += 1
        }
        guard draws > 0 else { return }
        tasks = min(tasks + 1, Self.tasksMax)
        let former = seconds ?? 0
        seconds = former + (longest / .seconds(1) / Double(draws) - former) / tasks
    }

    /// This mean in units of another one; 1 where one of them is not known.
    func ratio(to other: SlotTimeMean) -> Double {
        guard let seconds, let unit = other.seconds, unit > 0 else { return 1 }
        return min(max(seconds / unit, 1 / Self.ratioMax), Self.ratioMax)
    }
}
