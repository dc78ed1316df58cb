internal import OrderedCollections

extension Scheduler {
    /// Puts results into the next batch. `part` is acknowledged when they are committed.
    mutating func collect(
        _ results: [ItemResult], of id: TaskID, part: ResultName?, from worker: WorkerID,
        now: TimePoint
    ) {
        guard !results.isEmpty else {
            if let part { acknowledge(part, to: worker) }
            removeIfDone(id)
            return
        }
        let noted = withTask(id) { task in
            task.unlanded += results.count
            return (run: task.run, prompt: task.promptID)
        }
        guard let noted else { return }
        inFlightItems += results.count
        landing.append(
            SchedulerLanding.Entry(
                task: id, ack: part, worker: worker, key: connectionKey(of: worker),
                group: LandingGroup(
                    run: noted.run, prompt: noted.prompt, worker: worker, items: results)),
            limits, now: now)
    }

    /// Sends batches that are full or old enough, and those that wait for another try.
    mutating func flushLanding(now: TimePoint) {
        guard !landing.isWaiting(now) else { return }
        landing.pausedUntil = nil
        while landing.onTheirWay < limits.landingsMax {
            if let batch = landing.sendNext() {
                effects.append(.land(batch))
            } else if !landing.hasLarge, isDue(landing.large, now: now) {
                let entries = landing.large.take(
                    items: limits.landingItems, bytes: limits.landingBytes, now: now)
                landing.pack(entries, isLarge: true)
            } else if isDue(landing.small, now: now) {
                let entries = landing.small.take(
                    items: limits.landingItems, bytes: limits.landingBytes, now: now)
                landing.pack(entries, isLarge: false)
            } else {
                return
            }
        }
    }

    private func isDue(_ lane: SchedulerLanding.Lane, now: TimePoint) -> Bool {
        lane.isDue(limits, now: now) || isDraining && !lane.entries.isEmpty
    }

    /// A batch is committed: now, and only now, its results are acknowledged.
    mutating func landed(_ id: BatchID, _ receipt: LandingReceipt) {
        guard let sent = landing.remove(id) else { return }
        landing.pause = nil
        counters.committed +=
            receipt.completions + receipt.rewards + receipt.logProbabilities
        counters.duplicates += receipt.duplicates
        counters.failures += receipt.failures
        for (run, spent) in receipt.spent { note(spent, by: run) }
        for entry in sent.entries { finish(entry) }
        // Those that got nothing because their results waited.
        var last: WorkerID?
        for worker in sent.entries.lazy.map(\.worker) where worker != last {
            enqueue(worker)
            last = worker
        }
    }

    /// Forgets an entry whose results are committed, and acknowledges it.
    private mutating func finish(_ entry: SchedulerLanding.Entry) {
        inFlightItems -= entry.count
        landing.note(-entry.bytes, of: entry, limits)
        withRun(entry.group.run) {
            $0.deactivate(entry.group.items.map(\.name), of: entry.group.prompt, resolved: true)
        }
        if withTask(entry.task, { $0.isDone(landed: entry.count) }) == true {
            forget(entry.task)
        }
        if let ack = entry.ack, landing.isLastPiece(of: ack, from: entry.worker) {
            acknowledge(ack, to: entry.worker)
        }
    }

    private mutating func removeIfDone(_ id: TaskID) {
        if withTask(id, { $0.isDone(landed: 0) }) == true { forget(id) }
    }

    /// A batch was not committed, or nobody knows: it is sent again as it is, which is harmless.
    mutating func landingFailed(_ id: BatchID, _ error: StoreError, now: TimePoint) {
        guard landing.isPacked(id) else { return }
        if error.isRetriable {
            landing.putBack(id)
            // The other batches of the same try say nothing new.
            guard !landing.isWaiting(now) else { return }
            let pause = min(
                landing.pause.map { $0 * 2 } ?? limits.databasePause, limits.databasePauseMax)
            landing.pause = pause
            landing.pausedUntil = now + pause
            effects.append(.notice(.landingPaused(error, retryIn: pause)))
        } else if error.isRefusal {
            isolate(id, error)
        } else {
            effects.append(.stop(error))
        }
    }

    /// The database refuses a batch for what is in it: halves it until the culprit is alone, and
    /// lands that one's failure instead. What came along with it lands as it is.
    private mutating func isolate(_ id: BatchID, _ error: StoreError) {
        guard let sent = landing.remove(id) else { return }
        let entries = sent.entries
        guard entries.count <= 1 else {
            landing.pack(Array(entries[..<(entries.count / 2)]), isLarge: sent.isLarge)
            landing.pack(Array(entries[(entries.count / 2)...]), isLarge: sent.isLarge)
            return
        }
        guard let entry = entries.first else { return }
        let items = entry.group.items
        guard items.count <= 1 else {
            if let ack = entry.ack { landing.addPiece(of: ack, from: entry.worker) }
            let halves = [items[..<(items.count / 2)], items[(items.count / 2)...]]
            for half in halves {
                landing.pack([entry.with(Array(half))], isLarge: sent.isLarge)
            }
            return
        }
        guard !entry.isReplacement else {
            effects.append(.stop(error))
            return
        }
        var replacement = entry.with(items.map { $0.refused(error) })
        replacement.isReplacement = true
        landing.note(replacement.bytes - entry.bytes, of: entry, limits)
        landing.pack([replacement], isLarge: sent.isLarge)
    }
}

extension ItemResult {
    /// The failure that takes the place of a result that the database refuses.
    fileprivate func refused(_ error: StoreError) -> ItemResult {
        var failed = ItemResult(name: name)
        failed.failure = Failure(
            stage: stageOfRefusal, code: .rejected,
            message: "The database refused the result: \(error.message)", attempts: 1)
        return failed
    }

    private var stageOfRefusal: Failure.Stage {
        if name.kind == .candidateLogProbability { return .logProbability }
        return completion == nil ? .scoring : .sampling
    }
}
