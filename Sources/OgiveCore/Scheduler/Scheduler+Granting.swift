internal import DequeModule
internal import HeapModule
internal import OrderedCollections

extension Scheduler {
    /// Puts a worker into the queue for work when it has room.
    mutating func enqueue(_ id: WorkerID) {
        guard mayQueue(id) else { return }
        withWorker(id) { $0.isQueued = true }
        queue.append(id)
    }

    private func mayQueue(_ id: WorkerID) -> Bool {
        ofWorker(id) { !$0.isQueued && !$0.serves.isEmpty && hasRoom($0) } ?? false
    }

    /// New work is there, or a worker gave work back: the workers that may do it are queued at the
    /// end of the event, `last` behind all others.
    mutating func queueWorkers(serving run: RunID, last: WorkerID? = nil) {
        newWork.insert(run)
        if let last { lastInLine.append(last) }
    }

    /// Queues the workers that may do what is new, each once, however many leases came back. Those
    /// that gave some back go to the end, also where they stood in the queue before.
    mutating func queueForNewWork() {
        guard !newWork.isEmpty || !lastInLine.isEmpty else { return }
        let (fresh, last) = (newWork, lastInLine)
        newWork = []
        lastInLine = []
        // A worker that drains gets nothing: it may stay where it stands.
        if last.contains(where: { ofWorker($0) { $0.isQueued && !$0.isDraining } == true }) {
            queue.removeAll(where: last.contains)
            for id in last { withWorker(id) { $0.isQueued = false } }
        }
        if !fresh.isEmpty {
            #if DEBUG
                looks += workers.count
            #endif
            // In their places: when a fleet ends, each of its messages brings work back.
            for index in workers.values.indices
            where isIdle(workers.values[index], serving: fresh) {
                let id = workers.keys[index]
                if !last.contains(id) { enqueue(id) }
            }
        }
        for id in last { enqueue(id) }
    }

    @inline(__always)
    private func isIdle(_ worker: SchedulerWorker, serving runs: Set<RunID>) -> Bool {
        !worker.isQueued && !worker.isDraining && worker.serves.contains(where: runs.contains)
    }

    /// Hands out tasks, one to each worker in turn, while there are both tasks and room. A database
    /// that takes results more slowly than they come holds up granting.
    mutating func grant(now: TimePoint) {
        guard !isDraining, !isHeld, !landing.isPaused, landing.items < limits.windowItems
        else { return }
        while inFlightItems < limits.inFlightItemsMax, let worker = queue.popFirst() {
            withWorker(worker) { $0.isQueued = false }
            guard let id = nextTask(of: worker, now: now), let task = tasks[id] else {
                if hasReadyTasks { continue }
                // All that wait keep their places: a large fleet is not looked through for each
                // task that comes and goes.
                withWorker(worker) { $0.isQueued = true }
                queue.prepend(worker)
                return
            }
            guard isWithinBounds(task) else {
                workers[worker]?.isQueued = true
                queue.prepend(worker)
                return
            }
            grant(task, to: worker, now: now)
            enqueue(worker)
        }
    }

    private var hasReadyTasks: Bool {
        runs.values.contains { !$0.ready.isEmpty || !$0.suspects.isEmpty }
    }

    /// Whether a task may be leased beside what is leased; one alone always may.
    private func isWithinBounds(_ task: SchedulerTask) -> Bool {
        inFlightItems == 0
            || inFlightItems + task.items.count <= limits.inFlightItemsMax
                && leasedBytes + task.bytes <= limits.leasedBytesMax
    }

    /// What a worker gets next, if it has room. The copy of the worker ends here: changing the
    /// original beside it would copy the set of its tasks.
    private mutating func nextTask(of id: WorkerID, now: TimePoint) -> TaskID? {
        withWorker(id) { $0.noteSuspectOver(now: now) }
        // A closure: the method itself would be taken along with a copy of the scheduler.
        guard ofWorker(id, { hasRoom($0) }) == true, let worker = workers[id] else { return nil }
        return nextTask(for: worker, now: now)
    }

    /// What a worker gets next. A suspect, a task that may have ended its workers, is for a worker
    /// without other leases, so that it takes nobody along: one worker at a time is emptied for
    /// that. Between two suspects each worker takes ordinary tasks, for as long as the first one
    /// and being emptied for it took: neither kind starves, and ordinary work keeps half the time.
    private mutating func nextTask(for worker: SchedulerWorker, now: TimePoint) -> TaskID? {
        let ordinary = nextRun(for: worker)
        let owes = worker.owesOthers || worker.owesUntil > now
        if !owes || ordinary == nil, let run = nextRun(for: worker, \.suspects) {
            if worker.tasks.isEmpty { return ofRun(run) { $0.suspects.first } ?? nil }
            if isToBeEmptied(worker) {
                withWorker(worker.id) { $0.emptiedSince = $0.emptiedSince ?? now }
                return nil
            }
        }
        return ordinary.flatMap { ofRun($0) { $0.ready.first } ?? nil }
    }

