internal import UnixSignals

/// What the signals that a process gets ask of it.
///
/// Signals that wait together are delivered by number and not in the order in which they were
/// sent: Slurm's USR1 may come before the TERM that it followed, so it never counts.
struct StopRequests {
    /// What is asked.
    enum Request: Hashable {
        /// Finish in order.
        case drain
        /// Do not wait for it.
        case force
    }

    private var isDraining = false
    private var isAsked = false

    /// Takes in a signal; answers with what it asks, `nil` for nothing new.
    mutating func take(_ signal: UnixSignal) -> Request? {
        defer { isDraining = true }
        guard signal != .sigusr1 else { return isDraining ? nil : .drain }
        defer { isAsked = true }
        if isAsked { return .force }
        return isDraining ? nil : .drain
    }
}
