/// What a worker tells its coordinator.
package enum WorkerMessage: Hashable, Sendable {
    /// First message of an incarnation, and the answer to `reRegister`.
    case hello(Hello)
    /// How many leases the worker is willing to hold at once from now on. Absolute, so that a lost
    /// or repeated message does no harm; repeated with every heartbeat.
    case credit(Int)
    /// The same of a worker that has leases of several runs: so many of them, which take up none of
    /// the credit, are sampled and wait for the scorer.
    case crowded(Int, unscored: Int)
    /// Results of a task (all of its items, or some when they are too large for one message).
    case result(TaskResult)
    /// The worker is alive, and every endpoint of its models gets requests.
    case heartbeat
    /// The worker is alive, and these endpoints of its models get none; never empty.
    case impaired([EndpointOutage])
    /// The worker is alive, this is what it did, and these endpoints of its models get no requests.
    case report(WorkerLoad, [EndpointOutage])
    /// The worker gives leases back, unfinished: no attempt is charged.
    case returned([LeaseName])
    /// The worker cannot serve a run, for this reason, and gives these leases of it back.
    case declined(RunID, reason: String, [LeaseName])
    /// The worker takes nothing new and finishes what it has.
    case draining
    /// The worker leaves; everything it had is acknowledged or given back.
    case goodbye
}

extension WorkerMessage {
    /// About the bytes that it takes in memory.
    package var byteCount: Int {
        switch self {
        case .hello(let hello): MessageBytes.least + hello.byteCount
        case .result(let result):
            MessageBytes.least + result.items.byteCount
                + MessageBytes.ofName * result.claim.items.count
        case .impaired(let outages), .report(_, let outages):
            MessageBytes.least + outages.reduce(0) { $0 + $1.byteCount }
        case .returned(let leases): MessageBytes.least + MessageBytes.ofLease * leases.count
        case .declined(_, let reason, let leases):
            MessageBytes.least + reason.utf8.count + MessageBytes.ofLease * leases.count
        case .credit, .crowded, .heartbeat, .draining, .goodbye: MessageBytes.least
        }
    }
}

/// About the bytes that parts of messages take in memory without their texts.
enum MessageBytes {
    /// A message.
    static let least = 256
    /// The name of an item.
    static let ofName = 8
    /// The name of a lease, or of a part of results.
    static let ofLease = 32
    /// A claim to a lease, a fact, an item.
    static let ofEntry = 128
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
    /// Where it runs.
    package var site: WorkerSite
    /// What it last reported of its load, to whichever coordinator; `nil` before it did.
    package var reported: WorkerLoad?

    /// Joins the parts.
    package init(
        name: String, version: String, offer: Offer, credit: Int, inFlight: [HeldLease],
        site: WorkerSite = WorkerSite(), reported: WorkerLoad? = nil
    ) {
        self.site = site
        self.reported = reported
        self.name = name
        self.version = version
        self.offer = offer
        self.credit = credit
        self.inFlight = inFlight
    }
}

extension Hello {
    /// About the bytes that its lists take in memory.
    fileprivate var byteCount: Int {
        let models = (offer.policies + offer.scorers).reduce(0) { $0 + $1.byteCount }
        let place = site.endpoints.reduce(site.host.utf8.count + site.job.utf8.count) {
            $0 + $1.utf8.count
        }
        return inFlight.reduce(models + name.utf8.count + version.utf8.count + place) {
            $0 + MessageBytes.ofEntry
                + MessageBytes.ofName * ($1.claim.items.count + $1.resolved.count)
        }
    }
}

extension Offer.Model {
    fileprivate var byteCount: Int {
        let texts = kind.utf8.count + model.utf8.count + (logProbabilityObstacle?.utf8.count ?? 0)
        return fingerprint.facts.reduce(texts + MessageBytes.ofEntry) {
            $0 + MessageBytes.ofEntry + $1.key.utf8.count + $1.value.utf8.count
        }
    }
}

