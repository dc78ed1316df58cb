internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in results. They count with the proof that their lease was granted to the sender,
    /// under its current epoch: leased to the sender, or taken back and not yet granted anew.
    mutating func receive(_ result: TaskResult, from id: WorkerID, now: TimePoint) {
        let name = result.name
        guard result.claim.lease.term == term || isOff(.term) else {
            drop(name, from: id)
            return
        }
        let place = tasks.place(of: name.lease.task)
        let isKnown = place.map { tasks[$0].isLeased(to: id, under: result.claim) } ?? false
        guard isKnown || isProved(result.claim, by: id) else {
            reject(name, from: id, because: "this lease was never granted to this worker")
            return
        }
        guard let place else {
            if let worker = workers[id] { receiveUnowned(result, from: worker, now: now) }
            return
        }
        guard tasks[place].epoch == result.claim.lease.epoch || isOff(.epoch) else {
            drop(name, from: id)
            return
        }
        // A part that is here already is acknowledged by its commit.
        guard !tasks[place].has(part: result.part) else { return }
        if isOff(.outcomeBlindness), result.items.contains(where: { $0.failure != nil }),
            tasks[place].epoch.rawValue < 3, tasks[place].isLeased(to: id)
        {
            requeue(name.lease.task, after: nil, now: now)
            return
        }
        if let fault = fault(of: result, at: place) {
            refuse(result, because: fault, from: id, now: now)
            return
        }
        guard fits(result, from: id) else {
            extend(tasks[place], heldBy: id, now: now)
            return
        }
        take(result, of: name.lease.task, from: id, now: now)
    }

    /// Whether results may wait for their commit beside those that do. Those that may not are
    /// counted and left alone: no commit acknowledges them, so their worker sends them again.
    private mutating func fits(_ result: TaskResult, from worker: WorkerID) -> Bool {
        let mayTake = landing.mayTake(
            result.items.byteCount, of: worker, key: connectionKey(of: worker),
            isOnlyKey: shares.count < 2, limits)
        if mayTake { return true }
        counters.deferred += 1
        return false
    }

    /// Begins the time of a lease anew, also of one that ran out while nobody else has its task.
    /// Its worker waits for the database: were that a loss, large results would become failures
    /// for their size. But a worker must not hold a lease for ever by keeping its own share full.
    private mutating func extend(_ task: SchedulerTask, heldBy worker: WorkerID, now: TimePoint) {
        guard task.state == .ready || task.isLeased(to: worker) else { return }
        // A database that is away is nobody's doing.
        let since = landing.isPaused ? now : task.waitsSince ?? now
        guard now - since < limits.waitMax else { return }
        withTask(task.id) { $0.waitsSince = since }
        if task.state == .ready {
            withRun(task.run) { $0.unqueue(task.id) }
            lease(task.id, to: worker, now: now)
        } else {
            let deadline = expect(task.id, under: task.epoch, now: now)
            withTask(task.id) { $0.state = .leased(worker, deadline: deadline) }
        }
    }

    /// Takes in results of a task that is in memory.
    private mutating func take(
        _ result: TaskResult, of id: TaskID, from worker: WorkerID, now: TimePoint
    ) {
        guard let place = tasks.place(of: id) else { return }
        let run = tasks[place].run
        switch tasks[place].state {
        case .leased(worker, _): break
        case .ready:
            // Late, but nobody else has it: it counts.
            withRun(run) { $0.unqueue(id) }
            lease(id, to: worker, now: now)
        case .leased:
            if isOff(.epoch) || isOff(.leaseProof) { break }
            drop(result.name, from: worker)
            return
        case .landing:
            return
        }
        let taken = tasks[place].take(result)
        inFlightItems -= taken.count
        if tasks[place].state == .landing {
            release(id, of: run, bytes: tasks[place].bytes, by: worker)
            noteFinished(run, by: worker, now: now)
        }
        if runs.count > 1 || ofRun(run, \.isEnding) == true {
            slotTime.note(result.items)
            withRun(run) { $0.slotTime.note(result.items) }
        }
        enqueue(worker)
        collect(taken, of: id, part: result.name, from: worker, now: now)
        if isOff(.ackAfterCommit) { acknowledge(result.name, to: worker) }
    }

    /// Takes in results of a task that is not in memory any more. They may be landed, and the
    /// acknowledgement was lost; or they are late and the task was forgotten. The database knows:
    /// they are landed (again), which is harmless, and acknowledged by the commit.
    private mutating func receiveUnowned(
        _ result: TaskResult, from worker: SchedulerWorker, now: TimePoint
    ) {
        let (claim, name) = (result.claim, result.name)
        guard let run = runs[claim.run] else {
            // Its run ended, and its lease with it. A run that stopped at its budget may lack these
            // items: when it is opened again, they are sampled again.
            drop(name, from: worker.id)
            return
        }
        let active = run.active[claim.prompt] ?? ItemNames()
        if landing.holds(name, from: worker.id) { return }
        guard result.items.allSatisfy({ !active.contains($0.name) }) else {
            drop(name, from: worker.id)
            return
        }
        let fault =
            fault(of: result, at: nil)
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
        // Nearly always it has landed: it leaves room for what has not.
        guard landing.items < limits.windowItems / 2 else {
            counters.deferred += 1
            return
        }
        guard fits(result, from: worker.id) else { return }
        runs[claim.run]?.activate(items.map(\.name), of: claim.prompt)
        let group = LandingGroup(
            run: claim.run, prompt: claim.prompt, worker: worker.id, items: items)
        inFlightItems += items.count
        landing.append(
            SchedulerLanding.Entry(
                task: claim.lease.task, ack: name, worker: worker.id, key: worker.connection,
                group: group),
            limits, now: now)
    }

    /// What cannot be so about results, in words; `nil` when all is well.
    private func fault(of result: TaskResult, at place: TaskTable.Place?) -> String? {
        if let fault = result.fault { return fault }
        let partCount = ofRun(result.claim.run, \.partCount) ?? 0
        let bounds = ofRun(result.claim.run, \.tokenBounds)
        guard let place, tasks[place].hasPrompt else {
            return result.fault(of: nil, partCount: partCount, bounds: bounds, bytes: nil)
        }
        return result.fault(
            of: tasks[place].items, partCount: partCount, bounds: bounds,
            bytes: tasks[place].bytes)
    }

    /// Does not take a proved lease's results. The lease is over, its items go to others without
    /// charging an attempt, and the worker gets no more of the run: the fault is its own.
    private mutating func refuse(
        _ result: TaskResult, because fault: String, from id: WorkerID, now: TimePoint
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

extension TaskResult {
    /// What cannot be so about the results of a lease, in words; `nil` when all is well. `items`
    /// are those of its task that are still to come, where their texts are known, and `bytes` those
    /// of its prompt and its texts.
    func fault(
        of items: [WorkItem]?, partCount: Int, bounds: TokenBounds?, bytes: Int?
    ) -> String? {
        if self.items.isEmpty { return "it has no items" }
        // Each part brings an item at least. Numbers without end would be kept without end.
        guard part < claim.items.count else {
            return "it is part \(part), counted from 0, of \(claim.items.count) items"
        }
        let isWhole = isInOrder
        if !isWhole, let fault = faultOfNames { return fault }
        // Nearly always the results are of what is still to come, in the same order.
        let isInStep =
            items.map { items in
                items.count == self.items.count
                    && items.indices.allSatisfy { items[$0].name == self.items[$0].name }
            } ?? false
        let known = (isInStep ? nil : items).map { items in
            Dictionary(items.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let results = self.items.span
        for index in results.indices {
            let name = results[index].name
            // One that has its result already is not taken another time.
            if let known, known[name] == nil { continue }
            let item = isInStep ? items?[index] : known?[name]
            let seed = claim.seedBase &+ UInt64(truncatingIfNeeded: name.index)
            if let fault = results.fault(at: index, of: item, seed: seed, partCount: partCount)
                ?? bounds?.fault(of: results, at: index, bytes: bytes)
            {
                return "item \(name.index) (\(name.kind)): \(fault)"
            }
        }
        return nil
    }

    /// Whether these are all items of the lease in its order, as nearly always.
    private var isInOrder: Bool {
        items.count == claim.items.count
            && items.indices.allSatisfy { items[$0].name == claim.items[$0] }
    }

    private var faultOfNames: String? {
        var open = Set(claim.items)
        for index in items.indices where open.remove(items[index].name) == nil {
            let name = items[index].name
            return claim.items.contains(name)
                ? "item \(name.index) (\(name.kind)) is there twice"
                : "item \(name.index) (\(name.kind)) is none of the lease"
        }
        return nil
    }
}

/// The fields of a result are read one by one: a copy of it costs more than all of them.
extension Span<ItemResult> {
    /// What cannot be so: a result says one thing about its item, a possible reward of a completion
    /// that is there or was there before, or a log-probability where that was asked for, or why
    /// there is none. `nil` when all is well. Whether an item had its text is not known of a task
    /// that was taken over, without an `item`.
    func fault(
        at index: Int, of item: WorkItem?, seed expected: UInt64, partCount: Int
    ) -> String? {
        let kind = self[index].name.kind
        if kind == .candidateLogProbability { return faultOfLogProbability(at: index) }
        if self[index].logProbability?.sum != nil {
            return "it has the log-probability of a candidate"
        }
        let reward = self[index].reward
        guard (reward == nil) != (self[index].failure?.code == nil) else {
            return "it must have either a reward or a failure"
        }
        let parts = self[index].parts
        guard parts.isEmpty || parts.count == partCount && reward != nil else {
            return "it has \(parts.count) parts of a reward, and the scorer has \(partCount)"
        }
        if let reward, !Score(reward, parts: parts).isPossible {
            return "its reward is \(reward), of the parts \(parts)"
        }
        if kind == .candidate || item?.text != nil { return faultOfScoring(at: index) }
        return faultOfSampling(at: index, seed: expected, mayHaveText: item == nil)
    }

    private func faultOfLogProbability(at index: Int) -> String? {
        guard self[index].completion?.finishReason == nil, self[index].seed == nil,
            self[index].reward == nil, self[index].parts.isEmpty
        else { return "only its log-probability was asked for" }
        let (value, failure) = (self[index].logProbability, self[index].failure)
        guard (value == nil) != (failure == nil) else {
            return "it must have either a log-probability or a failure"
        }
        if let value { return value.fault }
        return failure?.stage == .logProbability ? nil : "its failure is of another stage"
    }

    /// Of an item that brought its text.
    private func faultOfScoring(at index: Int) -> String? {
        guard self[index].completion?.finishReason == nil, self[index].seed == nil else {
            return "it had its text"
        }
        guard let stage = self[index].failure?.stage, stage != .scoring else { return nil }
        return "its failure is of another stage"
    }

    private func faultOfSampling(
        at index: Int, seed expected: UInt64, mayHaveText: Bool
    ) -> String? {
        let (seed, stage) = (self[index].seed, self[index].failure?.stage)
        if let seed, seed != expected { return "its seed is \(seed) and must be \(expected)" }
        if self[index].completion?.finishReason != nil {
            if seed == nil { return "its seed is missing" }
            if let fault = faultOfCompletion(at: index) { return fault }
            return stage == nil || stage == .scoring
                ? nil : "it has a completion, and its failure is of another stage"
        }
        if stage == .sampling { return nil }
        guard mayHaveText, stage != .logProbability else {
            return "its completion is missing"
        }
        return nil
    }

    /// What cannot be so about the log-probabilities of a completion.
    private func faultOfCompletion(at index: Int) -> String? {
        PossibleLogProbability.fault(
            sum: self[index].completion?.logProbability, tokens: self[index].completion?.tokenCount,
            ids: self[index].completion?.tokenIDs,
            values: self[index].completion?.tokenLogProbabilities)
    }
}
