internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in results. They count under the lease's current epoch only: leased to the sender, or
    /// taken back from it and not yet granted anew.
    mutating func receive(_ result: TaskResult, from worker: WorkerID, now: Instant) {
        let name = ResultName(lease: result.lease, part: result.part)
        guard result.lease.term == term || isOff(.term) else {
            drop(name, from: worker)
            return
        }
        guard var task = tasks[result.lease.task] else {
            receiveUnowned(result, from: worker, now: now)
            return
        }
        guard task.epoch == result.lease.epoch || isOff(.epoch) else {
            drop(name, from: worker)
            return
        }
        // A part that is here already is acknowledged by its commit.
        guard !task.parts.contains(result.part) else { return }
        if isOff(.outcomeBlindness), result.items.contains(where: { $0.failure != nil }),
            task.epoch.rawValue < 3, task.isLeased(to: worker)
        {
            requeue(task.id, after: nil, now: now)
            return
        }
        switch task.state {
        case .leased(worker, _): break
        case .ready:
            // Late, but nobody else has it: it counts.
            runs[task.run]?.unqueue(task.id)
            lease(&task, to: worker, now: now)
        case .leased:
            if isOff(.epoch) { break }
            drop(name, from: worker)
            return
        case .landing:
            return
        }
        let taken = task.take(result.items)
        counters.invalid += result.items.count - taken.count
        task.parts.insert(result.part)
        inFlightItems -= taken.count
        if task.items.isEmpty {
            task.state = .landing
            withWorker(worker) { _ = $0.tasks.remove(task.id) }
        }
        tasks[task.id] = task
        enqueue(worker)
        collect(taken, of: task.id, part: name, from: worker, now: now)
        if isOff(.ackAfterCommit) { acknowledge(name, to: worker) }
    }

    /// Takes in results of a task that is not in memory any more. They may be landed, and the
    /// acknowledgement was lost; or they are late and the task was forgotten. The database knows:
    /// they are landed (again), which is harmless, and acknowledged by the commit.
    private mutating func receiveUnowned(_ result: TaskResult, from worker: WorkerID, now: Instant)
    {
        let name = ResultName(lease: result.lease, part: result.part)
        guard let run = runs[result.run] else {
            // Its run ended: nobody wants it.
            counters.duplicates += result.items.count
            acknowledge(name, to: worker)
            return
        }
        let active = run.active[result.prompt] ?? []
        if landing.holds(name, from: worker) { return }
        guard result.items.allSatisfy({ !active.contains($0.name) }) else {
            drop(name, from: worker)
            return
        }
        var names: Set<ItemName> = []
        let items = result.items.filter { item in
            run.wants(item.name)
                && item.isValid(for: WorkItem(name: item.name), isTakenOver: true)
                && names.insert(item.name).inserted
        }
        counters.invalid += result.items.count - items.count
        guard !items.isEmpty else {
            acknowledge(name, to: worker)
            return
        }
        runs[result.run]?.activate(items.map(\.name), of: result.prompt)
        let group = LandingGroup(
            run: result.run, prompt: result.prompt, worker: worker, items: items)
        inFlightItems += items.count
        landing.append(
            SchedulerLanding.Entry(
                task: result.lease.task, ack: name, worker: worker, names: items.map(\.name),
                group: group),
            now: now)
    }

    private mutating func drop(_ name: ResultName, from worker: WorkerID) {
        counters.stale += 1
        effects.append(.notice(.stale(name.lease, worker: worker)))
        acknowledge(name, to: worker)
    }
}

extension ItemResult {
    /// Whether it says one thing about its item: a finite reward, of a completion that is there
    /// or was there before, or a log-probability where that was asked for, or why there is none.
    func isValid(for item: WorkItem, isTakenOver: Bool) -> Bool {
        if item.name.kind == .candidateLogProbability {
            guard completion == nil, reward == nil else { return false }
            return logProbability.map { $0.isValid && failure == nil } ?? (failure != nil)
        }
        guard logProbability == nil else { return false }
        guard let reward else { return failure != nil }
        // Of a task that was taken over, only the names of the items are known.
        let hasText = completion != nil || !item.needsSampling || isTakenOver
        return reward.isFinite && failure == nil && hasText
    }
}
