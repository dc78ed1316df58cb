internal import OgiveCore

/// A worker that lies. It has a key of its own, knows everything that the others know, their proofs
/// included, takes what it is granted, and gives nothing back.
extension Simulation {
    /// What such a worker says: a hello that names a lease it was never granted, and its result.
    mutating func forge(_ place: Int) {
        let seat = place % seats.count
        guard let leader = coordinators.last(where: { $0.seat == seat }) else { return }
        counts.forgeries += 1
        let id = WorkerID(high: 1 << 63, low: Self.forgers + UInt64(place))
        homes[id] = seat
        let term = leader.scheduler.term
        let claim = forgedClaim(beside: place, term: term)
        let hello = Hello(
            name: "liar", version: "1", offer: SimulationRuns.offer,
            credit: Int.random(in: 0...3, using: &random),
            inFlight: random.chance(0.5) ? [HeldLease(claim: claim)] : [])
        say(.hello(hello), as: id, term: Term(0), after: 1)
        say(.result(forgery(of: claim, items: claim.items)), as: id, term: term, after: 100)
    }

    private mutating func say(
        _ message: WorkerMessage, as id: WorkerID, term: Term, after delay: Int
    ) {
        let said = FromWorker(worker: id, term: term, message: message)
        queue.push(.toCoordinator(said, owner: id.low), at: now + .milliseconds(delay))
    }

    /// A lease that another worker holds, or one of a number that nobody was given, of this term or
    /// the last.
    private mutating func forgedClaim(beside place: Int, term: Term) -> LeaseClaim {
        if place < workers.count, let held = workers[place]?.session.heldLeases.first,
            random.chance(0.5)
        {
            return held.claim
        }
        let former = Term(term.rawValue - Int64(Int.random(in: 0...1, using: &random)))
        let count = Int.random(in: 1...initial.draws, using: &random)
        return LeaseClaim(
            lease: LeaseName(
                term: former, task: TaskID(UInt64.random(in: 1...99, using: &random)),
                epoch: Epoch(1)),
            run: RunID(1),
            prompt: PromptID(Int64(Int.random(in: 1...initial.prompts, using: &random))),
            seedBase: 7, items: (0..<count).map { .draw(Int32($0)) },
            proof: SHA256Digest(hashing: "no proof"))
    }

    /// Results that nobody may take.
    func forgery(of claim: LeaseClaim, items: [ItemName]) -> TaskResult {
        TaskResult(
            claim: claim, part: 0,
            items: items.map { name in
                model.result(
                    of: WorkItem(name: name), attempt: OutcomeLedger.forged + lastAttempt,
                    seedBase: claim.seedBase)
            })
    }

    /// Incarnations from here on are a liar's.
    private static let forgers: UInt64 = 1 << 40
}
