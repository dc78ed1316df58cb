internal import OgiveCore

extension Simulation {
    /// Spreads the faults over their time.
    mutating func planFaults() {
        for place in workers.indices {
            plan(options.workerCrashes / Double(workers.count), .crashWorker(place))
            plan(options.workerPauses / Double(workers.count), .pauseWorker(place))
            plan(options.drains / Double(workers.count), .drainWorker(place))
        }
        plan(options.coordinatorCrashes, .replaceCoordinator)
        plan(0.3, .raise)
        queue.push(.heal, at: now + options.faultTime)
    }

    private mutating func plan(_ mean: Double, _ event: SimulationEvent) {
        let whole = mean.rounded(.down)
        let count = Int(whole) + (random.chance(mean - whole) ? 1 : 0)
        let end = Int(options.faultTime.components.seconds) * 1_000 - 1
        for _ in 0..<count { queue.push(event, at: now + random.duration(500...end)) }
    }

    /// Lets a fault happen, or end.
    mutating func befall(_ event: SimulationEvent) {
        switch event {
        case .crashWorker(let place):
            workers[place] = nil
            queue.push(.startWorker(place), at: now + random.duration(100...2_000))
        case .startWorker(let place): startWorker(place)
        case .pauseWorker(let place):
            workers[place]?.pausedUntil = now + random.duration(500...5_000)
        case .drainWorker(let place):
            if let id = workers[place]?.id { step(id, .drain, again: .work(id, .drain)) }
        case .replaceCoordinator: replaceCoordinator()
        case .killCoordinator(let id): coordinators.removeAll { $0.id == id }
        case .raise:
            options.draws += 3
            database.submit(SimulatedModel.run(draws: options.draws))
        case .heal: heal()
        default: break
        }
    }

    private mutating func startWorker(_ place: Int) {
        guard workers[place] == nil else { return }
        lastWorker += 1
        let id = WorkerID(high: 1 << 63, low: lastWorker)
        workers[place] = Worker(
            id: id,
            session: WorkerSession(
                name: "worker-\(lastWorker)", version: "1", offer: SimulatedModel.offer,
                limits: options.workerLimits, now: now))
        queue.push(.workerTick(id), at: now)
    }

    /// The database gives the next term; the former coordinator dies now, or does not know yet.
    private mutating func replaceCoordinator() {
        if options.zombies, !isHealed, let former = coordinators.last {
            coordinators = [former]
            queue.push(.killCoordinator(former.id), at: now + random.duration(500...5_000))
        } else {
            coordinators = []
        }
        let term = database.lead()
        lastCoordinator = Int(term.rawValue)
        coordinators.append(
            Coordinator(
                id: lastCoordinator,
                scheduler: Scheduler(term: term, limits: options.schedulerLimits)))
        queue.push(.coordinatorTick(lastCoordinator), at: now)
        queue.push(.poll(lastCoordinator), at: now + random.duration(0...500))
    }

    private mutating func heal() {
        isHealed = true
        options.loss = 0
        options.duplication = 0
        options.delayMax = 10
        options.commitFailure = 0
        options.commitSlowness = 0
        options.hanging = 0
        if coordinators.count > 1 { coordinators.removeFirst(coordinators.count - 1) }
        if coordinators.last?.id != lastCoordinator { replaceCoordinator() }
        for place in workers.indices where workers[place] == nil { startWorker(place) }
    }
}
