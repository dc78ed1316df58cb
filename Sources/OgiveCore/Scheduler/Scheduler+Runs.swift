internal import DequeModule
internal import OrderedCollections

extension Scheduler {
    /// Takes in the open runs: new ones begin, missing ones end, a raised target is paged anew.
    mutating func update(_ descriptions: [RunDescription]) {
        knowsRuns = true
        let open = Set(descriptions.map(\.id))
        var isChanged = false
        for id in runs.keys where !open.contains(id) {
            close(id)
            isChanged = true
        }
        for description in descriptions {
            note(description.spent, by: description.id)
            if let run = runs[description.id], run.description.spec == description.spec {
                continue
            }
            isChanged = true
            if var run = runs[description.id] {
                for id in workers.keys { workers[id]?.declined[description.id] = nil }
                run.description.spec = description.spec
                if run.binding == .bound, !run.description.isBound { run.binding = .unbound }
                run.rewind()
                runs[description.id] = run
            } else {
                var run = SchedulerRun(description)
                // A newcomer starts level with the others instead of catching up alone.
                run.pass = runs.values.map(\.pass).min() ?? 0
                runs[description.id] = run
            }
        }
        // Else each look at the runs would cost as much as all workers offer.
        if isChanged || runs.values.contains(where: { $0.binding == .unbound }) { reviewWorkers() }
    }

    /// Ends a run: its leases are cancelled, results on their way to the database still land.
    private mutating func close(_ id: RunID) {
        let ended = runs[id]?.tasks.values.joined().sorted() ?? []
        for task in ended.compactMap({ tasks[$0] }) {
            if case .leased(let worker, _) = task.state {
                inFlightItems -= task.items.count
                release(task, by: worker)
                send(.cancel(leaseName(task)), to: worker)
            }
            if task.unlanded == 0 {
                forget(task.id)
            } else {
                withTask(task.id) { $0.leaveItems() }
            }
        }
        runs[id] = nil
    }

    /// Asks the database for what the runs need: pages, or whether they are finished.
    mutating func askDatabase(now: TimePoint) {
        guard !isDraining, !landing.isPaused else { return }
        for index in runs.values.indices {
            guard runs.values[index].notBefore <= now else { continue }
            runs.values[index].notBefore = .zero
            guard runs.values[index].mayNeed(limits) else { continue }
            let run = runs.values[index]
            if run.paging == .idle, run.isRunningLow(limits), mayRead(run) {
                runs.values[index].paging = .fetching
                runs.values[index].fetchesBegun = run.isExhausted
                var limit = PageLimit(
                    prompts: limits.pagePrompts, items: run.room(limits))
                limit.skipsDone = run.isNew
                limit.onlyBegun = run.isExhausted
                effects.append(.fetchPage(run.description, after: run.cursor, limit: limit))
            } else if run.tasks.isEmpty,
                // What has landed and was sent again has no task: it holds up no end.
                run.paging == .exhausted || run.paging == .idle && leavesBegun(run)
            {
                runs.values[index].paging = .finishing
                effects.append(.finish(run.description.id))
            }
        }
    }

    /// Whether a page may be read. What a run with a spent budget has begun waits for nobody: it is
    /// little, and the run ends then.
    private func mayRead(_ run: SchedulerRun) -> Bool {
        if run.isExhausted { return !leavesBegun(run) }
        return run.binding == .bound && !isHeld(run)
    }

    /// Whether a run ends without what the database says was begun: never, but for a guard that is
    /// turned off.
    private func leavesBegun(_ run: SchedulerRun) -> Bool {
        isOff(.wholePrompts) && run.isExhausted
    }

    /// Runs that share a sampling are served in order while both could be: otherwise both would
    /// sample the same draws, and one would be thrown away. One that samples nothing holds nobody
    /// and waits for nobody: it takes what is stored.
    private func isHeld(_ run: SchedulerRun) -> Bool {
        guard run.description.spec.samples else { return false }
        return runs.values.contains { other in
            other.description.id < run.description.id && other.description.spec.samples
                && other.description.sampling == run.description.sampling
                && (other.binding == .asked
                    || workers.values.contains { $0.serves.contains(other.description.id) })
        }
    }

    /// Takes in a page: items that are in memory already, or were resolved meanwhile, are skipped.
    mutating func take(_ page: PendingPage, of id: RunID) {
        guard runs[id]?.paging == .fetching else { return }
        withRun(id) { $0.trouble = nil }
        for pending in page.prompts {
            guard let items = withRun(id, { $0.take(pending) }), !items.isEmpty else { continue }
            let bytes = pending.prompt.byteCount + pending.prompt.metadata.utf8.count
            for chunk in chunks(of: items) {
                lastTask += 1
                var task = SchedulerTask(
                    id: TaskID(lastTask), run: id, promptID: pending.prompt.id,
                    prompt: pending.prompt, items: chunk, state: .ready)
                task.bytes = chunk.reduce(bytes) { $0 + ($1.text?.utf8.count ?? 0) }
                keep(task)
                withRun(id) { $0.ready.append(task.id) }
            }
        }
        withRun(id) { $0.turn(to: page.next) }
        queueWorkers(serving: id)
    }

