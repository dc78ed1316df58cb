internal import OgiveCore

extension Simulation {
    /// Something that concerns one worker.
    mutating func work(_ event: SimulationEvent) {
        switch event {
        case .workerTick(let id):
            guard let index = place(of: id) else { return }
            step(id, .tick, again: event)
            let isPaused = workers[index].map { $0.pausedUntil > now } ?? true
            if !isPaused { queue.push(event, at: now + .milliseconds(100)) }
        case .work(let id, let said):
            step(id, said, again: event)
        default:
            break
        }
    }

    /// Where an incarnation lives.
    func place(of id: WorkerID) -> Int? {
        places[id].flatMap { workers[$0]?.id == id ? $0 : nil }
    }

    /// Lets a worker handle an event. While it is stopped, the event waits.
    mutating func step(_ id: WorkerID, _ said: WorkerSession.Event, again: SimulationEvent) {
        guard let place = place(of: id), let until = workers[place]?.pausedUntil else { return }
        if until > now {
            queue.push(again, at: until)
            return
        }
        // Taken out, so that it is changed in place.
        guard var worker = workers[place] else { return }
        workers[place] = nil
        var effects = worker.session.handle(said, now: now)
        // Half of what they have waits for a scorer, where there are several runs.
        if initial.runs > 1, case .tick = said {
            let unscored = worker.session.working / 2
            effects += worker.session.handle(.unscored(unscored), now: now)
        }
        let session = worker.session
        workers[place] = worker
        check(session, of: id)
        for effect in effects {
            switch effect {
            case .send(let message):
                remember(message, of: id)
                if case .hello(let hello) = message, !findCoordinator(hello, place) { return }
                var said = FromWorker(worker: id, term: session.term, message: message)
                if initial.keys > 0 { said.key = "key \(place % initial.keys)" }
                transmit(said, from: place)
            case .start(let ticket, let lease, _):
                begin(ticket, lease, of: id)
            case .exit:
                workers[place] = nil
                if !deserted.contains(place) {
                    queue.push(.startWorker(place), at: now + random.duration(100...1_000))
                }
            case .rejected(let reason):
                violations.append("results of worker \(id.low) were refused: \(reason)")
            case .stop, .idle, .declined:
                break
            }
        }
    }

    private mutating func remember(_ message: WorkerMessage, of id: WorkerID) {
        guard case .result(let result) = message else { return }
        let part = SentPart(worker: id, name: result.name)
        let keys = result.items.map { MemoryDatabase.ItemKey(result.claim.prompt, $0.name) }
        if sent.updateValue(SentItems(run: result.claim.run, items: keys), forKey: part) != nil {
            counts.resultsResent += 1
        }
    }

    /// Works on a lease for a while: the results are in one part or in several.
    private mutating func begin(_ ticket: WorkerSession.Ticket, _ lease: Lease, of id: WorkerID) {
        queue.push(.work(id, .started(ticket)), at: now + random.duration(1...50))
        if isPoison(lease.prompt.id) {
            queue.push(.poison(id), at: now + random.duration(20...300))
            return
        }
        guard !random.chance(options.hanging) else {
            counts.tasksHung += 1
            return
        }
        let isLong = random.chance(options.slowness)
        lastAttempt += 1
        let results = lease.items.map { item in
            initial.isDeterministic
                ? SimulatedModel().result(of: item, seedBase: lease.seedBase)
                : model.result(of: item, attempt: lastAttempt, seedBase: lease.seedBase)
        }
        let cut = random.chance(0.5) ? results.count : Int.random(in: 1...3, using: &random)
        let parts = stride(from: 0, to: results.count, by: cut).map {
            Array(results[$0..<min($0 + cut, results.count)])
        }
        let delay = random.duration(isLong ? 3_000...6_000 : 60...options.taskMax)
        queue.push(.work(id, .done(ticket, parts)), at: now + delay)
    }

    /// The first prompts are poison, if any.
    func isPoison(_ prompt: PromptID) -> Bool {
        prompt.rawValue <= Int64(initial.poisonPrompts)
    }
}