extension EndpointOutage {
    fileprivate var byteCount: Int {
        MessageBytes.ofEntry + model.utf8.count + endpoint.utf8.count + message.utf8.count
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

    /// Nearly all that are looked up together are of one term and of different tasks.
    package func hash(into hasher: inout Hasher) { hasher.combine(task.rawValue) }

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
    package var resolved: [ItemName]

    /// Joins both.
    package init(claim: LeaseClaim, resolved: [ItemName] = []) {
        self.claim = claim
        self.resolved = resolved
    }

    /// The items that are still to come, in the lease's order.
    package var items: [ItemName] {
        if resolved.isEmpty { return claim.items }
        let resolved = Set(resolved)
        return claim.items.filter { !resolved.contains($0) }
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

/// What a lease gives a right to, with what proves that it was granted: a worker sends it with
/// everything that it says of the lease.
package struct LeaseClaim: Hashable, Sendable {
    /// The lease.
    package var lease: LeaseName
    /// Its run.
    package var run: RunID
    /// Its prompt.
    package var prompt: PromptID
    /// The seed of draw 0.
    package var seedBase: UInt64
    /// All of its items, in the lease's order.
    package var items: [ItemName]
    /// The coordinator's proof (`LeaseKey`).
    package var proof: SHA256Digest

    /// Joins the parts.
    package init(
        lease: LeaseName, run: RunID, prompt: PromptID, seedBase: UInt64, items: [ItemName],
        proof: SHA256Digest
    ) {
        self.lease = lease
        self.run = run
        self.prompt = prompt
        self.seedBase = seedBase
        self.items = items
        self.proof = proof
    }
}

extension Lease {
    /// The claim to it.
    package var claim: LeaseClaim {
        LeaseClaim(
            lease: name, run: run, prompt: prompt.id, seedBase: seedBase, items: items.map(\.name),
            proof: proof)
    }
}

/// An endpoint of a model that gets no requests for now, as its worker sees it.
package struct EndpointOutage: Hashable, Sendable {
    /// What it serves: `policy` or `scorer`, the adapter and the model.
    package var model: String
    /// Its address.
    package var endpoint: String
    /// The kind of failure that made it unavailable.
    package var code: ModelError.Code
    /// What the server said, or did not say.
    package var message: String
    /// For how long no request was answered, when this was said.
    package var lasting: Duration

    /// Most that a worker reports; those beyond are left out.
    package static let most = 256

    /// Joins the parts.
    package init(
        model: String, endpoint: String, code: ModelError.Code, message: String, lasting: Duration
    ) {
        self.model = model
        self.endpoint = endpoint
        self.code = code
        self.message = message
        self.lasting = lasting
    }

    /// Whether both say the same, but for the time that went by.
    package func isSame(as other: EndpointOutage) -> Bool {
        var other = other
        other.lasting = lasting
        return self == other
    }
}

extension [EndpointOutage] {
    /// Whether both lists say the same, but for the time that went by.
    package func isSame(as other: Self) -> Bool {
        elementsEqual(other) { $0.isSame(as: $1) }
    }

    /// The first ones whose texts have no more bytes together, each text at most a quarter of them.
    func bounded(toBytes bytesMax: Int) -> Self {
        var bounded: Self = []
        var bytes = 0
        for var outage in self {
            outage.model = outage.model.cut(toBytes: bytesMax / 4)
            outage.endpoint = outage.endpoint.cut(toBytes: bytesMax / 4)
            outage.message = outage.message.cut(toBytes: bytesMax / 4)
            bytes += outage.model.utf8.count + outage.endpoint.utf8.count
            bytes += outage.message.utf8.count
            guard bytes <= bytesMax else { break }
            bounded.append(outage)
        }
        return bounded
    }

    /// The same list after some time.
    package func aged(by time: Duration) -> Self {
        map { outage in
            var outage = outage
            outage.lasting += time
            return outage
        }
    }
}
