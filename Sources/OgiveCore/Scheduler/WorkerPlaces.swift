/// The places of workers: how many may be known at once, in all and of one key.
///
/// A place is taken by each worker that waits to be registered, is registered, or left and whose
/// check for silence is not over.
struct WorkerPlaces: Sendable {
    /// Places that are taken.
    private(set) var count = 0
    private var ofKeys: [String: Int] = [:]

    /// Why there is no place for another worker of a key, in words for its operator; `nil` where
    /// there is one.
    func obstacle(for key: String, _ limits: SchedulerLimits) -> String? {
        if count >= limits.workersMax {
            return "the coordinator has \(limits.workersMax) workers, and takes no more; this one "
                + "waits, and begins when another one has left"
        }
        guard ofKeys[key] ?? 0 >= limits.workersOfKeyMax else { return nil }
        return "the coordinator has \(limits.workersOfKeyMax) workers of one key, and takes no "
            + "more of it; this one waits, and begins when another one of its key has left. "
            + "Workers of another key have places of their own"
    }

    /// Takes a place.
    mutating func take(_ key: String) {
        count += 1
        ofKeys[key, default: 0] += 1
    }

    /// Gives a place back.
    mutating func free(_ key: String) {
        guard let taken = ofKeys[key] else { return }
        count -= 1
        ofKeys[key] = taken > 1 ? taken - 1 : nil
    }
}
