internal import OgiveCore

/// Decides when a worker whose machine is taken away at a known time has to drain, so that it takes
/// nothing that it cannot finish.
///
/// The longest of the last tasks is what the next one is expected to take; while none is known, the
/// time allowed for draining is.
struct EndOfTime {
    /// How many of the last tasks are remembered.
    static let tasksMax = 64
    /// Kept for delivering and leaving, or a tenth of what is left when that is shorter.
    static let marginMax = Duration.seconds(5)

    private let end: Instant
    private let unknown: Duration
    private let margin: Duration
    private var begun: [WorkerSession.Ticket: Instant] = [:]
    private var recent: [Duration] = []
    private var isOver = false

    /// `remaining`: from `now`; `unknown`: how long a task is taken to last before any is known.
    init(remaining: Duration, unknown: Duration, now: Instant) {
        end = now + remaining
        self.unknown = unknown
        margin = min(Self.marginMax, remaining / 10)
    }

    /// How long a task is expected to take.
    var estimate: Duration { recent.max() ?? unknown }

    /// Takes note of tasks that begin and end.
    mutating func note(_ event: WorkerSession.Event, now: Instant) {
        switch event {
        case .started(let ticket): begun[ticket] = now
        case .done(let ticket, _):
            guard let start = begun.removeValue(forKey: ticket) else { return }
            if recent.count == Self.tasksMax { recent.removeFirst() }
            recent.append(now - start)
        default: break
        }
    }

    /// Forgets a task that was stopped.
    mutating func forget(_ ticket: WorkerSession.Ticket) {
        begun[ticket] = nil
    }

    /// Once, when it is time to drain: how long the drain may take.
    mutating func grace(now: Instant) -> Duration? {
        let left = end - now - margin
        guard !isOver, left <= estimate else { return nil }
        isOver = true
        return max(left, .zero)
    }
}
