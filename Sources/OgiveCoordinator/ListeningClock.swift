internal import OgiveCore
internal import Synchronization

/// How long a coordinator could not listen. A process that was stopped, starved, or short of room
/// for messages must not take its workers for silent.
final class ListeningClock: Sendable {
    private struct State {
        var missed = Duration.zero
        var isHeldUp = false
    }

    /// After a longer gap between two ticks, the process did not run.
    private let longest: Duration
    private let state = Mutex(State())

    /// Ticks come every `interval`, and a little later on a busy machine.
    init(ticksEvery interval: Duration) {
        longest = interval * 5
    }

    /// Whether messages wait because the scheduler has not taken those before them.
    var isHeldUp: Bool {
        get { state.withLock(\.isHeldUp) }
        set { state.withLock { $0.isHeldUp = newValue } }
    }

    /// What was listened to until a tick, which comes so long after the last one. In the feed it
    /// waits behind the messages that came before it.
    func note(_ now: TimePoint, after gap: Duration) -> ListeningTime {
        state.withLock { state in
            if state.isHeldUp {
                state.missed += gap
            } else if gap > longest {
                state.missed += gap - longest
            }
            return ListeningTime(until: now, missed: state.missed)
        }
    }
}
