internal import OrderedCollections

/// Who holds which task: all that changes it goes through here, so that the shares are right.
extension Scheduler {
    /// Notes that a worker has a task.
    mutating func hold(_ task: SchedulerTask, by id: WorkerID) {
        let noted = withWorker(id) { worker -> (key: String, isFirst: Bool)? in
            guard worker.tasks.insert(task.id).inserted else { return nil }
            worker.leasedBytes += task.bytes
            return (worker.key ?? "", worker.finished == 0)
        }
        guard let noted = noted.flatMap(\.self) else { return }
        leasedBytes += task.bytes
        shares[noted.key, default: KeyShare()].leases += 1
        if noted.isFirst { shares[noted.key, default: KeyShare()].firstLeases += 1 }
    }

    /// Notes that a worker does not have a task any more.
    mutating func release(_ task: SchedulerTask, by id: WorkerID) {
        let noted = withWorker(id) { worker -> (key: String, isFirst: Bool)? in
            guard worker.tasks.remove(task.id) != nil else { return nil }
            worker.leasedBytes -= task.bytes
            return (worker.key ?? "", worker.finished == 0)
        }
        guard let noted = noted.flatMap(\.self) else { return }
        leasedBytes -= task.bytes
        shares[noted.key]?.leases -= 1
        if noted.isFirst { shares[noted.key]?.firstLeases -= 1 }
    }

    /// Notes that a worker finished a lease that it has released.
    mutating func noteFinished(by id: WorkerID) {
        let limits = limits
        let first = withWorker(id) { worker -> (key: String, leases: Int)? in
            defer { worker.noteFinished(limits) }
            return worker.finished == 0 ? (worker.key ?? "", worker.tasks.count) : nil
        }
        guard let first = first.flatMap(\.self) else { return }
        shares[first.key]?.firstLeases -= first.leases
    }

    /// Registers a worker that holds nothing, or puts it in the place of its former self, which
    /// holds nothing any more.
    mutating func replace(_ worker: SchedulerWorker) {
        let former = workers.updateValue(worker, forKey: worker.id)
        shares[worker.key ?? "", default: KeyShare()].workers += 1
        if let former { leaveShare(former) }
    }

    /// Forgets a worker that holds nothing any more, its place in the queue included.
    mutating func unregister(_ id: WorkerID) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        if worker.isQueued { queue.removeAll { $0 == id } }
        leaveShare(worker)
    }

    private mutating func leaveShare(_ worker: SchedulerWorker) {
        let key = worker.key ?? ""
        shares[key]?.workers -= 1
        if shares[key]?.workers == 0 { shares[key] = nil }
    }

    /// Whether a worker may get another lease.
    func hasRoom(_ worker: SchedulerWorker) -> Bool {
        landing.hasRoom(for: worker.id, limits)
            && worker.hasRoom(
                shares[worker.key ?? ""] ?? KeyShare(), isOnlyKey: shares.count < 2, limits,
                beyondCredit: isOff(.credit) ? 2 : 0)
    }

    /// Whether a claim was granted to its holder, by this coordinator or an earlier one.
    func isProved(_ claim: LeaseClaim, heldBy holder: LeaseHolder) -> Bool {
        isOff(.leaseProof) || key.proves(claim, heldBy: holder)
    }
}
