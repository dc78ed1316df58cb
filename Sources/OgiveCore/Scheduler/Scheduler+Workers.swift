internal import DequeModule
internal import HeapModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in a message. Anything from a registered worker is a sign of life.
    mutating func receive(_ envelope: FromWorker, now: TimePoint) {
        let id = envelope.worker
        if case .hello(let hello) = envelope.message {
            greet(hello, LeaseHolder(worker: id, key: envelope.key), now: now)
            return
        }
        guard workers.index(forKey: id) != nil, envelope.term == term || isOff(.term) else {
            if greetings[id] != nil || departed.contains(id) { return }
            if case .goodbye = envelope.message { return }
            send(isOff(.reRegistration) ? .heartbeat : .reRegister, to: id)
            return
        }
        let heard = listened(now)
        withWorker(id) { $0.lastSeen = heard }
        switch envelope.message {
        case .hello: break
        case .credit(let credit): setCredit(credit, unscored: 0, of: id)
        case .crowded(let credit, let unscored): setCredit(credit, unscored: unscored, of: id)
        case .result(let result): receive(result, from: id, now: now)
        case .heartbeat:
            note([], of: id)
            send(.heartbeat, to: id)
        case .impaired(let outages):
            note(outages, of: id)
            send(.heartbeat, to: id)
        case .report(let load, let outages):
            note(outages, of: id)
            note(load, of: id, now: now)
            send(.heartbeat, to: id)
        case .returned(let leases): takeBack(leases, from: id, now: now)
        case .declined(let run, let reason, let leases):
            decline(run, reason, of: id)
            takeBack(leases, from: id, now: now)
        case .draining:
            workers[id]?.isDraining = true
            if let record = workers[id]?.record { effects.append(.record(record)) }
        case .goodbye: leave(id, now: now)
        }
    }

    /// Registers a worker. Before the open runs are known it waits: what it holds could not be
    /// judged. One that left is not heard: to leave and come back would undo what it was charged,
    /// and leave a check for silence behind each time. One for which there is no place is told so,
    /// and says hello again.
    private mutating func greet(_ hello: Hello, _ holder: LeaseHolder, now: TimePoint) {
        let id = holder.worker
        if departed.contains(id) { return }
        if workers[id] == nil, greetings[id] == nil,
            let obstacle = places.obstacle(for: holder.key ?? "", limits)
        {
            send(.idle(obstacle), to: id)
            effects.append(.notice(.unserved(id, name: hello.name, reason: obstacle)))
            return
        }
        if knowsRuns {
            register(hello, holder, now: now)
        } else {
            let waiting = greetings.values.reduce(0) { $0 + $1.hello.inFlight.count }
            guard waiting + hello.inFlight.count <= limits.waitingLeasesMax else { return }
            let greeting = Greeting(hello: hello, holder: holder)
            if let former = greetings.updateValue(greeting, forKey: id) {
                places.free(former.holder.key ?? "")
            }
            places.take(holder.key ?? "")
        }
    }

    /// Registers the workers that waited for the first list of runs.
    mutating func admitWaiting(now: TimePoint) {
        guard knowsRuns, !greetings.isEmpty else { return }
        let waiting = greetings
        greetings.removeAll()
        for greeting in waiting.values {
            // Its registration takes it again.
            places.free(greeting.holder.key ?? "")
            register(greeting.hello, greeting.holder, now: now)
        }
    }

    /// Registers an incarnation, for the first time or again.
    private mutating func register(_ hello: Hello, _ holder: LeaseHolder, now: TimePoint) {
        let id = holder.worker
        let former = workers[id]
        if let former, now - former.greetedAt < limits.helloPause { return }
        var worker = SchedulerWorker(
            id: id, key: holder.key,
            account: SchedulerWorker.Account(
                name: hello.name, version: hello.version.cut(toBytes: SchedulerWorker.noteBytesMax),
                site: hello.site.bounded(toBytes: SchedulerWorker.noteBytesMax), offer: hello.offer,
                loads: former?.loads ?? WorkerLoadWindow(hello.reported, now: now)),
            credit: clamped(hello.credit), lastSeen: listened(now),
            allowance: former?.allowance ?? limits.firstLeases, greetedAt: now)
        worker.finished = former?.finished ?? 0
        worker.isQueued = former?.isQueued ?? false
        worker.suspect = former?.suspect
        worker.aloneSince = former?.aloneSince
        worker.owesUntil = former?.owesUntil ?? .zero
        worker.outages = former?.outages ?? []
        worker.pause =
            former?.pause ?? LeasePause(until: keyPauses[ConnectionKey(holder.key)]?.until ?? .zero)
        worker.isPaused = former?.isPaused ?? false
        let held = (former?.tasks ?? []).sorted()
        for task in held.compactMap({ tasks[$0] }) { release(task, by: id) }
        replace(worker)
        beginPause(of: id, now: now)
        let adopted = adopt(hello.inFlight, by: id, now: now)
        takeBack(held, from: id, hasChanged: former.map { $0.offer != hello.offer } ?? false, now)
        send(
            .welcome(
                Welcome(
                    term: term, heartbeatInterval: limits.heartbeatInterval,
                    silenceMax: limits.silenceMax, adopted: adopted)),
            to: id)
        if former == nil {
            let key = holder.key ?? ""
            places.take(key)
            silences.insert(
                SilenceCheck(at: listened(now) + limits.silenceMax, worker: id, key: key))
            effects.append(.notice(.registered(id, name: hello.name)))
        }
        review(id, records: false)
        effects.append(.record(workers[id]?.record ?? worker.record))
    }

    /// Takes back tasks that a worker had, and that its hello does not name. After a change of its
    /// models, what it still sends of them is stale: it may be of either.
    private mutating func takeBack(
        _ held: [TaskID], from id: WorkerID, hasChanged: Bool, _ now: TimePoint
    ) {
        let forgotten = held.filter { task in
            tasks[task]?.isLeased(to: id) == true && workers[id]?.tasks.contains(task) != true
        }
        guard !forgotten.isEmpty else { return }
        withWorker(id) { $0.noteNeglected() }
        noteUndone(by: id, now: now)
        for task in forgotten {
            requeue(task, after: nil, now: now)
            if hasChanged, let epoch = tasks[task]?.epoch {
                withTask(task) { $0.epoch = Epoch(epoch.rawValue + 1) }
            }
        }
    }

    /// Keeps which endpoints of a worker get no requests. For people: nothing is decided by it.
    private mutating func note(_ outages: [EndpointOutage], of id: WorkerID) {
        guard let known = workers[id]?.outages else { return }
        let outages = outages.bounded(toBytes: SchedulerWorker.noteBytesMax)
        workers[id]?.outages = outages
        guard !known.isSame(as: outages), let record = workers[id]?.record else { return }
        effects.append(.record(record))
    }

    private func clamped(_ credit: Int) -> Int {
        min(max(credit, 0), limits.creditMax)
    }

    private mutating func setCredit(_ credit: Int, unscored: Int, of id: WorkerID) {
        let clamped = clamped(credit)
        let unscored = min(max(unscored, 0), limits.unscoredMax)
        withWorker(id) {
            $0.credit = clamped
            $0.unscored = unscored
        }
        enqueue(id)
    }

    /// A worker that cannot serve a run gets no more of it; its other runs go on.
    mutating func decline(_ run: RunID, _ reason: String, of id: WorkerID) {
        guard let worker = workers[id], runs[run] != nil, worker.declined[run] != reason else {
            return
        }
        workers[id]?.declined[run] = reason
        effects.append(.notice(.declined(id, name: worker.name, reason: reason)))
        review(id)
    }

    /// Leases given back unfinished: the tasks go to others, no attempt is charged.
    private mutating func takeBack(_ leases: [LeaseName], from id: WorkerID, now: TimePoint) {
        let before = counters.returned
        for lease in leases where lease.term == term {
            guard let task = tasks[lease.task], task.epoch == lease.epoch, task.isLeased(to: id)
            else { continue }
            counters.returned += 1
            // The reason may be that it does not know the run: the run is announced again.
            workers[id]?.announcedRuns.remove(task.run)
            requeue(lease.task, after: nil, now: now)
        }
        if counters.returned > before { noteUndone(by: id, now: now) }
    }

    private mutating func leave(_ id: WorkerID, now: TimePoint) {
        guard var worker = workers[id] else { return }
        for task in worker.tasks.sorted() {
            requeue(task, after: nil, now: now)
        }
        unregister(id)
        noteParting(of: worker, leavesLeases: !worker.tasks.isEmpty, now: now)
        departed.insert(id)
        var record = worker.takeRecord(now: now)
        record.state = .left
        effects.append(.record(record))
        effects.append(.notice(.left(id, name: worker.name)))
    }

    /// Takes workers that fell silent for lost: until `heard`, by the clock of listening, all that
    /// they said was handled.
    mutating func expireWorkers(heardUntil heard: TimePoint, now: TimePoint) {
        while let check = silences.min, check.at <= heard {
            silences.removeMin()
            departed.remove(check.worker)
            if let worker = workers[check.worker], worker.lastSeen + limits.silenceMax > heard {
                let due = worker.lastSeen + limits.silenceMax
                silences.insert(SilenceCheck(at: due, worker: check.worker, key: check.key))
                continue
            }
            places.free(check.key)
            guard var worker = workers[check.worker] else { continue }
            for task in worker.tasks.sorted() {
                requeue(task, after: .lost, together: worker.tasks.count, now: now)
            }
            unregister(check.worker)
            // What it had was charged an attempt, and came back after a silence: that is no hurry.
            noteParting(of: worker, leavesLeases: false, now: now)
            var record = worker.takeRecord(now: now)
            record.state = .lost
            effects.append(.record(record))
            effects.append(
                .notice(.lost(check.worker, name: worker.name, tasks: worker.tasks.count)))
        }
    }

    /// A message could not be queued. A lease that was not sent is nobody's failure.
    mutating func sendFailed(_ message: ToWorker, _ outcome: SendOutcome, now: TimePoint) {
        if case .serve(let run) = message.message {
            workers[message.worker]?.announcedRuns.remove(run.id)
            setCredit(0, unscored: 0, of: message.worker)
            return
        }
        guard case .lease(let lease) = message.message,
            let task = tasks[lease.name.task], task.epoch == lease.name.epoch,
            task.isLeased(to: message.worker)
        else { return }
        if outcome == .tooLarge {
            if task.items.count > 1 {
                split(task.id, now: now)
            } else {
                abandon(
                    task.id, code: .tooLarge,
                    "The prompt, with the text to be scored, is larger than a message may be.", now)
            }
        } else {
            withWorker(message.worker) { $0.noteNeglected() }
            noteUndone(by: message.worker, now: now)
            // A full queue is that of a worker that does not read: what is in it is not worked on.
            let all = (workers[message.worker]?.tasks ?? []).sorted()
            for task in outcome == .full ? all : [task.id] {
                requeue(task, after: nil, now: now)
            }
        }
        // Its next heartbeat brings its credit again; until then it gets nothing.
        setCredit(0, unscored: 0, of: message.worker)
    }
}

extension SchedulerTask {
    func isLeased(to worker: WorkerID) -> Bool {
        if case .leased(worker, _) = state { true } else { false }
    }
}
