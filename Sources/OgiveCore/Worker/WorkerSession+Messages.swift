extension WorkerSession {
    mutating func receive(_ message: CoordinatorMessage, now: TimePoint) {
        switch message {
        case .welcome(let welcome): enter(welcome, now: now)
        case .serve(let run):
            let former = runs[run.id]?.description
            if former?.spec != run.spec { declined[run.id] = nil }
            if former != run { runs[run.id] = ServedRun(run) }
        case .lease(let lease): take(lease, now: now)
        case .acks(let names): for name in names { acknowledge(name) }
        case .rejected(let name, let reason): giveUp(name, reason)
        case .cancel(let name): lose(name)
        case .reRegister:
            // Repeats of it cross with our hello; one answer is enough.
            if isRegistered || isHelloDue(now) { sayHello(now: now) }
        case .idle(let reason): note(idle: reason)
        case .refused(let reason): leave(.refused(reason))
        case .heartbeat: break
        }
    }

    /// Registered: adopted leases go on under new names, the others are lost.
    ///
    /// A welcome that answers no hello of ours is a repeated or late one: it is ignored. What a
    /// valid one does not name is given back by name as well, because it may answer an older hello
    /// than the one that named the lease.
    private mutating func enter(_ welcome: Welcome, now: TimePoint) {
        guard welcome.term >= term, openHellos > 0 || welcome.term > term else { return }
        openHellos = max(0, openHellos - 1)
        if welcome.term != term {
            runs.removeAll()
            declined.removeAll()
        }
        term = welcome.term
        heartbeatInterval = welcome.heartbeatInterval
        silenceMax = welcome.silenceMax
        isRegistered = true
        waitsFor = nil
        let names = Dictionary(
            welcome.adopted.map { ($0.old, $0) }, uniquingKeysWith: { first, _ in first })
        var lost: [LeaseName] = []
        for (ticket, entry) in held.ordered {
            if let adoption = names[entry.lease.name] {
                rename(ticket, adoption, now: now)
            } else {
                if entry.lease.name.term == term { lost.append(entry.lease.name) }
                drop(ticket)
            }
        }
        if !lost.isEmpty { effects.append(.send(.returned(lost))) }
        for (ticket, _) in held.ordered { send(ticket, now: now) }
        if drainingSince != nil { effects.append(.send(.draining)) }
    }

    /// Each hello of a worker that waits for a place is answered so: it is told once.
    private mutating func note(idle reason: String) {
        guard isRegistered || reason != waitsFor else { return }
        if !isRegistered { waitsFor = reason }
        effects.append(.idle(reason))
    }

    private mutating func rename(_ ticket: Ticket, _ adoption: Welcome.Adoption, now: TimePoint) {
        guard var entry = held[ticket] else { return }
        // The coordinator counts the time of a lease that it took over from the beginning, and
        // cancels one that it did not have to take over.
        entry.deadline = now + entry.lease.duration
        expect(entry.deadline)
        entry.lease.name = adoption.new
        entry.lease.proof = adoption.proof
        let claim = entry.lease.claim
        entry.results = entry.results?.map { result in
            var renamed = result
            renamed.claim = claim
            return renamed
        }
        held.rename(ticket, entry)
    }

    private mutating func take(_ lease: Lease, now: TimePoint) {
        guard isRegistered, lease.name.term == term,
            held.ticket(of: lease.name) == nil, !past.contains(lease.name)
        else { return }
        if let reason = declined[lease.run] {
            // What was said of it was lost, or crosses with this lease.
            effects.append(.send(.declined(lease.run, reason: reason, [lease.name])))
            return
        }
        // Its bound is reached when the coordinator took leases back whose cancels were lost.
        guard drainingSince == nil, working < limits.workingMax, held.count < limits.heldMax,
            let run = runs[lease.run]
        else {
            effects.append(.send(.returned([lease.name])))
            return
        }
        lastTicket += 1
        let ticket = Ticket(rawValue: lastTicket)
        let deadline = now + lease.duration
        held.add(Held(lease: lease, deadline: deadline), as: ticket)
        expect(deadline)
        effects.append(.start(ticket, lease, run))
    }

    private mutating func acknowledge(_ name: ResultName) {
        guard let ticket = held.ticket(of: name.lease) else { return }
        let taken: (part: TaskResult, isLast: Bool)?? = held.change(ticket) { entry in
            guard let place = entry.results?.firstIndex(where: { $0.part == name.part }),
                let part = entry.results?.remove(at: place)
            else { return nil }
            return (part, entry.results?.isEmpty == true)
        }
        guard let taken = taken ?? nil else { return }
        note(acknowledged: taken.part.items)
        if taken.isLast { drop(ticket) }
    }

    /// The coordinator does not take these results, and would not take them another time.
    private mutating func giveUp(_ name: ResultName, _ reason: String) {
        guard let ticket = held.ticket(of: name.lease) else { return }
        effects.append(.rejected(reason))
        drop(ticket)
    }

    private mutating func lose(_ name: LeaseName) {
        guard let ticket = held.ticket(of: name), held[ticket]?.results == nil else { return }
        drop(ticket)
    }

    mutating func drop(_ ticket: Ticket) {
        guard let entry = held.remove(ticket) else { return }
        past.append(entry.lease.name)
        if entry.results == nil { effects.append(.stop(ticket)) }
    }
}
