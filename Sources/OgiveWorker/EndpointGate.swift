internal import OgiveCore

/// Holds the stages back while a model server is away: items wait, they do not fail.
actor EndpointGate {
    /// The fault that closed the gate, and since when.
    private(set) var outage: (error: ModelError, since: Instant)?
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private let time: TimeSource

    init(time: TimeSource) {
        self.time = time
    }

    /// A server does not answer: closes the gate.
    func close(_ error: ModelError) {
        if outage == nil { outage = (error, time.now()) }
    }

    /// The servers answer again: lets everybody go on.
    func open() {
        outage = nil
        let released = waiters
        waiters = []
        for waiter in released { waiter.resume() }
    }

    /// Waits while the gate is closed.
    func pass() async {
        guard outage != nil else { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}
