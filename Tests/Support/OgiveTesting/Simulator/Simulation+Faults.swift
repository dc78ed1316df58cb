internal import OgiveCore

extension Simulation {
    /// Spreads the faults over their time.
    mutating func planFaults() {
        plan(options.workerCrashes) { .crash($0) }
        plan(options.workerPauses) { .pause($0) }
        plan(options.drains) { .drain($0) }
        plan(options.leaves) { .leave($0) }
        plan(options.joins) { _ in .join }
        plan(options.partitions) { .cut($0, up: true, down: true) }
        plan(options.oneWayPartitions) { .cut($0, up: $0 % 2 == 0, down: $0 % 2 == 1) }
        plan(options.clogs) { .clog($0 / 2, up: $0 % 2 == 0) }
        plan(options.thefts) { .steal($0) }
        if options.forgeries > 0 { plan(options.forgeries) { .forge($0) } }
        let seats = seats.count
        plan(options.coordinatorCrashes) { .replaceCoordinator($0 % seats) }
        plan(options.coordinatorPauses) { .pauseCoordinator($0 % seats) }
        plan(options.outages) { _ in .outage }
        plan(options.readOnlyTimes) { _ in .readOnly }
        plan(options.clockSteps) { _ in .stepClock }
        plan(options.raises) { _ in .raise }
        plan(options.retries) { _ in .retry }
        plan(options.budgetRaises) { _ in .raiseBudget }
        if options.rescorings > 0 { plan(options.rescorings) { _ in .rescore } }
        if options.regroupings > 0 { plan(options.regroupings) { _ in .regroup } }
        if options.massEnds > 0 { plan(options.massEnds) { .endAll(drains: $0 % 2 == 0) } }
        queue.push(.heal, at: now + options.faultTime)
    }

    private mutating func plan(_ mean: Double, _ fault: (Int) -> SimulationEvent.Fault) {
        let whole = mean.rounded(.down)
        let count = Int(whole) + (random.chance(mean - whole) ? 1 : 0)
        let end = Int(options.faultTime.milliseconds) - 1
        for _ in 0..<count {
            let place = Int.random(in: 0..<max(options.workers, 2), using: &random)
            queue.push(.fault(fault(place)), at: now + random.duration(500...end))
        }
    }

    /// Makes a fault happen, or end.
    mutating func inject(_ event: SimulationEvent) {
        switch event {
        case .poison(let id):
            guard let place = place(of: id) else { return }
            counts.poisonings += 1
            crash(place)
        case .startWorker(let place): startWorker(place)
        case .killCoordinator(let id): coordinators.removeAll { $0.id == id }
        case .fault(let fault): inject(fault)
        case .heal: heal()
        default: break
        }
    }

    private mutating func inject(_ fault: SimulationEvent.Fault) {
        switch fault {
        case .crash(let place): crash(place)
        case .pause(let place):
            guard place < workers.count, workers[place] != nil else { return }
            counts.workersPaused += 1
            workers[place]?.pausedUntil = now + random.duration(500...5_000)
        case .drain(let place): drain(place)
        case .join:
            workers.append(nil)
            up.append(Link())
            down.append(Link())
            startWorker(workers.count - 1)
        case .leave(let place):
            deserted.insert(place)
            if random.chance(0.5) { crash(place) } else { drain(place) }
        case .cut(let place, let cutsUp, let cutsDown):
            guard place < workers.count else { return }
            let end = now + random.duration(500...5_000)
            if cutsUp { up[place].cutUntil = end }
            if cutsDown { down[place].cutUntil = end }
        case .clog(let place, let isUp):
            guard place < workers.count else { return }
            let end = now + random.duration(500...3_000)
            if isUp { up[place].clogsUntil = end } else { down[place].clogsUntil = end }
        case .steal(let place): steal(place)
        case .forge(let place): forge(place)
        case .replaceCoordinator(let seat): replaceCoordinator(seat)
        case .pauseCoordinator(let seat): pauseCoordinator(seat)
        case .regroup: regroup()
        case .endAll(let drains):
            counts.massEnds += 1
            for place in workers.indices {
                if drains { drain(place) } else { crash(place) }
            }
        case .outage: databaseAwayUntil = now + random.duration(200...3_000)
        case .readOnly: readOnlyUntil = now + random.duration(200...3_000)
        // Machines read no wall clock: there is nothing here to tell them.
        case .stepClock: counts.clockSteps += 1
        case .raise, .retry, .raiseBudget: askForMore(fault)
        case .rescore: rescore()
        }
    }

    private mutating func crash(_ place: Int) {
        guard place < workers.count, workers[place] != nil else { return }
        counts.workersCrashed += 1
        workers[place] = nil
        if !deserted.contains(place) {
            queue.push(.startWorker(place), at: now + random.duration(100...2_000))
        }
    }

    private mutating func drain(_ place: Int) {
        guard place < workers.count, let id = workers[place]?.id else { return }
        step(id, .drain, again: .work(id, .drain))
    }

    private mutating func startWorker(_ place: Int) {
        guard workers[place] == nil else { return }
        lastWorker += 1
        let id = WorkerID(high: 1 << 63, low: lastWorker)
        let seat = neediestSeat
        places[id] = place
        homes[id] = seat
        work.workers += 1
        workers[place] = Worker(
            id: id, seat: seat,
            session: WorkerSession(
                name: "worker-\(lastWorker)", version: "1", offer: SimulationRuns.offer,
                limits: initial.workerLimits, now: now))
        queue.push(.workerTick(id), at: now)
    }

    private mutating func askForMore(_ fault: SimulationEvent.Fault) {
        let id = RunID(Int64.random(in: 1...Int64(initial.runs), using: &random))
        guard var run = database.runs[id]?.description else { return }
        if fault != .raiseBudget { wasAskedForMore = true }
        if fault == .retry {
            database.retryFailures(of: id)
            outcomes.forgetFailures(of: run)
        } else if fault == .raiseBudget {
            run.spec.budget?.tokens? += initial.budget ?? 0
            database.submit(run)
        } else {
            run.spec.draws += 2
            database.submit(run)
        }
    }

    /// Scores what is stored now; what lands later is for the next time.
    private mutating func rescore() {
        guard let first = database.runs[RunID(1)]?.description else { return }
        counts.rescorings += 1
        database.submit(SimulationRuns.rescoring(first))
    }

    /// Asks for the scoring once more when everything has landed, so that nothing is missing in the
    /// end; `false` when nobody ever did, or it was asked for.
    mutating func rescoresOnceMore() -> Bool {
        guard !isRescored, database.runs[SimulationRuns.rescoringID] != nil else { return false }
        isRescored = true
        rescore()
        return true
    }

    private mutating func heal() {
        isHealed = true
        var calm = SimulationOptions()
        calm.delayMax = min(10, initial.delayMax)
        calm.taskMax = initial.taskMax
        calm.faultTime = initial.faultTime
        calm.healTime = initial.healTime
        options = calm
        databaseAwayUntil = now
        readOnlyUntil = now
        for place in workers.indices {
            up[place] = Link()
            down[place] = Link()
        }
        for id in database.runs.keys.sorted() {
            // Somebody pays for all of it.
            guard var run = database.runs[id]?.description, run.spec.budget != nil else { continue }
            run.spec.budget = nil
            database.submit(run)
        }
        healCoordinators()
        if deserted.count >= workers.count { deserted = [] }
        for place in workers.indices where !deserted.contains(place) { startWorker(place) }
    }
}
