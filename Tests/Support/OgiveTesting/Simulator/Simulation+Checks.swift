internal import OgiveCore

/// What must hold after every step.
extension Simulation {
    /// Whether a guard is turned off: never in a release build.
    func isOff(_ guarding: Guard) -> Bool {
        #if DEBUG
            guardOff == guarding
        #else
            false
        #endif
    }

    /// A worker holds no more than its limits say.
    mutating func check(_ session: WorkerSession, of id: WorkerID) {
        let limits = session.limits
        if session.working > limits.workingMax || session.working + session.unacked > limits.heldMax
        {
            violations.append(
                "worker \(id.low) holds \(session.working) leases and \(session.unacked) results")
        }
    }

    /// What a coordinator wants to send was allowed to it.
    mutating func check(_ effects: [Scheduler.Effect], of index: Int) {
        var dropped: Set<LeaseName> = []
        for case .notice(let notice) in effects {
            if case .stale(let lease, _) = notice { dropped.insert(lease) }
            if case .expired(let lease, _) = notice {
                coordinators[index].ledger.expired.insert(lease)
            }
        }
        for case .send(let message) in effects {
            switch message.message {
            case .acks(let names):
                for name in names where !dropped.contains(name.lease) {
                    checkAck(name, to: message.worker)
                }
            case .lease(let lease): check(lease, to: message.worker, by: index)
            case .welcome(let welcome):
                counts.adopted += welcome.adopted.count
                if !coordinators[index].ledger.note(welcome, to: message.worker) {
                    violations.append("worker \(message.worker.low) goes on with another's lease")
                }
            case .reRegister: counts.reRegistrations += 1
            case .rejected: counts.rejected += 1
            case .serve, .cancel, .idle, .refused, .heartbeat: break
            }
        }
        checkLoad(of: coordinators[index].scheduler)
    }

    /// Nobody gets more than it is willing to hold, nor a lease that another has.
    private mutating func check(_ lease: Lease, to worker: WorkerID, by index: Int) {
        if let (held, credit) = coordinators[index].scheduler.leases(of: worker), held > credit {
            violations.append("worker \(worker.low) got \(held) leases, willing: \(credit)")
        }
        if database.runs[lease.run]?.description.spec.samples == false,
            lease.items.contains(where: \.needsSampling)
        {
            violations.append("run \(lease.run.rawValue) samples nothing and is to sample")
        }
        if !coordinators[index].ledger.note(lease, to: worker) {
            violations.append("two workers have lease \(lease.name)")
        }
    }

    /// Nothing is acknowledged before it was committed once.
    private mutating func checkAck(_ name: ResultName, to worker: WorkerID) {
        let part = SentPart(worker: worker, name: name)
        if !acked.insert(part).inserted { counts.acksRepeated += 1 }
        guard let result = sent[part], let run = database.runs[result.run], run.state == .open
        else { return }
        // Where runs share a sampling, another one's text may have come first; the reward of this
        // one's text is not wanted then.
        let isShared = initial.runs > 2
        for item in result.items
        where outcomes.everResolved[OutcomeLedger.owner(of: item, run.description)]?
            .contains(item) != true
            && !(isShared && outcomes.texts[run.description.sampling]?[item] != nil)
        {
            violations.append("\(item) was acknowledged and not committed")
        }
    }

    /// Memory has its bounds.
    private mutating func checkLoad(of scheduler: Scheduler) {
        let load = scheduler.load
        let carried = initial.carriedItemsMax(workers: workers.count)
        let page = initial.prompts * (database.drawsMax + 4)
        if load.inFlightItems < 0
            || load.inFlightItems > scheduler.limits.inFlightItemsMax + carried
        {
            violations.append("\(load.inFlightItems) items are in flight")
        }
        let windows = database.runs.count * (scheduler.limits.windowItems + page)
        if load.activeItems > windows + carried + load.inFlightItems {
            violations.append("\(load.activeItems) items are in memory")
        }
    }

    /// A batch landed: nothing that was committed changed, and what is new may count.
    mutating func checkLanding(_ batch: LandingBatch, by id: Int) {
        let (fresh, wrong) = outcomes.compare(batch, database)
        violations += wrong
        for (run, _) in fresh { work.items[run.id, default: 0] += 1 }
        let ledger = coordinators.first { $0.id == id }?.ledger
        for (run, key) in fresh {
            if let failure = database.table(of: key, run)?.failures[key], failure.isGivenUp {
                counts.itemsGivenUp += 1
                if !failure.message.hasSuffix("with this task alone.") {
                    violations.append("\(key) was given up for what was beside it")
                }
            } else if !initial.isDeterministic,
                let resolved = outcomes.resolved[OutcomeLedger.owner(of: key, run)]?[key]
            {
                check(resolved, of: key, run, ledger)
            }
        }
    }

    /// An attempt that counts came from the owner of the id, under a lease that was the latest, and
    /// a reward is that of the very text that is stored.
    private mutating func check(
        _ resolved: SimulationOutcome.Resolution, of key: MemoryDatabase.ItemKey,
        _ run: RunDescription, _ ledger: LeaseLedger?
    ) {
        for attempt in resolved.attempt {
            if attempt >= OutcomeLedger.forged {
                violations.append("\(key) was resolved by somebody who was not granted it")
            }
            let place = LeaseLedger.Item(run: run.id, key: key)
            let made = LeaseLedger.Attempt(item: place, number: Int(attempt))
            if let ledger, ledger.superseded.contains(made), !ledger.valid.contains(made) {
                violations.append("\(key) was resolved under a lease that was granted anew")
            }
        }
        if case .reward(let reward) = resolved, key.name.kind == .draw {
            let text = database.completions[run.sampling]?[key]?.text ?? ""
            if AttemptModel.attempts(ofReward: reward).text != AttemptModel.attempt(ofText: text) {
                violations.append("the reward of \(key) is that of another text")
            }
        }
    }
}

extension MemoryDatabase {
    /// The largest target of all runs.
    var drawsMax: Int { runs.values.map(\.description.spec.draws).max() ?? 0 }
}
