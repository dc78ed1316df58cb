internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes over leases that a worker holds from before it was registered (again).
    ///
    /// Under this term, a lease goes on unless its task was granted anew. Of an earlier term, it
    /// goes on unless one of its items was granted or landed meanwhile: never two at once, and
    /// never a choice by content.
    mutating func adopt(
        _ held: [HeldLease], by worker: WorkerID, now: Instant
    ) -> [Welcome.Adoption] {
        // Of two leases on the same items, which a worker has when a cancel was lost, one goes on:
        // else the quicker of two attempts would count.
        var given: Set<LeaseName> = []
        return held.compactMap { held in
            let name =
                held.lease.term == term
                ? keep(held, by: worker, now: now) : takeOver(held, by: worker, now: now)
            guard let name, given.insert(name).inserted else { return nil }
            counters.adopted += 1
            return Welcome.Adoption(old: held.lease, new: name)
        }
    }

    private mutating func keep(
        _ held: HeldLease, by worker: WorkerID, now: Instant
    ) -> LeaseName? {
        guard var task = tasks[held.lease.task], task.epoch == held.lease.epoch else { return nil }
        switch task.state {
        case .leased(worker, _):
            workers[worker]?.tasks.insert(task.id)
        case .leased, .landing:
            // Landing: the results are here; resending them is harmless and ends in an ack.
            guard task.state == .landing else { return nil }
        case .ready:
            runs[task.run]?.unqueue(task.id)
            lease(&task, to: worker, now: now)
        }
        return held.lease
    }

    private mutating func takeOver(
        _ held: HeldLease, by worker: WorkerID, now: Instant
    ) -> LeaseName? {
        let wanted = Set(held.items)
        guard let run = runs[held.run], !held.items.isEmpty, wanted.count == held.items.count,
            held.items.allSatisfy(run.wants)
        else { return nil }
        let active = run.active[held.prompt] ?? []
        var owners: [TaskID] = []
        if !active.isDisjoint(with: wanted) {
            owners = tasks.values.filter {
                $0.run == held.run && $0.promptID == held.prompt
            }.map(\.id).sorted()
            if let mine = owners.first(where: { owns($0, wanted, worker) }) {
                // It was taken over before, but the answer was lost.
                workers[worker]?.tasks.insert(mine)
                return tasks[mine].map(leaseName)
            }
            for id in owners {
                guard let task = tasks[id] else { continue }
                let touches = task.items.contains { wanted.contains($0.name) }
                guard !touches || task.state == .ready else { return nil }
            }
            let covered = owners.flatMap { tasks[$0]?.items.map(\.name) ?? [] }
            // An item that is active in no task waits for its commit: it is not free.
            guard active.intersection(wanted).isSubset(of: covered) else { return nil }
        }
        withdraw(wanted, from: owners)
        lastTask += 1
        var task = SchedulerTask(
            id: TaskID(lastTask), run: held.run, promptID: held.prompt, prompt: nil,
            items: held.items.sorted().map { WorkItem(name: $0) }, state: .ready)
        task.epoch = Epoch(1)
        runs[held.run]?.activate(held.items, of: held.prompt)
        runs[held.run]?.begun.insert(held.prompt)
        lease(&task, to: worker, now: now)
        return leaseName(task)
    }

    private func owns(_ id: TaskID, _ names: Set<ItemName>, _ worker: WorkerID) -> Bool {
        guard let task = tasks[id], task.isLeased(to: worker) else { return false }
        return Set(task.items.map(\.name)) == names
    }

    /// Removes items from tasks that are ready. What a former worker of such a task still sends is
    /// stale from now on: its lease held items that another one has now.
    private mutating func withdraw(_ names: Set<ItemName>, from owners: [TaskID]) {
        for id in owners {
            guard var task = tasks[id], task.state == .ready else { continue }
            let gone = task.items.map(\.name).filter(names.contains)
            guard !gone.isEmpty else { continue }
            task.items.removeAll { names.contains($0.name) }
            task.epoch = Epoch(task.epoch.rawValue + 1)
            runs[task.run]?.deactivate(gone, of: task.promptID, settled: false)
            tasks[id] = task
            if task.items.isEmpty {
                runs[task.run]?.unqueue(id)
                if task.unlanded == 0 { tasks[id] = nil }
            }
        }
    }
}
