internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in results. They count under the lease's current epoch only: leased to the sender, or
    /// taken back from it and not yet granted anew.
    mutating func receive(_ result: TaskResult, from worker: WorkerID, now: Instant) {
        let name = ResultName(lease: result.lease, part: result.part)
        guard result.lease.term == term else {
            drop(name, from: worker)
            return
        }
        guard var task = tasks[result.lease.task] else {
            // Landed, or its run ended: either way the worker need not keep it.
            counters.duplicates += result.items.count
            send(.ack(name), to: worker)
            return
        }
        guard task.epoch == result.lease.epoch else {
            drop(name, from: worker)
            return
        }
        // A part that is here already is acknowledged by its commit.
        guard !task.parts.contains(result.part) else { return }
        switch task.state {
        case .leased(worker, _): break
        case .ready:
            // Late, but nobody else has it: it counts.
            runs[task.run]?.ready.removeAll { $0 == task.id }
            lease(&task, to: worker, now: now)
        case .leased:
            drop(name, from: worker)
            return
        case .landing:
            return
        }
        let valid = result.items.filter(\.isValid)
        let taken = task.take(valid)
        counters.invalid += result.items.count - taken.count
        task.parts.insert(result.part)
        inFlightItems -= taken.count
        if task.items.isEmpty {
            task.state = .landing
            workers[worker]?.tasks.remove(task.id)
        }
        tasks[task.id] = task
        enqueue(worker)
        collect(taken, of: task.id, part: name, from: worker, now: now)
    }

    private mutating func drop(_ name: ResultName, from worker: WorkerID) {
        counters.stale += 1
        effects.append(.notice(.stale(name.lease, worker: worker)))
        send(.ack(name), to: worker)
    }
}

extension ItemResult {
    /// Whether it says one thing: a finite reward, or why there is none.
    var isValid: Bool {
        if let reward { reward.isFinite && failure == nil } else { failure != nil }
    }
}
