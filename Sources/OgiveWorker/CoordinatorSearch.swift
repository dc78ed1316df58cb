internal import OgiveCore

/// Decides when a worker that no coordinator answers tries the next address.
struct CoordinatorSearch {
    private let patience: Duration
    private var until: Instant?

    init(patience: Duration) {
        self.patience = patience
    }

    /// Whether to move on now. `jitter` in 0...1 lengthens the next wait by up to a half.
    mutating func isDue(isRegistered: Bool, now: Instant, jitter: Double) -> Bool {
        guard !isRegistered else {
            until = nil
            return false
        }
        let deadline = until ?? now + patience * (1 + jitter / 2)
        let isDue = now >= deadline
        until = isDue ? nil : deadline
        return isDue
    }
}
