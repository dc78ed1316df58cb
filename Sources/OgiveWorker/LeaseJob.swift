internal import OgiveCore
internal import Synchronization

/// A lease on its way through the stages.
struct LeaseJob: Sendable {
    let ticket: WorkerSession.Ticket
    let lease: Lease
    let run: RunDescription
    /// One entry for each item of the lease, in its order.
    var results: [ItemResult]

    init(ticket: WorkerSession.Ticket, lease: Lease, run: RunDescription) {
        self.ticket = ticket
        self.lease = lease
        self.run = run
        results = lease.items.map { ItemResult(name: $0.name) }
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

/// Leases that are not wanted any more, so that stages stop waiting for servers on their behalf.
final class StoppedLeases: Sendable {
    private let tickets = Mutex(Set<WorkerSession.Ticket>())

    /// Marks a lease.
    func insert(_ ticket: WorkerSession.Ticket) {
        tickets.withLock { _ = $0.insert(ticket) }
    }

    /// Asks whether a lease is marked, and forgets it when it is.
    func consume(_ ticket: WorkerSession.Ticket) -> Bool {
        tickets.withLock { $0.remove(ticket) != nil }
    }

    /// Asks whether a lease is marked.
    func contains(_ ticket: WorkerSession.Ticket) -> Bool {
        tickets.withLock { $0.contains(ticket) }
    }
}