    /// Cuts items into tasks: at most `drawsPerTask` each, all of one stage.
    private func chunks(of items: [WorkItem]) -> [[WorkItem]] {
        guard items.count > 1 else { return [items] }
        var chunks: [[WorkItem]] = []
        var start = 0
        for end in 1...items.count
        where end == items.count || end - start == limits.drawsPerTask
            || items[end].stage != items[start].stage
        {
            chunks.append(Array(items[start..<end]))
            start = end
        }
        return chunks
    }

    /// Asks the database again, not before a moment.
    mutating func postpone(_ id: RunID, until moment: TimePoint) {
        guard var run = runs[id] else { return }
        run.notBefore = moment
        switch run.paging {
        case .finishing: run.paging = .exhausted
        case .fetching: run.paging = .idle
        case .idle, .exhausted: break
        }
        if run.rewindsNext { run.cursor = nil }
        run.rewindsNext = false
        run.resolvedWhileFetching = [:]
        runs[id] = run
    }

    /// The database said whether the run is closed, and how: a run whose last draws spend its
    /// budget is whole.
    mutating func finished(_ id: RunID, _ state: RunState, now: TimePoint) {
        guard var run = runs[id], run.paging == .finishing else { return }
        run.trouble = nil
        if state != .open {
            effects.append(.notice(.finished(id, name: run.description.spec.name, state)))
            close(id)
            reviewWorkers()
        } else {
            run.paging = .idle
            run.cursor = nil
            run.notBefore = now + limits.databasePause
            runs[id] = run
        }
    }
}

extension Scheduler {
    /// Takes in what a run has spent in all.
    mutating func note(_ spent: Spending, by id: RunID) {
        guard let run = runs[id] else { return }
        runs[id]?.description.spent = run.description.spent.merged(spent)
    }

    /// Takes the tasks of prompts that were not begun from runs whose budget is spent; the
    /// database names them again when it is raised. Such a run is paged anew, for the prompts that
    /// were begun before this coordinator led, or left memory since.
    ///
    /// What was begun is finished, and not only what is leased: a prompt of which a draw was
    /// granted gets all of its draws. So the budget decides which *prompts* there are, by the
    /// lengths of draws of other prompts, and never which draws of a prompt: those that happen to
    /// be short would be there sooner.
    mutating func stopExhausted() {
        for index in runs.values.indices {
            runs.values[index].noteWhetherExhausted()
        }
        for index in runs.values.indices where runs.values[index].wasExhausted {
            let (id, run) = (runs.keys[index], runs.values[index])
            let idle = run.ready.filter { id in
                tasks[id].map { isOff(.wholePrompts) || !run.begun.contains($0.promptID) } ?? true
            }
            guard !idle.isEmpty else { continue }
            for task in idle.compactMap({ tasks[$0] }) {
                runs[id]?.deactivate(task.items.map(\.name), of: task.promptID, resolved: false)
                forget(task.id)
            }
            runs[id]?.ready.removeAll(where: Set(idle).contains)
            runs[id]?.rewind()
        }
    }
}

extension Scheduler {
    /// Refusals in a row after which a run is taken for one that the database will go on refusing.
    private static let refusalsMax = 3
    /// Between two notices of one run's trouble.
    private static let noticePause = Duration.seconds(60)

    /// The database did not do something for a run: asks again after a pause, and tells the
    /// operator, of lasting trouble once a minute. What the database refuses again and again costs
    /// only that run, unless there is no other: then this coordinator stops.
    mutating func failed(
        _ call: StoreCall, of id: RunID, _ error: StoreError, now: TimePoint
    ) {
        counters.databaseErrors += 1
        guard let run = runs[id] else { return }
        if error.code == .schema {
            effects.append(.stop(error))
            return
        }
        if call == .bind, error.code == .refused {
            refuseBinding(of: run, error)
            return
        }
        var trouble = run.trouble ?? SchedulerRun.Trouble(noticedAt: now)
        // A run that was dropped is in conflict with every call; the next look at the runs ends it.
        trouble.refusals += error.isRefusal ? 1 : 0
        let isRefused = trouble.refusals >= Self.refusalsMax
        let pause =
            isRefused
            ? limits.databasePauseMax
            : call == .bind ? limits.databasePause : limits.databasePauseMax / 10
        if run.trouble == nil || now - trouble.noticedAt >= Self.noticePause {
            trouble.noticedAt = now
            effects.append(
                .notice(
                    .callFailed(call, run: run.description.spec.name, error, retryIn: pause)))
        }
        withRun(id) {
            $0.trouble = trouble
            if call == .bind { $0.binding = .unbound }
        }
        postpone(id, until: now + pause)
        let isHopeless = runs.values.allSatisfy {
            ($0.trouble?.refusals ?? 0) >= Self.refusalsMax
        }
        if isHopeless { effects.append(.stop(error)) }
    }

    /// The database refuses what a worker's models say of themselves: that is the worker's own, so
    /// it gets nothing of the run, and the next one that may binds it. It costs nobody else. (A
    /// right that the coordinator's login lacks is no worker's fault, and does not come here.)
    private mutating func refuseBinding(of run: SchedulerRun, _ error: StoreError) {
        let id = run.description.id
        withRun(id) {
            $0.binding = .unbound
            $0.binder = nil
        }
        if let binder = run.binder {
            decline(
                id, "the database refuses what its models say of themselves: \(error.message)",
                of: binder)
        }
        reviewWorkers()
    }
}
