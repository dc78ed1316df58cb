internal import OgiveCore

extension Simulation {
    /// Something that concerns one coordinator.
    mutating func coordinate(_ event: SimulationEvent) {
        switch event {
        case .coordinatorTick(let id):
            guard waits(id, event) == false else { return }
            step(id, .tick)
            queue.push(event, at: now + .milliseconds(50))
        case .poll(let id):
            guard waits(id, event) == false else { return }
            if databaseAwayUntil <= now, !random.chance(options.commitFailure) {
                step(id, .runs(openRuns(of: id)))
            }
            queue.push(event, at: now + .milliseconds(500))
        case .answer(let id, let answer):
            guard waits(id, event) == false else { return }
            step(id, answer)
        case .storeCall(let id, let effect):
            // The database goes on with a call whose caller died.
            carryOut(effect, for: id)
        default:
            break
        }
    }

    /// Whether an event has to wait for a coordinator that is stopped; `nil` when it is gone.
    private mutating func waits(_ id: Int, _ event: SimulationEvent) -> Bool? {
        guard let coordinator = coordinators.first(where: { $0.id == id }) else {
            if case .answer(_, .landed) = event { counts.commitsUnheard += 1 }
            return nil
        }
        guard coordinator.pausedUntil > now else { return false }
        queue.push(event, at: coordinator.pausedUntil)
        return true
    }

    /// Lets a coordinator handle an event, and checks and carries out what it wants.
    mutating func step(_ id: Int, _ event: Scheduler.Event) {
        guard let index = coordinators.firstIndex(where: { $0.id == id }) else { return }
        note(event, by: index)
        let begun = processorTime?() ?? .zero
        let effects = coordinators[index].scheduler.handle(event, now: now)
        if let processorTime { work.schedulerTime += processorTime() - begun }
        check(effects, of: index)
        for effect in effects {
            switch effect {
            case .send(let message):
                if case .lease(let lease) = message.message {
                    work.leases[lease.run, default: 0] += 1
                }
                post(message, from: id)
            case .fetchPage, .land, .bind, .finish, .record:
                let isSlow = random.chance(options.commitSlowness)
                let delay = isSlow ? random.duration(500...4_000) : random.duration(1...20)
                queue.push(.storeCall(id, effect), at: now + delay)
            case .stop:
                counts.coordinatorsSteppedDown += 1
                coordinators.removeAll { $0.id == id }
            case .notice(let notice):
                note(notice)
            }
        }
    }

    private mutating func note(_ event: Scheduler.Event, by index: Int) {
        guard case .message(let message) = event else { return }
        switch message.message {
        case .hello(let hello):
            coordinators[index].ledger.held[message.worker] = hello.inFlight
        case .result(let result):
            let lease = result.claim.lease
            let isLate = coordinators[index].ledger.expired.remove(lease) != nil
            let item = result.items.first.map {
                LeaseLedger.Item(
                    run: result.claim.run, key: .init(result.claim.prompt, $0.name))
            }
            if isLate, item.flatMap({ coordinators[index].ledger.latest[$0] }) == lease {
                counts.lateResults += 1
            }
            if !initial.isDeterministic { coordinators[index].ledger.note(result) }
        case .credit, .crowded, .heartbeat, .impaired, .report, .returned, .declined, .draining,
            .goodbye:
            break
        }
    }

    private mutating func note(_ notice: Scheduler.Notice) {
        if let reader { reader("  \(notice)") }
        switch notice {
        case .lost(let id, _, _):
            counts.workersLost += 1
            lost.insert(id)
        case .registered(let id, _):
            if lost.remove(id) != nil { counts.workersBack += 1 }
        case .expired: counts.leasesExpired += 1
        case .stale: counts.staleResults += 1
        case .left, .unserved, .declined, .rejected, .landingPaused, .callFailed, .finished: break
        }
    }

    private mutating func post(_ message: ToWorker, from coordinator: Int) {
        let place = place(of: message.worker)
        guard place != nil || random.chance(0.5) else {
            queue.push(.answer(coordinator, .sendFailed(message, .unreachable)), at: now)
            return
        }
        if !isHealed, random.chance(options.loss / 10) {
            queue.push(.answer(coordinator, .sendFailed(message, .full)), at: now)
            return
        }
        transmit(message, to: place)
    }
}
