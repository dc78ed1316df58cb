/// How a worker failed to finish a task, for the history of a task that is given up.
struct TaskLoss: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The worker fell silent.
        case lost
        /// The lease ran out while the worker was there.
        case tooSlow
    }

    let kind: Kind
    /// What the worker calls itself.
    let worker: String
    /// Time since the lease began.
    let after: Duration
    /// Whether the worker had no other lease.
    let wasAlone: Bool

    /// Most bytes of a worker's name in a history.
    static let nameMax = 64
    /// Most losses that a task remembers; the oldest go first.
    static let historyMax = 8

    /// For people: who, what, when.
    var description: String {
        let tenths =
            after.components.seconds * 10 + after.components.attoseconds / 100_000_000_000_000_000
        let name = String(decoding: worker.utf8.prefix(Self.nameMax), as: UTF8.self)
        let what = kind == .lost ? "was lost" : "was too slow"
        return "\(name) \(what) after \(tenths / 10).\(tenths % 10) s"
            + (wasAlone ? " with this task alone" : "")
    }
}

extension [TaskLoss] {
    /// Too slow each time is a timeout; else workers were lost.
    var code: ModelError.Code {
        allSatisfy { $0.kind == .tooSlow } ? .timeout : .workerLost
    }

    /// The history for people; at most `historyMax` losses of bounded length.
    func message(attempts: Int) -> String {
        let earlier = attempts > count ? ["\(attempts - count) earlier"] : []
        let times = attempts == 1 ? "once" : "\(attempts) times"
        return "Given up: its worker was lost or too slow \(times): "
            + (earlier + map(\.description)).joined(separator: ", ") + "."
    }
}
