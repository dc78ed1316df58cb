internal import OgiveCore

extension Simulation {
    /// Sends a worker's message on its way.
    mutating func transmit(_ message: FromWorker, from place: Int) {
        transmit(.toCoordinator(message, owner: message.worker.low), up[place])
    }

    /// Sends a coordinator's message on its way.
    mutating func transmit(_ message: ToWorker, to place: Int?) {
        transmit(.toWorker(message), place.map { down[$0] } ?? Link())
    }

    /// A message may be lost, held back, doubled, delayed and overtaken.
    private mutating func transmit(_ event: SimulationEvent, _ link: Link) {
        if random.chance(options.loss) {
            counts.messagesLost += 1
            count(lost: event)
            return
        }
        if link.cutUntil > now {
            counts.messagesCut += 1
            count(lost: event)
            return
        }
        let isHeld = link.clogsUntil > now
        if isHeld { counts.messagesHeld += 1 }
        let from = isHeld ? link.clogsUntil : now
        queue.push(event, at: from + delay())
        if random.chance(options.duplication) {
            counts.messagesDoubled += 1
            queue.push(event, at: from + delay())
        }
    }

    private mutating func count(lost event: SimulationEvent) {
        switch event {
        case .toCoordinator(let message, _):
            if case .result = message.message { counts.resultsLost += 1 }
        case .toWorker(let message):
            if case .lease = message.message { counts.leasesLost += 1 }
            if case .acks(let names) = message.message { counts.acksLost += names.count }
        default: break
        }
    }

    private mutating func delay() -> Duration {
        random.duration(1...max(1, options.delayMax))
    }

    /// A message arrives at the current coordinator, sometimes at a former one. The transport
    /// drops what does not come from the owner of the routing id.
    mutating func arrive(_ message: FromWorker, from owner: UInt64) {
        let own = coordinators.indices(ofSeat: homes[message.worker] ?? 0)
        guard let former = own.first, let current = own.last else { return }
        let isAstray = own.count > 1 && random.chance(0.2)
        let index = isAstray ? former : current
        if coordinators[index].pausedUntil > now {
            queue.push(
                .toCoordinator(message, owner: owner), at: coordinators[index].pausedUntil)
            return
        }
        let known = coordinators[index].owners[message.worker]
        // Who speaks first owns the id: a thief comes to a coordinator that knows its victim.
        guard known != nil || owner == message.worker.low else { return }
        if let known, known != owner, !isOff(.ownership) {
            counts.theftsDropped += 1
            return
        }
        if known == nil { coordinators[index].owners[message.worker] = owner }
        step(coordinators[index].id, .message(message))
    }

    /// Somebody with another key speaks under a worker's routing id: the coordinator knows it.
    mutating func steal(_ place: Int) {
        guard place < workers.count, let victim = workers[place],
            coordinators.last(where: { $0.seat == victim.seat })?.owners[victim.id] != nil
        else { return }
        counts.thefts += 1
        let held = victim.session.heldLeases
        var message = WorkerMessage.goodbye
        if let lease = held.first, random.chance(0.7) {
            message = .result(forgery(of: lease.claim, items: lease.items))
        }
        let stolen = FromWorker(worker: victim.id, term: victim.session.term, message: message)
        queue.push(.toCoordinator(stolen, owner: 0), at: now + .milliseconds(1))
    }
}

extension OutcomeLedger {
    /// Attempts from here on are a thief's.
    static let forged: UInt64 = 1 << 19
}
