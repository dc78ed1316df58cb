extension WorkerSession {
    /// Keeps the results until they are acknowledged, and sends them for the first time.
    mutating func finish(_ ticket: Ticket, _ parts: [[ItemResult]], now: TimePoint) {
        let isTaken: Bool? = held.change(ticket) { entry in
            guard entry.results == nil, !parts.isEmpty else { return false }
            let claim = entry.lease.claim
            entry.results = parts.enumerated().map { part, items in
                TaskResult(claim: claim, part: part, items: items)
            }
            return true
        }
        guard isTaken == true else {
            if parts.isEmpty, let name = held[ticket]?.lease.name {
                giveBack { $0.lease.name == name }
            }
            return
        }
        held.finish(ticket, at: now)
        pace.note(now: now, limits)
        send(ticket, now: now)
    }

    /// Sends what is not acknowledged of a lease.
    mutating func send(_ ticket: Ticket, now: TimePoint) {
        guard isRegistered else { return }
        let results: [TaskResult]?? = held.change(ticket) { entry in
            if entry.results != nil { entry.sentAt = now }
            return entry.results
        }
        guard let results = results ?? nil else { return }
        expect(now + limits.resendAfter)
        effects.append(contentsOf: results.lazy.map { .send(.result($0)) })
    }

    /// Whether it is time for another hello: after an interval ± a quarter that follows from
    /// the worker's name and the number of its hellos, so that a fleet does not speak in chorus.
    func isHelloDue(_ now: TimePoint) -> Bool {
        guard let lastHello else { return true }
        var hash = salt &+ hellos &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        let percent = 75 + Int((hash ^ (hash >> 31)) % 51)
        let interval = isUnheard ? limits.unheardInterval : limits.helloInterval
        return now - lastHello >= interval * percent / 100
    }

    mutating func sayHello(now: TimePoint) {
        hellos += 1
        isRegistered = false
        openHellos += 1
        lastHello = now
        isUnheard = false
        // A hello says nothing of those that wait for the scorer: that follows.
        lastRoom = Room(credit: credit, unscored: 0)
        effects.append(
            .send(
                .hello(
                    Hello(
                        name: name, version: version, offer: offer, credit: credit,
                        inFlight: heldLeases, site: site, reported: reported))))
    }

    /// What it holds: leases that it works on, and those whose results are not acknowledged.
    package var heldLeases: [HeldLease] {
        held.ordered.map { _, entry in
            let claim = entry.lease.claim
            guard let results = entry.results else { return HeldLease(claim: claim) }
            let open = Set(results.unackedNames)
            return HeldLease(claim: claim, resolved: claim.items.filter { !open.contains($0) })
        }
    }

    /// Does what is due: hello, heartbeat, credit, resending, deadlines, leaving.
    mutating func keepTime(now: TimePoint) {
        pace.keep(now: now, limits)
        let silence = now - lastHeard
        if isRegistered, silence >= silenceMax { isRegistered = false }
        if !isRegistered {
            let patience = term == Term(0) ? limits.registrationMax : limits.orphanMax
            guard silence < patience else {
                leave(.noCoordinator(silence))
                return
            }
            if isHelloDue(now) { sayHello(now: now) }
        } else {
            let interval = isUnheard ? limits.unheardInterval : heartbeatInterval
            if hasNews || now - lastHeartbeat >= interval {
                lastHeartbeat = now
                isUnheard = false
                hasNews = false
                effects.append(.send(signOfLife(now: now)))
                lastRoom = nil
            }
            let room = room
            if lastRoom != room {
                lastRoom = room
                effects.append(
                    .send(
                        room.unscored == 0
                            ? .credit(room.credit)
                            : .crowded(room.credit, unscored: room.unscored)))
            }
        }
        if let nextDue, nextDue <= now { doWhatIsDue(now: now) }
        leaveIfDrained(now: now)
        leaveIfIdle(now: now)
    }

    /// What the coordinator hears at least once each heartbeat interval.
    private mutating func signOfLife(now: TimePoint) -> WorkerMessage {
        let outages = outages.aged(by: now - outagesAt)
        guard let load else { return outages.isEmpty ? .heartbeat : .impaired(outages) }
        reported = load
        return .report(load, outages)
    }

    /// Takes what was measured of the slots; the draws are counted here.
    mutating func note(_ measured: WorkerLoad) {
        let former = load ?? WorkerLoad()
        load = measured
        load?.draws = former.draws
        load?.tokens = former.tokens
    }

    /// Counts results that are acknowledged.
    mutating func note(acknowledged items: [ItemResult]) {
        guard load != nil else { return }
        for index in items.indices where items[index].name.kind == .draw {
            load?.draws += 1
            load?.tokens += items[index].completion?.tokenCount ?? 0
        }
    }

    /// A worker whose servers are away, or that found no coordinator yet, is not without work: it
    /// waits for them. One whose coordinator ended is.
    private mutating func leaveIfIdle(now: TimePoint) {
        guard let idleMax = limits.idleMax, term != Term(0), held.isEmpty, !isSuspended,
            drainingSince == nil, !hasLeft
        else {
            idleSince = nil
            return
        }
        let since = idleSince ?? now
        idleSince = since
        if now - since >= idleMax { leave(.idle(now - since)) }
    }

    /// Sends again what nobody acknowledged, drops what ran out, and finds out what is due next:
    /// to look at all leases at each event would be most of the work of a busy worker.
    private mutating func doWhatIsDue(now: TimePoint) {
        nextDue = nil
        for (ticket, entry) in held.ordered {
            if entry.results == nil {
                if entry.deadline <= now { drop(ticket) } else { expect(entry.deadline) }
            } else if isRegistered {
                let due = entry.sentAt + limits.resendAfter
                if due <= now { send(ticket, now: now) } else { expect(due) }
            }
        }
    }

    /// Something of `held` is due then.
    mutating func expect(_ due: TimePoint) {
        nextDue = min(nextDue ?? due, due)
    }

    /// Other models are served: what is unfinished may be of both, so it is dropped; the hello
    /// that follows does not name it, which gives it back.
    mutating func change(_ offer: Offer, now: TimePoint) {
        guard offer != self.offer else { return }
        self.offer = offer
        declined.removeAll()
        for (ticket, entry) in held.ordered where entry.results == nil { drop(ticket) }
        sayHello(now: now)
    }

    mutating func drain(now: TimePoint) {
        guard drainingSince == nil else { return }
        drainingSince = now
        if isRegistered { effects.append(.send(.draining)) }
        giveBack { !$0.isStarted }
    }

    /// Gives all leases of a run back that have no results, and says that it cannot be served.
    mutating func decline(_ ticket: Ticket, _ reason: String) {
        guard let run = held[ticket]?.lease.run else { return }
        if declined.updateValue(reason, forKey: run) == nil { effects.append(.declined(reason)) }
        let given = held.ordered.filter { $0.value.results == nil && $0.value.lease.run == run }
        let names = given.map(\.value.lease.name)
        effects.append(.send(.declined(run, reason: reason, names)))
        for (ticket, _) in given { drop(ticket) }
    }

    /// Gives back leases without results.
    mutating func giveBack(where isWanted: (Held) -> Bool) {
        let given = held.ordered.filter { $0.value.results == nil && isWanted($0.value) }
        guard !given.isEmpty else { return }
        effects.append(.send(.returned(given.map(\.value.lease.name))))
        for (ticket, _) in given { drop(ticket) }
    }

    private mutating func leaveIfDrained(now: TimePoint) {
        guard let drainingSince, !hasLeft else { return }
        if now - drainingSince >= drainGrace {
            giveBack { _ in true }
            leave(.drained)
        } else if held.isEmpty {
            leave(.drained)
        }
    }

    mutating func leave(_ exit: Exit) {
        if isRegistered {
            // What its slots did at last is not lost.
            if let load, load != reported { effects.append(.send(.report(load, outages))) }
            effects.append(.send(.goodbye))
        }
        hasLeft = true
        effects.append(.exit(exit))
    }
}

extension [TaskResult] {
    /// The items of the parts that are not acknowledged, ascending.
    var unackedNames: [ItemName] {
        flatMap { $0.items.map(\.name) }.sorted()
    }
}