    private mutating func isToBeEmptied(_ worker: SchedulerWorker) -> Bool {
        if let other = emptying.flatMap({ workers[$0] }), other.id != worker.id,
            other.isWilling, !other.isAlone, nextRun(for: other, \.suspects) != nil
        {
            return false
        }
        emptying = worker.id
        return true
    }

    /// The run whose turn it is. Those that may hold no more leases of this worker lose their claim
    /// to what they miss meanwhile.
    private mutating func nextRun(for worker: SchedulerWorker) -> RunID? {
        let best = nextRun(for: worker, \.ready, withinCredit: worker.unscored > 0)
        guard worker.unscored > 0, let best, let own = ofRun(best, \.pass) else { return best }
        let pass = worker.leases.pass(best, own)
        for id in worker.serves where !worker.mayHold(id, limits) {
            withWorker(worker.id) { $0.leases.loseClaim(id, below: pass) }
        }
        return best
    }

    /// Of the runs that a worker serves and that have tasks, the one furthest behind its share.
    private func nextRun(
        for worker: SchedulerWorker, _ line: KeyPath<SchedulerRun, Deque<TaskID>>,
        withinCredit isBounded: Bool = false
    ) -> RunID? {
        var best: (pass: Double, id: RunID)?
        for id in worker.serves {
            guard let own = ofRun(id, { $0[keyPath: line].isEmpty ? nil : $0.pass }) ?? nil
            else { continue }
            let pass = worker.leases.pass(id, own)
            guard best.map({ pass < $0.pass }) ?? true, !isBounded || worker.mayHold(id, limits)
            else { continue }
            best = (pass, id)
        }
        return best?.id
    }

    /// Grants the first task of one of its run's two queues.
    private mutating func grant(_ task: SchedulerTask, to worker: WorkerID, now: TimePoint) {
        var task = task
        let isSuspect = ofRun(task.run) { $0.suspects.first == task.id } ?? false
        if isSuspect {
            withRun(task.run) { $0.suspects.removeFirst() }
        } else {
            withRun(task.run) { $0.ready.removeFirst() }
        }
        let unit = slotTime
        let hasLostClaims = ofWorker(worker) { $0.leases.hasLostClaims } ?? false
        let former = hasLostClaims ? ofRun(task.run) { $0.pass } : nil
        guard let prompt = task.prompt,
            let sampling = withRun(
                task.run, { $0.begin(task.promptID, items: task.items.count, unit: unit) })
        else { return }
        task.epoch = Epoch(task.epoch.rawValue + 1)
        task.parts = []
        task.waitsSince = nil
        lease(&task, to: worker, isAlone: isSuspect, now: now)
        counters.granted += 1
        if let former, let pass = ofRun(task.run, { $0.pass }) {
            withWorker(worker) { $0.leases.advance(task.run, from: former, by: pass - former) }
        }
        if withWorker(worker, { $0.announcedRuns.insert(task.run).inserted }) == true,
            let description = runs[task.run]?.description
        {
            send(.serve(description), to: worker)
        }
        send(.lease(lease(of: task, prompt, sampling, to: worker)), to: worker)
        if isSuspect, let emptied = emptying {
            emptying = nil
            enqueue(emptied)
        }
    }

    /// The lease of a task that was just granted, with its proof.
    private func lease(
        of task: SchedulerTask, _ prompt: Prompt, _ sampling: SHA256Digest, to worker: WorkerID
    ) -> Lease {
        let isWide =
            ofRun(task.run) {
                $0.description.spec.scoring.sampling.parameters.seedBits != nil
            } ?? false
        let seedBase = DrawSeed.base(
            sampling: sampling, promptKey: prompt.key, isWide: isWide)
        var lease = Lease(
            name: leaseName(task), run: task.run, prompt: prompt, seedBase: seedBase,
            items: task.items, duration: limits.leaseDuration, proof: sampling)
        let holder = LeaseHolder(worker: worker, key: ofWorker(worker, \.key) ?? nil)
        lease.proof = key.proof(of: lease, heldBy: holder)
        return lease
    }

    /// Gives a task to a worker and counts it.
    mutating func lease(
        _ task: inout SchedulerTask, to worker: WorkerID, isAlone: Bool = false, now: TimePoint
    ) {
        task.state = .leased(worker, deadline: expect(task, now: now))
        task.isAlone = isAlone
        tasks[task.id] = task
        hold(task, by: worker)
        withWorker(worker) { holder in
            if isAlone {
                holder.suspect = task.id
                holder.aloneSince = holder.emptiedSince ?? now
            }
            holder.emptiedSince = nil
            holder.owesOthers = isAlone
        }
        inFlightItems += task.items.count
    }

    /// Begins the time of a task's lease, and says when it runs out.
    mutating func expect(_ task: SchedulerTask, now: TimePoint) -> TimePoint {
        if deadlines.count > 2 * tasks.count + Self.deadlinesKept { clearDeadlines() }
        let deadline = now + limits.leaseDuration
        deadlines.insert(LeaseDeadline(at: deadline, task: task.id, epoch: task.epoch))
        return deadline
    }

