internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in results. They count with the proof that their lease was granted to the sender,
    /// under its current epoch: leased to the sender, or taken back and not yet granted anew.
    mutating func receive(_ result: TaskResult, from id: WorkerID, now: Instant) {
        let name = result.name
        guard result.claim.lease.term == term || isOff(.term) else {
            drop(name, from: id)
            return
        }
        guard let worker = workers[id], isProved(result.claim, heldBy: worker.holder) else {
            reject(name, from: id, because: "this lease was never granted to this worker")
            return
        }
        guard let task = tasks[result.claim.lease.task] else {
            receiveUnowned(result, from: worker, now: now)
            return
        }
        guard task.epoch == result.claim.lease.epoch || isOff(.epoch) else {
            drop(name, from: id)
            return
        }
        // A part that is here already is acknowledged by its commit.
        guard !task.parts.contains(result.part), task.state != .landing else { return }
        if isOff(.outcomeBlindness), result.items.contains(where: { $0.failure != nil }),
            task.epoch.rawValue < 3, task.isLeased(to: id)
        {
            requeue(task.id, after: nil, now: now)
            return
        }
        if let fault = fault(of: result, for: task) {
            refuse(result, because: fault, from: id, now: now)
            return
        }
        guard fits(result, from: id) else {
            extend(task, heldBy: id, now: now)
            return
        }
        take(result, of: task, from: id, now: now)
    }

    /// Whether results may wait for their commit beside those that do. Those that may not are
    /// counted and left alone: no commit acknowledges them, so their worker sends them again.
    private mutating func fits(_ result: TaskResult, from worker: WorkerID) -> Bool {
        if landing.mayTake(result.items.byteCount, of: worker, limits) { return true }
        counters.deferred += 1
        return false
    }

    /// Begins the time of a lease anew. Its worker was in time, and waits for the database: were
    /// that a loss, large results would become failures for their size.
    private mutating func extend(_ task: SchedulerTask, heldBy worker: WorkerID, now: Instant) {
        guard task.isLeased(to: worker) else { return }
        let deadline = expect(task, now: now)
        tasks[task.id]?.state = .leased(worker, deadline: deadline)
    }

    /// Takes in results of a task that is in memory.
    private mutating func take(
        _ result: TaskResult, of task: SchedulerTask, from worker: WorkerID, now: Instant
    ) {
        var task = task
        switch task.state {
        case .leased(worker, _): break
        case .ready:
            // Late, but nobody else has it: it counts.
            runs[task.run]?.unqueue(task.id)
            lease(&task, to: worker, now: now)
        case .leased:
            if isOff(.epoch) || isOff(.leaseProof) { break }
            drop(result.name, from: worker)
            return
        case .landing:
            return
        }
        let taken = task.take(result.items)
        task.parts.insert(result.part)
        inFlightItems -= taken.count
        if task.items.isEmpty {
            task.state = .landing
            release(task, by: worker)
            noteFinished(by: worker)
        }
        tasks[task.id] = task
        enqueue(worker)
        collect(taken, of: task.id, part: result.name, from: worker, now: now)
        if isOff(.ackAfterCommit) { acknowledge(result.name, to: worker) }
    }

    /// Takes in results of a task that is not in memory any more. They may be landed, and the
    /// acknowledgement was lost; or they are late and the task was forgotten. The database knows:
    /// they are landed (again), which is harmless, and acknowledged by the commit.
    private mutating func receiveUnowned(
        _ result: TaskResult, from worker: SchedulerWorker, now: Instant
    ) {
        let (claim, name) = (result.claim, result.name)
        guard let run = runs[claim.run] else {
            // Its run ended, and its lease with it. A run that stopped at its budget may lack these
            // items: when it is opened again, they are sampled again.
            drop(name, from: worker.id)
            return
        }
        let active = run.active[claim.prompt] ?? []
        if landing.holds(name, from: worker.id) { return }
        guard result.items.allSatisfy({ !active.contains($0.name) }) else {
            drop(name, from: worker.id)
            return
        }
        let fault =
            fault(of: result, for: nil)
            ?? (isServed(run, by: worker.offer)
                ? nil : "this worker serves other models than the run holds results of")
        if let fault {
            refuse(result, because: fault, from: worker.id, now: now)
            return
        }
        let items = result.items.filter { run.wants($0.name) }
        guard !items.isEmpty else {
            acknowledge(name, to: worker.id)
            return
        }
        guard fits(result, from: worker.id) else { return }
        runs[claim.run]?.activate(items.map(\.name), of: claim.prompt)
        let group = LandingGroup(
            run: claim.run, prompt: claim.prompt, worker: worker.id, items: items)
        inFlightItems += items.count
        landing.append(
            SchedulerLanding.Entry(
                task: claim.lease.task, ack: name, worker: worker.id, group: group),
            limits, now: now)
    }

    /// What cannot be so about results, in words; `nil` when all is well.
    private func fault(of result: TaskResult, for task: SchedulerTask?) -> String? {
        if let fault = result.fault { return fault }
        let scorer = runs[result.claim.run]?.description.spec.scoring.scorer
        let partCount = scorer?.parts.count ?? 0
        let items = task?.prompt == nil ? nil : task?.items
        return result.fault(of: items, partCount: partCount)
    }

    /// Does not take a proved lease's results. The lease is over, its items go to others without
    /// charging an attempt, and the worker gets no more of the run: the fault is its own.
    private mutating func refuse(
        _ result: TaskResult, because fault: String, from id: WorkerID, now: Instant
    ) {
        counters.rejected += 1
        send(.rejected(result.name, reason: fault), to: id)
        decline(result.claim.run, "its results are refused: \(fault)", of: id)
        guard let task = tasks[result.claim.lease.task],
            task.epoch == result.claim.lease.epoch, task.isLeased(to: id)
        else { return }
        requeue(task.id, after: nil, now: now)
    }

    /// Does not take results whose lease is not the sender's: nothing else changes.
    private mutating func reject(_ name: ResultName, from id: WorkerID, because reason: String) {
        counters.rejected += 1
        send(.rejected(name, reason: reason), to: id)
        effects.append(.notice(.rejected(id, name: workers[id]?.name ?? "", reason: reason)))
    }

    private mutating func drop(_ name: ResultName, from worker: WorkerID) {
        counters.stale += 1
        effects.append(.notice(.stale(name.lease, worker: worker)))
        acknowledge(name, to: worker)
    }
}
