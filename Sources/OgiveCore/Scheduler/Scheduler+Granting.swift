internal import DequeModule
internal import HeapModule
internal import OrderedCollections

extension Scheduler {
    /// Puts a worker into the queue for work when it has room.
    mutating func enqueue(_ id: WorkerID) {
        guard let worker = workers[id], worker.hasRoom, !worker.isQueued, !worker.serves.isEmpty
        else { return }
        workers[id]?.isQueued = true
        queue.append(id)
    }

    /// New work is there: queues the workers that may do it.
    mutating func queueWorkers(serving run: RunID) {
        for id in workers.keys where workers[id]?.serves.contains(run) == true {
            enqueue(id)
        }
    }

    /// Hands out tasks, one to each worker in turn, while there are both tasks and room.
    mutating func grant(now: Instant) {
        guard !isDraining, !landing.isPaused else { return }
        while inFlightItems < limits.inFlightItemsMax, let id = queue.popFirst() {
            guard var worker = workers[id] else { continue }
            worker.isQueued = false
            workers[id] = worker
            guard worker.hasRoom, let run = nextRun(for: worker) else { continue }
            grantOne(of: run, to: id, now: now)
            enqueue(id)
        }
    }

    /// Of the runs that a worker serves and that have tasks, the one furthest behind its share.
    private func nextRun(for worker: SchedulerWorker) -> RunID? {
        var best: (pass: Double, id: RunID)?
        for id in worker.serves {
            guard let run = runs[id], !run.ready.isEmpty else { continue }
            if let best, best.pass <= run.pass { continue }
            best = (run.pass, id)
        }
        return best?.id
    }

    private mutating func grantOne(of runID: RunID, to worker: WorkerID, now: Instant) {
        guard let taskID = runs[runID]?.ready.popFirst(), var task = tasks[taskID],
            let prompt = task.prompt, let description = runs[runID]?.description
        else { return }
        let spec = description.spec
        runs[runID]?.pass += Double(task.items.count) / spec.weight
        task.epoch = Epoch(task.epoch.rawValue + 1)
        task.parts = []
        lease(&task, to: worker, now: now)
        counters.granted += 1
        if workers[worker]?.told.insert(runID).inserted == true {
            send(.serve(description), to: worker)
        }
        let seedBase = DrawSeed.base(
            sampling: spec.scoring.sampling.digest, promptKey: prompt.key)
        send(
            .lease(
                Lease(
                    name: leaseName(task), run: runID, prompt: prompt, seedBase: seedBase,
                    items: task.items, duration: limits.leaseDuration)),
            to: worker)
    }

    /// Gives a task to a worker and counts it.
    mutating func lease(_ task: inout SchedulerTask, to worker: WorkerID, now: Instant) {
        let deadline = now + limits.leaseDuration
        task.state = .leased(worker, deadline: deadline)
        tasks[task.id] = task
        workers[worker]?.tasks.insert(task.id)
        inFlightItems += task.items.count
        deadlines.insert(LeaseDeadline(at: deadline, task: task.id, epoch: task.epoch))
    }

    /// Takes back leases that ran out.
    mutating func expireLeases(now: Instant) {
        while let due = deadlines.min, due.at <= now {
            deadlines.removeMin()
            guard let task = tasks[due.task], task.epoch == due.epoch,
                case .leased(let worker, let deadline) = task.state, deadline <= now
            else { continue }
            counters.expired += 1
            send(.cancel(leaseName(task)), to: worker)
            effects.append(.notice(.expired(leaseName(task), worker: worker)))
            requeue(task.id, countsAttempt: true, now: now)
        }
    }

    /// Takes a leased task back into its run's queue, first in line; the epoch stays until the
    /// next grant. With `now`, a task that used up its attempts becomes a failure.
    mutating func requeue(_ id: TaskID, countsAttempt: Bool, now: Instant?) {
        guard var task = tasks[id], case .leased(let worker, _) = task.state else { return }
        workers[worker]?.tasks.remove(id)
        inFlightItems -= task.items.count
        enqueue(worker)
        guard task.prompt != nil else {
            forget(task)
            return
        }
        if countsAttempt { task.attempts += 1 }
        task.state = .ready
        tasks[id] = task
        if let now, countsAttempt, task.attempts >= limits.attemptsMax {
            abandon(
                id, code: .workerLost,
                "\(task.attempts) workers were lost or too slow while they had this task.", now)
            return
        }
        runs[task.run]?.ready.prepend(id)
        queueWorkers(serving: task.run)
    }

    /// Drops a task whose prompt is not in memory; the database will name its items again.
    private mutating func forget(_ task: SchedulerTask) {
        runs[task.run]?.deactivate(task.items.map(\.name), of: task.promptID, settled: false)
        runs[task.run]?.rewind()
        if task.unlanded == 0 {
            tasks[task.id] = nil
        } else {
            tasks[task.id]?.items = []
            tasks[task.id]?.state = .landing
        }
    }

    /// Turns what is left of a task into failures.
    mutating func abandon(
        _ id: TaskID, code: ModelError.Code, _ message: String, _ now: Instant
    ) {
        guard var task = tasks[id] else { return }
        if case .leased(let worker, _) = task.state {
            workers[worker]?.tasks.remove(id)
            inFlightItems -= task.items.count
        }
        let results = task.items.map { item in
            var result = ItemResult(name: item.name)
            result.failure = Failure(
                stage: item.needsSampling ? .sampling : .scoring, code: code, message: message,
                attempts: max(task.attempts, 1))
            return result
        }
        runs[task.run]?.ready.removeAll { $0 == id }
        task.items = []
        task.state = .landing
        tasks[id] = task
        let nobody = WorkerID(high: 0, low: 0)
        collect(results, of: id, part: nil, from: nobody, now: now)
    }
}