    /// Deadlines that are not worth clearing away.
    static let deadlinesKept = 1_024

    /// Clears away the deadlines of leases that are over or were given more time: at thousands of
    /// leases a second, those of a quarter of an hour would be most of the memory.
    private mutating func clearDeadlines() {
        deadlines = Heap(
            deadlines.unordered.filter { due in
                guard let task = tasks[due.task], case .leased(_, let deadline) = task.state
                else { return false }
                return task.epoch == due.epoch && deadline == due.at
            })
    }

    /// Takes back leases that ran out.
    mutating func expireLeases(now: TimePoint) {
        while !isOff(.deadline), let due = deadlines.min, due.at <= now {
            deadlines.removeMin()
            guard let task = tasks[due.task], task.epoch == due.epoch,
                case .leased(let worker, let deadline) = task.state, deadline <= now
            else { continue }
            counters.expired += 1
            send(.cancel(leaseName(task)), to: worker)
            effects.append(.notice(.expired(leaseName(task), worker: worker)))
            withWorker(worker) { $0.noteNeglected() }
            requeue(task.id, after: task.waitsSince == nil ? .tooSlow : nil, now: now)
        }
    }

    /// Takes a leased task back into its run's queue, first in line; the epoch stays until the
    /// next grant. Its worker is last in line: whoever does not finish a task could keep it from
    /// all others. A loss charges an attempt, and gives up a task that used up its attempts.
    /// `together` is how many the worker lost at once.
    mutating func requeue(
        _ id: TaskID, after loss: TaskLoss.Kind?, together: Int = 1, now: TimePoint
    ) {
        guard var task = tasks[id], case .leased(let worker, let deadline) = task.state else {
            return
        }
        release(task, by: worker)
        inFlightItems -= task.items.count
        guard task.prompt != nil else {
            leaveToDatabase(task)
            lastInLine.append(worker)
            return
        }
        task.state = .ready
        if loss == .lost, together >= limits.massLossLeases {
            task.massLosses += 1
        } else if let loss {
            task.charge(
                TaskLoss(
                    kind: loss, worker: workers[worker]?.name ?? "a worker",
                    after: now - deadline + limits.leaseDuration, wasAlone: task.isAlone))
        }
        tasks[id] = task
        if loss != nil, task.attempts >= limits.attemptsMax, task.isAlone {
            abandon(
                id, code: task.history.code, task.history.message(attempts: task.attempts), now)
            lastInLine.append(worker)
        } else {
            requeue(task, from: worker)
        }
    }

    /// Puts a task into its run's queue, first in line, or among the suspects. `worker` had it.
    private mutating func requeue(_ task: SchedulerTask, from worker: WorkerID? = nil) {
        if task.isSuspect(limits) {
            runs[task.run]?.suspects.append(task.id)
        } else {
            runs[task.run]?.ready.prepend(task.id)
        }
        queueWorkers(serving: task.run, last: worker)
    }

    /// Makes two tasks of a leased one that is too large for a message.
    mutating func split(_ id: TaskID, now: TimePoint) {
        guard var task = tasks[id] else { return }
        lastTask += 1
        let middle = task.items.count / 2
        var other = SchedulerTask(
            id: TaskID(lastTask), run: task.run, promptID: task.promptID, prompt: task.prompt,
            items: Array(task.items[middle...]), state: .ready)
        other.bytes = task.bytes
        other.attempts = task.attempts
        other.massLosses = task.massLosses
        other.history = task.history
        inFlightItems -= other.items.count
        task.items.removeSubrange(middle...)
        tasks[id] = task
        keep(other)
        requeue(other)
        requeue(id, after: nil, now: now)
    }

    /// Drops a task whose prompt is not in memory; the database will name its items again.
    private mutating func leaveToDatabase(_ task: SchedulerTask) {
        runs[task.run]?.deactivate(task.items.map(\.name), of: task.promptID, resolved: false)
        runs[task.run]?.rewind()
        if task.unlanded == 0 {
            forget(task.id)
        } else {
            tasks[task.id]?.items = []
            tasks[task.id]?.state = .landing
        }
    }

    /// Turns what is left of a task into failures.
    mutating func abandon(
        _ id: TaskID, code: ModelError.Code, _ message: String, _ now: TimePoint
    ) {
        guard var task = tasks[id] else { return }
        if case .leased(let worker, _) = task.state {
            release(task, by: worker)
            inFlightItems -= task.items.count
        }
        let results = task.items.map { item in
            var result = ItemResult(name: item.name)
            result.failure = Failure(
                stage: item.stage, code: code, message: message,
                attempts: max(task.attempts, 1))
            return result
        }
        runs[task.run]?.unqueue(id)
        task.items = []
        task.state = .landing
        tasks[id] = task
        let nobody = WorkerID(high: 0, low: 0)
        collect(results, of: id, part: nil, from: nobody, now: now)
    }
}
