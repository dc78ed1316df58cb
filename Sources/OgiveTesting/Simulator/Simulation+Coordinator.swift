internal import OgiveCore

extension Simulation {
    /// Something that concerns one coordinator.
    mutating func coordinate(_ event: SimulationEvent) {
        switch event {
        case .coordinatorTick(let id):
            guard coordinators.contains(where: { $0.id == id }) else { return }
            step(id, .tick)
            queue.push(event, at: now + .milliseconds(50))
        case .poll(let id):
            guard coordinators.contains(where: { $0.id == id }) else { return }
            if !random.chance(options.commitFailure) { step(id, .runs(database.openRuns())) }
            queue.push(event, at: now + .milliseconds(500))
        case .answer(let id, let answer):
            step(id, answer)
        case .storeCall(let id, let effect):
            // The database goes on with a call whose caller died.
            carryOut(effect, for: id)
        default:
            break
        }
    }

    /// Lets a coordinator handle an event, and checks and carries out what it wants.
    mutating func step(_ id: Int, _ event: Scheduler.Event) {
        guard let index = coordinators.firstIndex(where: { $0.id == id }) else { return }
        let effects = coordinators[index].scheduler.handle(event, now: now)
        check(effects, of: coordinators[index])
        for effect in effects {
            switch effect {
            case .send(let message):
                post(message, from: id)
            case .fetchPage, .land, .bind, .finish, .record:
                let isSlow = random.chance(options.commitSlowness)
                let delay = isSlow ? random.duration(500...4_000) : random.duration(1...20)
                queue.push(.storeCall(id, effect), at: now + delay)
            case .stop:
                coordinators.removeAll { $0.id == id }
            case .notice:
                break
            }
        }
    }

    private mutating func post(_ message: ToWorker, from coordinator: Int) {
        let isThere = workers.contains { $0?.id == message.worker }
        guard isThere || random.chance(0.5) else {
            queue.push(.answer(coordinator, .sendFailed(message, .unreachable)), at: now)
            return
        }
        if !isHealed, random.chance(options.loss / 10) {
            queue.push(.answer(coordinator, .sendFailed(message, .full)), at: now)
            return
        }
        transmit(.toWorker(message))
    }

    private mutating func carryOut(_ effect: Scheduler.Effect, for id: Int) {
        let term = Term(Int64(id))
        do throws(StoreError) {
            switch effect {
            case .land(let batch):
                let fails = random.chance(options.commitFailure)
                let isUnknown = random.chance(options.commitFailure)
                if fails, !isUnknown { throw StoreError(.unavailable, "not reached") }
                if !fails {
                    let receipt = try database.land(batch, term: term)
                    if !isUnknown {
                        answer(id, .landed(batch.id, receipt))
                        return
                    }
                }
                throw StoreError(.unknownOutcome, "the reply was lost")
            case .fetchPage(let run, let cursor, let limit):
                answer(
                    id,
                    random.chance(options.commitFailure)
                        ? .pageFailed(run.id)
                        : .page(
                            run.id, database.pendingPage(of: run, after: cursor, limit: limit)))
            case .bind(let binding):
                answer(id, .bound(try database.bind(binding, term: term)))
            case .finish(let run):
                answer(id, .finished(run, try database.finish(run, term: term)))
            case .record(let record):
                try database.record([record], term: term)
            case .send, .notice, .stop:
                break
            }
        } catch {
            fail(effect, error, id)
        }
    }

    private mutating func fail(_ effect: Scheduler.Effect, _ error: StoreError, _ id: Int) {
        switch effect {
        case .land(let batch): answer(id, .landingFailed(batch.id, error))
        case .bind(let binding): answer(id, .bindFailed(binding.run))
        case .finish(let run): answer(id, .finishFailed(run))
        default: break
        }
    }

    private mutating func answer(_ id: Int, _ event: Scheduler.Event) {
        queue.push(.answer(id, event), at: now + random.duration(1...20))
    }

    /// What must hold of every step of a coordinator.
    private mutating func check(_ effects: [Scheduler.Effect], of coordinator: Coordinator) {
        var dropped: Set<LeaseName> = []
        for case .notice(.stale(let lease, _)) in effects {
            dropped.insert(lease)
            stale += 1
        }
        for case .send(let message) in effects {
            switch message.message {
            case .ack(let name) where !dropped.contains(name.lease):
                checkAck(name, to: message.worker)
            case .lease:
                if let (held, credit) = coordinator.scheduler.leases(of: message.worker),
                    held > credit
                {
                    violations.append(
                        "worker \(message.worker.low) got \(held) leases, willing: \(credit)")
                }
            default: break
            }
        }
        if coordinator.scheduler.load.inFlightItems < 0 {
            violations.append("a negative number of items is in flight")
        }
    }

    /// Nothing is acknowledged that is not in the database, unless its run ended.
    private mutating func checkAck(_ name: ResultName, to worker: WorkerID) {
        guard let run = database.runs[Self.run], !run.isFinished,
            let items = sent[SentPart(worker: worker, name: name)]
        else { return }
        for item in items where !database.isSettled(item, scoring: run.description.scoring) {
            violations.append("\(item) was acknowledged and is not in the database")
        }
    }
}
