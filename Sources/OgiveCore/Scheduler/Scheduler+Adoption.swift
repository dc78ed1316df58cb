internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes over leases that a worker holds from before it was registered (again).
    ///
    /// Under this term, a lease goes on unless its task was granted anew. Of an earlier term, it
    /// goes on unless one of its items was granted or landed meanwhile: never two at once, and
    /// never a choice by content; and it does so once. Either way only with the proof that it was
    /// granted to this worker, and while it serves the models that its run is bound to.
    mutating func adopt(
        _ held: [HeldLease], by worker: WorkerID, now: TimePoint
    ) -> [Welcome.Adoption] {
        guard let holder = workers[worker]?.holder, !held.isEmpty, areProved(held, of: worker)
        else { return [] }
        // Of two leases on the same items, which a worker has when a cancel was lost, one goes on:
        // else the quicker of two attempts would count.
        var given: Set<LeaseName> = []
        var named: Set<LeaseName> = []
        return held.compactMap { held in
            guard named.insert(held.claim.lease).inserted, let run = runs[held.claim.run],
                let offer = workers[worker]?.offer, isServed(run, by: offer)
            else { return nil }
            let name =
                held.claim.lease.term == term
                ? keep(held, by: worker, now: now) : takeOver(held, by: worker, now: now)
            guard let name, given.insert(name).inserted else { return nil }
            counters.adopted += 1
            var claim = held.claim
            claim.lease = name
            return Welcome.Adoption(
                old: held.claim.lease, new: name, proof: key.proof(of: claim, heldBy: holder))
        }
    }

    /// Whether all leases of a hello were granted to this worker. One that was not makes the others
    /// suspect: nothing goes on then.
    private mutating func areProved(_ held: [HeldLease], of id: WorkerID) -> Bool {
        guard let worker = workers[id],
            let forged = held.first(where: { !isProved($0.claim, heldBy: worker.holder) })
        else { return true }
        counters.unproved += 1
        let name = forged.claim.lease
        effects.append(
            .notice(
                .rejected(
                    id, name: worker.name,
                    reason: "its hello names lease \(name.task.rawValue) of term "
                        + "\(name.term.rawValue), which was never granted to it")))
        return false
    }

    private mutating func keep(
        _ held: HeldLease, by worker: WorkerID, now: TimePoint
    ) -> LeaseName? {
        let lease = held.claim.lease
        guard let task = tasks[lease.task], task.epoch == lease.epoch else { return nil }
        switch task.state {
        case .leased(worker, _):
            hold(task, by: worker)
        case .leased, .landing:
            // Landing: the results are here; resending them is harmless and ends in an ack.
            guard task.state == .landing else { return nil }
        case .ready:
            guard mayAdopt(worker) else { return nil }
            runs[task.run]?.unqueue(task.id)
            self.lease(task.id, to: worker, now: now)
        }
        return lease
    }

    private mutating func takeOver(
        _ held: HeldLease, by worker: WorkerID, now: TimePoint
    ) -> LeaseName? {
        let (items, claim) = (held.items, held.claim)
        let wanted = Set(items)
        guard let wanting = runs[claim.run], !items.isEmpty, wanted.count == items.count,
            items.allSatisfy(wanting.wants)
        else { return nil }
        endFormer(than: claim, but: worker, now: now)
        guard let run = runs[claim.run] else { return nil }
        let active = run.active[claim.prompt] ?? ItemNames()
        var owners: [TaskID] = []
        if !active.isDisjoint(with: wanted) {
            owners = (run.tasks[claim.prompt] ?? []).sorted()
            if let mine = owners.first(where: { owns($0, wanted, worker) }), let task = tasks[mine]
            {
                // It was taken over before, but the answer was lost.
                hold(task, by: worker)
                return leaseName(task)
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
        // A second time its items would be those that have landed, held up without end.
        let former = FormerTask(term: claim.lease.term, task: claim.lease.task)
        guard mayAdopt(worker), takenOver[former].map({ $0 < claim.lease.epoch }) ?? true
        else { return nil }
        takenOver[former] = claim.lease.epoch
        withdraw(wanted, from: owners)
        lastTask += 1
        var task = SchedulerTask(
            id: TaskID(lastTask), run: claim.run, promptID: claim.prompt, prompt: nil,
            items: items.sorted().map { WorkItem(name: $0) }, state: .ready)
        task.epoch = Epoch(1)
        task.former = claim.lease
        runs[claim.run]?.activate(items, of: claim.prompt)
        runs[claim.run]?.begun.insert(claim.prompt)
        keep(task)
        lease(task.id, to: worker, now: now)
        return leaseName(task)
    }

    /// Ends the adopted lease of a former grant of the same task: its worker had returned it, or
    /// lost it, before this worker got the task. So it does not matter whose hello comes first.
    private mutating func endFormer(than claim: LeaseClaim, but worker: WorkerID, now: TimePoint) {
        for id in (runs[claim.run]?.tasks[claim.prompt] ?? []).sorted() {
            guard let task = tasks[id], let former = task.former,
                former.term == claim.lease.term, former.task == claim.lease.task,
                former.epoch < claim.lease.epoch,
                case .leased(let other, _) = task.state, other != worker
            else { continue }
            send(.cancel(leaseName(task)), to: other)
            requeue(id, after: nil, now: now)
        }
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
            runs[task.run]?.deactivate(gone, of: task.promptID, resolved: false)
            tasks.keep(task)
            if task.items.isEmpty {
                runs[task.run]?.unqueue(id)
                if task.unlanded == 0 { forget(id) } else { withTask(id) { $0.leaveItems() } }
            }
        }
    }
}
