internal import OgiveCore

/// A lease on its way through the stages.
struct LeaseJob: Sendable {
    let ticket: WorkerSession.Ticket
    let lease: Lease
    let run: RunDescription
    /// One entry for each item of the lease, in its order.
    var results: [ItemResult]
    /// Why this worker cannot serve the lease's run; `nil` while nothing is against it.
    var obstacle: ModelError?

    init(ticket: WorkerSession.Ticket, lease: Lease, run: RunDescription) {
        self.ticket = ticket
        self.lease = lease
        self.run = run
        results = lease.items.map { ItemResult(name: $0.name) }
    }

    /// The same job of a run that cannot be served.
    func facing(_ obstacle: ModelError) -> LeaseJob {
        var job = self
        job.obstacle = obstacle
        return job
    }

    /// The obstacle with what it was found by, for people.
    var reason: String? {
        obstacle.map {
            "run '\(run.spec.name)', prompt `\(lease.prompt.key)`: \($0.message)"
        }
    }

    /// Positions of the items that have a text and neither a reward nor a failure.
    var unscored: [Int] {
        results.indices.filter { position in
            results[position].failure == nil && results[position].reward == nil
                && text(at: position) != nil
        }
    }

    /// The text that is scored: byte for byte what is stored.
    func text(at position: Int) -> String? {
        lease.items[position].text ?? results[position].completion?.text
    }
}
