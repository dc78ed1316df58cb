/// What a worker tells its coordinator.
package enum WorkerMessage: Hashable, Sendable {
    /// First message of an incarnation, and the answer to `reRegister`.
    case hello(Hello)
    /// How many leases the worker is willing to hold at once from now on. Absolute, so that a lost
    /// or repeated message does no harm; repeated with every heartbeat.
    case credit(Int)
    /// Results of a task (all of its items, or some when they are too large for one message).
    case result(TaskResult)
    /// The worker is alive, and every endpoint of its models gets requests.
    case heartbeat
    /// The worker is alive, and these endpoints of its models get none; never empty.
    case impaired([EndpointOutage])
    /// The worker gives leases back, unfinished: no attempt is charged.
    case returned([LeaseName])
    /// The worker cannot serve a run, for this reason, and gives these leases of it back.
    case declined(RunID, reason: String, [LeaseName])
    /// The worker takes nothing new and finishes what it has.
    case draining
    /// The worker leaves; everything it had is acknowledged or given back.
    case goodbye
}

/// How a worker introduces itself.
package struct Hello: Hashable, Sendable {
    /// Host and process id, for people.
    package var name: String
    /// Version of the program.
    package var version: String
    /// What it serves.
    package var offer: Offer
    /// How many leases it is willing to hold at once, `inFlight` included.
    package var credit: Int
    /// Leases it works on, from before a coordinator forgot it.
    package var inFlight: [HeldLease]

    /// Joins the parts.
    package init(
        name: String, version: String, offer: Offer, credit: Int, inFlight: [HeldLease]
    ) {
        self.name = name
        self.version = version
        self.offer = offer
        self.credit = credit
        self.inFlight = inFlight
    }
}

/// The right to finish a task: worthless once the task was granted again.
package struct LeaseName: Hashable, Comparable, Sendable {
    /// The coordinator that granted it.
    package var term: Term
    /// The task.
    package var task: TaskID
    /// Its fencing number.
    package var epoch: Epoch

    /// Joins the parts.
    package init(term: Term, task: TaskID, epoch: Epoch) {
        self.term = term
        self.task = task
        self.epoch = epoch
    }

    package static func < (left: LeaseName, right: LeaseName) -> Bool {
        (left.term, left.task, left.epoch) < (right.term, right.task, right.epoch)
    }
}

/// A lease that a worker holds: enough for a coordinator that does not know the task to take it
/// over.
package struct HeldLease: Hashable, Sendable {
    /// The lease.
    package var claim: LeaseClaim
    /// Those of its items whose results are acknowledged.
    package var settled: [ItemName]

    /// Joins both.
    package init(claim: LeaseClaim, settled: [ItemName] = []) {
        self.claim = claim
        self.settled = settled
    }

    /// The items that are still to come, in the lease's order.
    package var items: [ItemName] {
        if settled.isEmpty { return claim.items }
        let settled = Set(settled)
        return claim.items.filter { !settled.contains($0) }
    }
}

/// What became of a task. Kept by the worker and sent again until it is acknowledged.
package struct TaskResult: Hashable, Sendable {
    /// The lease under which it was done.
    package var claim: LeaseClaim
    /// Which part of the lease's results this is, from 0.
    package var part: Int
    /// One entry for each item of this part.
    package var items: [ItemResult]
    /// Why the items could not be read, when they could not: there are none then. Set by decoders.
    package var fault: String?

    /// Joins the parts.
    package init(claim: LeaseClaim, part: Int, items: [ItemResult]) {
        self.claim = claim
        self.part = part
        self.items = items
    }

    /// Its name.
    package var name: ResultName { ResultName(lease: claim.lease, part: part) }
}
