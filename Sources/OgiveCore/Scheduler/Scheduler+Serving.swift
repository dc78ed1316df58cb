internal import OrderedCollections

extension Scheduler {
    /// Looks at every worker anew: which runs it serves, and what to tell it when there are none.
    mutating func reviewWorkers() {
        for id in workers.keys {
            review(id)
        }
    }

    /// Decides which runs a worker serves. Binds fingerprints where none are bound yet. A change is
    /// recorded, unless the caller does that in any case.
    mutating func review(_ id: WorkerID, records: Bool = true) {
        guard var worker = workers[id] else { return }
        var serves: [RunID] = []
        var reasons: [String] = []
        worker.declined = worker.declined.filter { runs[$0.key] != nil }
        for run in runs.values {
            if let reason = worker.declined[run.description.id] {
                reasons.append(reason)
                continue
            }
            switch fit(worker.offer, run) {
            case .serves: serves.append(run.description.id)
            case .binds(let binding):
                runs[run.description.id]?.binding = .asked
                runs[run.description.id]?.binder = id
                effects.append(.bind(binding))
            case .waits: break
            case .differs(let reason): reasons.append(reason)
            }
        }
        worker.serves = serves
        let isUnserved = serves.isEmpty && !reasons.isEmpty
        let note =
            isUnserved
            ? reasons.joined(separator: "; ").cut(toBytes: SchedulerWorker.noteBytesMax) : nil
        if note != worker.note {
            worker.note = note
            if let note {
                send(.idle(note), to: id)
                effects.append(.notice(.unserved(id, name: worker.name, reason: note)))
            }
            if records { effects.append(.record(worker.record)) }
        }
        workers[id] = worker
        enqueue(id)
    }

    /// How an offer fits a run.
    private enum Fit {
        case serves
        case binds(FingerprintBinding)
        case waits
        case differs(String)
    }

    /// Whether an offer is of the models that a run is bound to.
    func isServed(_ run: SchedulerRun, by offer: Offer) -> Bool {
        if case .serves = fit(offer, run) { true } else { false }
    }

    private func fit(_ offer: Offer, _ run: SchedulerRun) -> Fit {
        let spec = run.description.spec
        let policy = spec.scoring.sampling.policy
        let scorer = spec.scoring.scorer
        // A run that asks no policy takes any worker, whichever policy that one serves.
        let asksPolicy = spec.samples || spec.logProbabilitiesOfCandidates
        let offeredPolicy =
            asksPolicy
            ? offer.policies.first { $0.kind == policy.kind.rawValue && $0.model == policy.model }
            : nil
        if asksPolicy, offeredPolicy == nil {
            return .differs(
                lacks("policy", policy.kind.rawValue, policy.model, offer.policies, spec.name))
        }
        if spec.logProbabilitiesOfCandidates, let obstacle = offeredPolicy?.logProbabilityObstacle {
            return .differs(
                "run '\(spec.name)' asks for log-probabilities of candidates: \(obstacle)")
        }
        guard
            let offeredScorer = offer.scorers.first(where: {
                $0.kind == scorer.kind.name.rawValue && $0.model == scorer.model
            })
        else {
            return .differs(
                lacks("scorer", scorer.kind.name.rawValue, scorer.model, offer.scorers, spec.name))
        }
        // One of the two may be bound already, by a run that shares it.
        let differences =
            mismatch("policy", run.description.policyFingerprint, offeredPolicy?.fingerprint)
            + mismatch("scorer", run.description.scorerFingerprint, offeredScorer.fingerprint)
        guard differences.isEmpty else {
            return .differs(
                "run '\(spec.name)' holds results of another model than this worker serves ("
                    + differences.joined(separator: ", ")
                    + "); serve the former one, or set a new `revision` to begin anew")
        }
        switch run.binding {
        case .bound: return .serves
        case .asked: return .waits
        case .unbound:
            return .binds(
                FingerprintBinding(
                    run: run.description.id, policy: offeredPolicy?.fingerprint,
                    scorer: offeredScorer.fingerprint))
        }
    }

    private func lacks(
        _ what: String, _ kind: String, _ model: String, _ offered: [Offer.Model], _ run: String
    ) -> String {
        let names = offered.prefix(Self.namedMax).map { "\($0.kind) '\($0.model)'" }
            .joined(separator: ", ")
        let more = offered.count - Self.namedMax
        return "run '\(run)' needs the \(what) \(kind) '\(model)'; this worker serves "
            + (names.isEmpty ? "none" : names) + (more > 0 ? " and \(more) more" : "")
    }

    /// Most models of a worker that a reason names.
    private static let namedMax = 16

    private func mismatch(
        _ what: String, _ bound: Fingerprint?, _ offered: Fingerprint?
    ) -> [String] {
        guard let bound, let offered, bound != offered else { return [] }
        return bound.differences(from: offered).map { "\(what) \($0)" }
    }

    /// Fingerprints are bound: to those of the worker that asked, or to others that came first.
    mutating func bound(_ binding: FingerprintBinding) {
        guard let asked = runs[binding.run] else { return }
        withRun(binding.run) { $0.trouble = nil }
        // Runs that share the sampling or the scoring share the fingerprints.
        for id in runs.keys {
            guard var run = runs[id] else { continue }
            if run.description.sampling == asked.description.sampling, let policy = binding.policy {
                run.description.policyFingerprint = policy
            }
            if run.description.scoring == asked.description.scoring {
                run.description.scorerFingerprint = binding.scorer
            }
            if run.description.isBound { run.binding = .bound }
            runs[id] = run
        }
        reviewWorkers()
    }
}
