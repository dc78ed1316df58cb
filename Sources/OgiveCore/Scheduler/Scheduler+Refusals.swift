internal import OrderedCollections

extension Scheduler {
    /// Refusals in a row after which a run is taken for one that the database will go on refusing.
    private static let refusalsMax = 3
    /// Between two notices of one run's trouble.
    private static let noticePause = Duration.seconds(60)

    /// The database did not do something for a run: asks again after a pause, and tells the
    /// operator, of lasting trouble once a minute. What the database refuses again and again costs
    /// only that run, unless there is no other: then this coordinator stops.
    mutating func failed(
        _ call: StoreCall, of id: RunID, _ error: StoreError, now: Instant
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
        trouble.refusals += error.code == .refused ? 1 : 0
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
    /// it gets nothing of the run, and the next one that may binds it. It costs nobody else.
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
