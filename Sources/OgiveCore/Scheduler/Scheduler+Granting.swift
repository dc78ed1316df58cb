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
            guard let id = nextTask(of: worker, now: now), let place = tasks.place(of: id)
            else {
                if hasReadyTasks { continue }
                // All that wait keep their places: a large fleet is not looked through for each
                // task that comes and goes.
                withWorker(worker) { $0.isQueued = true }
                queue.prepend(worker)
                return
            }
            guard isWithinBounds(place) else {
                withWorker(worker) { $0.isQueued = true }
                queue.prepend(worker)
                return
            }
            grant(place, to: worker, now: now)
            enqueue(worker)
        }
    }

    private var hasReadyTasks: Bool {
        runs.values.contains { !$0.ready.isEmpty || !$0.suspects.isEmpty }
    }

    /// Whether a task may be leased beside what is leased; one alone always may.
    private func isWithinBounds(_ place: TaskTable.Place) -> Bool {
        inFlightItems == 0
            || inFlightItems + tasks[place].items.count <= limits.inFlightItemsMax
                && leasedBytes + tasks[place].bytes <= limits.leasedBytesMax
    }

    /// What a worker gets next, if it has room. A suspect, a task that may have ended its workers,
    /// is for a worker without other leases, so that it takes nobody along: one worker at a time is
    /// emptied for that. Between two suspects each worker takes ordinary tasks, for as long as the
    /// first one and being emptied for it took: neither kind starves, and ordinary work keeps half
    /// the time.
    private mutating func nextTask(of id: WorkerID, now: TimePoint) -> TaskID? {
        withWorker(id) { $0.noteSuspectOver(now: now) }
        // Closures, also below: a copy of the worker costs more than all that is asked of it.
        let state = ofWorker(id) { worker in
            (
                hasRoom: hasRoom(worker), isEmpty: worker.tasks.isEmpty,
                owes: worker.owesOthers || worker.owesUntil > now
            )
        }
        guard let state, state.hasRoom else { return nil }
        let ordinary = nextRun(of: id)
        if !state.owes || ordinary == nil,
            let run = ofWorker(id, { nextRun(for: $0, .suspects) }) ?? nil
        {
            if state.isEmpty { return ofRun(run) { $0.suspects.first } ?? nil }
            if isToBeEmptied(id) {
                withWorker(id) { $0.emptiedSince = $0.emptiedSince ?? now }
                return nil
            }
        }
        return ordinary.flatMap { ofRun($0) { $0.ready.first } ?? nil }
    }

    private mutating func isToBeEmptied(_ id: WorkerID) -> Bool {
        if let other = emptying.flatMap({ workers[$0] }), other.id != id,
            other.isWilling, !other.isAlone, nextRun(for: other, .suspects) != nil
        {
            return false
        }
        emptying = id
        return true
    }

    /// The run whose turn it is. Those that may hold no more leases of this worker lose their claim
    /// to what they miss meanwhile.
    private mutating func nextRun(of id: WorkerID) -> RunID? {
        let best = ofWorker(id) { nextRun(for: $0, .ready, withinCredit: $0.unscored > 0) } ?? nil
        guard let best, ofWorker(id, { $0.unscored > 0 }) == true, let worker = workers[id],
            let own = ofRun(best, \.pass)
        else { return best }
        let pass = worker.leases.pass(best, own)
        for id in worker.serves where !worker.mayHold(id, limits) {
            withWorker(worker.id) { $0.leases.loseClaim(id, below: pass) }
        }
        return best
    }

    /// The queues of a run.
    private enum Line {
        case ready
        case suspects
    }

    /// Of the runs that a worker serves and that have tasks, the one furthest behind its share.
    private func nextRun(
        for worker: SchedulerWorker, _ line: Line, withinCredit isBounded: Bool = false
    ) -> RunID? {
        var best: (pass: Double, id: RunID)?
        for id in worker.serves {
            let own = ofRun(id) { run -> Double? in
                let isEmpty = line == .ready ? run.ready.isEmpty : run.suspects.isEmpty
                return isEmpty ? nil : run.pass
            }
            guard let own = own ?? nil else { continue }
            let pass = worker.leases.pass(id, own)
            guard best.map({ pass < $0.pass }) ?? true, !isBounded || worker.mayHold(id, limits)
            else { continue }
            best = (pass, id)
        }
        return best?.id
    }

    /// Grants the first task of one of its run's two queues.
    private mutating func grant(_ place: TaskTable.Place, to worker: WorkerID, now: TimePoint) {
        let (id, run) = (tasks[place].id, tasks[place].run)
        guard let runPlace = runs.index(forKey: run) else { return }
        let isSuspect = runs.values[runPlace].suspects.first == id
        if isSuspect {
            runs.values[runPlace].suspects.removeFirst()
        } else {
            runs.values[runPlace].ready.removeFirst()
        }
        guard let prompt = tasks[place].prompt else { return }
        let (items, unit, former) = (tasks[place].items, slotTime, runs.values[runPlace].pass)
        let sampling = runs.values[runPlace].sampling
        let seedBase = DrawSeed.base(
            sampling: sampling, promptKey: prompt.key, isWide: runs.values[runPlace].hasWideSeeds)
        runs.values[runPlace].begin(prompt.id, items: items.count, unit: unit)
        let pass = runs.values[runPlace].pass
        let epoch = Epoch(tasks[place].epoch.rawValue + 1)
        tasks[place].regrant(under: epoch, seedBase: seedBase)
        lease(id, to: worker, isAlone: isSuspect, now: now)
        counters.granted += 1
        let isAnnounced = withWorker(worker) { worker in
            worker.leases.advance(run, from: former, by: pass - former)
            return !worker.announcedRuns.insert(run).inserted
        }
        if isAnnounced == false { send(.serve(runs.values[runPlace].description), to: worker) }
        var lease = Lease(
            name: LeaseName(term: term, task: id, epoch: epoch), run: run, prompt: prompt,
            seedBase: seedBase, items: items, duration: limits.leaseDuration, proof: sampling)
        let holder = ofWorker(worker, \.holder) ?? LeaseHolder(worker: worker, key: nil)
        lease.proof = key.proof(of: lease, heldBy: holder)
        send(.lease(lease), to: worker)
        if isSuspect, let emptied = emptying {
            emptying = nil
            enqueue(emptied)
        }
    }

    /// Gives a task to a worker and counts it.
    mutating func lease(
        _ id: TaskID, to worker: WorkerID, isAlone: Bool = false, now: TimePoint
    ) {
        guard let place = tasks.place(of: id) else { return }
        let deadline = expect(id, under: tasks[place].epoch, now: now)
        tasks[place].state = .leased(worker, deadline: deadline)
        tasks[place].isAlone = isAlone
        hold(id, of: tasks[place].run, bytes: tasks[place].bytes, by: worker)
        withWorker(worker) { holder in
            if isAlone {
                holder.suspect = id
                holder.aloneSince = holder.emptiedSince ?? now
            }
            holder.emptiedSince = nil
            holder.owesOthers = isAlone
        }
        inFlightItems += tasks[place].items.count
    }

    /// Begins the time of a task's lease, and says when it runs out.
    mutating func expect(_ id: TaskID, under epoch: Epoch, now: TimePoint) -> TimePoint {
        if deadlines.count > 2 * tasks.count + Self.deadlinesKept { clearDeadlines() }
        let deadline = now + limits.leaseDuration
        deadlines.insert(LeaseDeadline(at: deadline, task: id, epoch: epoch))
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
        tasks.keep(task)
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
        tasks.keep(task)
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
            withTask(task.id) { $0.leaveItems() }
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
        tasks.keep(task)
        let nobody = WorkerID(high: 0, low: 0)
        collect(results, of: id, part: nil, from: nobody, now: now)
    }
}
