/// What a coordinator tells a worker.
package enum CoordinatorMessage: Hashable, Sendable {
    /// The worker is registered.
    case welcome(Welcome)
    /// The specification of a run that the worker will get leases of.
    case serve(RunDescription)
    /// A task to be done.
    case lease(Lease)
    /// These parts of results are committed, or were stale and are not wanted: drop them.
    case acks([ResultName])
    /// This part of results is not taken, and why: the worker drops the whole lease.
    case rejected(ResultName, reason: String)
    /// The lease is not wanted any more.
    case cancel(LeaseName)
    /// The coordinator does not know this worker: say `hello` again.
    case reRegister
    /// No work for this worker, and why; it stays registered (another run may suit it).
    case idle(String)
    /// The worker cannot be served at all (protocol version), and why.
    case refused(String)
    /// The coordinator is alive.
    case heartbeat
}

extension CoordinatorMessage {
    /// About what a specification takes in memory: a run has one, which is sent once.
    private static let bytesOfRun = 64 << 10

    /// About the bytes that it takes in memory.
    package var byteCount: Int {
        switch self {
        case .lease(let lease):
            lease.items.reduce(
                MessageBytes.least + lease.prompt.byteCount + lease.prompt.metadata.utf8.count
            ) { $0 + MessageBytes.ofEntry + ($1.text?.utf8.count ?? 0) }
        case .welcome(let welcome):
            MessageBytes.least + MessageBytes.ofEntry * welcome.adopted.count
        case .acks(let names): MessageBytes.least + MessageBytes.ofLease * names.count
        case .serve: Self.bytesOfRun
        case .rejected(_, let text), .idle(let text), .refused(let text):
            MessageBytes.least + text.utf8.count
        case .cancel, .reRegister, .heartbeat: MessageBytes.least
        }
    }
}

/// The answer to a `Hello`.
package struct Welcome: Hashable, Sendable {
    /// The coordinator's term.
    package var term: Term
    /// How often each side gives a sign of life.
    package var heartbeatInterval: Duration
    /// After this much silence the other side is taken for lost.
    package var silenceMax: Duration
    /// Of the held leases of `Hello`, those that go on, under their new names.
    package var adopted: [Adoption]

    /// A held lease that the coordinator takes over.
    package struct Adoption: Hashable, Sendable {
        /// The lease as the worker knew it.
        package var old: LeaseName
        /// The lease as it is called from now on.
        package var new: LeaseName
        /// The proof of the claim under its new name.
        package var proof: SHA256Digest

        /// Joins the parts.
        package init(old: LeaseName, new: LeaseName, proof: SHA256Digest) {
            self.old = old
            self.new = new
            self.proof = proof
        }
    }

    /// Joins the parts.
    package init(
        term: Term, heartbeatInterval: Duration, silenceMax: Duration, adopted: [Adoption]
    ) {
        self.term = term
        self.heartbeatInterval = heartbeatInterval
        self.silenceMax = silenceMax
        self.adopted = adopted
    }
}

/// Some items of one prompt handed to one worker. It goes through many hands, so a copy costs one
/// reference.
package struct Lease: Hashable, Sendable {
    private struct Parts: Hashable, Sendable {
        var name: LeaseName
        var run: RunID
        var prompt: Prompt
        var seedBase: UInt64
        var items: [WorkItem]
        var duration: Duration
        var proof: SHA256Digest
    }

    private var parts: Apart<Parts>

    /// Its name.
    package var name: LeaseName {
        get { parts.value.name }
        set { parts.value.name = newValue }
    }

    /// The run.
    package var run: RunID {
        get { parts.value.run }
        set { parts.value.run = newValue }
    }

    /// The prompt, whole.
    package var prompt: Prompt {
        get { parts.value.prompt }
        _modify { yield &parts.value.prompt }
    }

    /// The seed of draw 0.
    package var seedBase: UInt64 {
        get { parts.value.seedBase }
        set { parts.value.seedBase = newValue }
    }

    /// The items, ascending: all to be sampled and scored, or all only to be scored, or the
    /// log-probabilities of all to be determined.
    package var items: [WorkItem] {
        get { parts.value.items }
        _modify { yield &parts.value.items }
    }

    /// How long the worker may take, from receipt.
    package var duration: Duration {
        get { parts.value.duration }
        set { parts.value.duration = newValue }
    }

    /// What proves that it was granted (`LeaseKey`).
    package var proof: SHA256Digest {
        get { parts.value.proof }
        set { parts.value.proof = newValue }
    }

    /// Joins the parts.
    package init(
        name: LeaseName, run: RunID, prompt: Prompt, seedBase: UInt64, items: [WorkItem],
        duration: Duration, proof: SHA256Digest
    ) {
        parts = Apart(
            Parts(
                name: name, run: run, prompt: prompt, seedBase: seedBase, items: items,
                duration: duration, proof: proof))
    }
}

/// One part of a lease's results.
package struct ResultName: Hashable, Sendable {
    /// The lease.
    package var lease: LeaseName
    /// The part.
    package var part: Int

    /// Joins both.
    package init(lease: LeaseName, part: Int) {
        self.lease = lease
        self.part = part
    }
}
