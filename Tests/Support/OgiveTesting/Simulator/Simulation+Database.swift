internal import OgiveCore

extension Simulation {
    /// Lets the database answer a call: it may be away, read-only, refuse, or answer nobody.
    mutating func carryOut(_ effect: Scheduler.Effect, for id: Int) {
        let term = Term(Int64(id))
        do throws(StoreError) {
            try requireDatabase(for: effect)
            switch effect {
            case .land(let batch):
                try land(batch, term, for: id)
            case .fetchPage(let run, let cursor, let limit):
                if random.chance(options.commitFailure) {
                    answer(id, .pageFailed(run.id, StoreError(.unavailable, "not read")))
                } else {
                    let page = database.pendingPage(of: run, after: cursor, limit: limit)
                    answer(id, .page(run.id, page))
                }
            case .bind(let binding):
                let bound = try database.bind(binding, term: term)
                checkWrite(term, of: [binding.run])
                answer(id, .bound(bound))
            case .finish(let run):
                let state = try database.finish(run, term: term)
                checkWrite(term, of: [run])
                if state != .open {
                    checkEnd(of: run, state)
                    work.noteEnd()
                }
                answer(id, .finished(run, state))
            case .record(let record):
                try database.record([record], term: term)
                checkWrite(term, of: [])
            case .send, .notice, .stop:
                break
            }
        } catch {
            if error.code == .staleTerm { counts.staleTermsRefused += 1 }
            fail(effect, error, id)
        }
    }

    private mutating func requireDatabase(for effect: Scheduler.Effect) throws(StoreError) {
        if databaseAwayUntil > now {
            counts.callsRefused += 1
            throw StoreError(.unavailable, "the database is away")
        }
        if case .fetchPage = effect { return }
        if readOnlyUntil > now {
            counts.writesRefused += 1
            throw StoreError(.exhausted, "the database is read-only")
        }
    }

    private mutating func land(
        _ batch: LandingBatch, _ term: Term, for id: Int
    ) throws(StoreError) {
        let fails = random.chance(options.commitFailure)
        let isUnknown = random.chance(options.commitFailure)
        guard !fails else {
            counts.commitsFailed += 1
            throw StoreError(isUnknown ? .unknownOutcome : .unavailable, "not committed")
        }
        let receipt = try database.land(batch, term: term)
        checkWrite(term, of: batch.groups.map(\.run))
        checkLanding(batch, by: id)
        counts.duplicates += receipt.duplicates
        if isUnknown {
            counts.commitsUnnoticed += 1
            throw StoreError(.unknownOutcome, "the reply was lost")
        }
        answer(id, .landed(batch.id, receipt))
    }

    private mutating func fail(_ effect: Scheduler.Effect, _ error: StoreError, _ id: Int) {
        if error.code == .staleTerm {
            answer(id, .superseded(error))
            return
        }
        switch effect {
        case .land(let batch): answer(id, .landingFailed(batch.id, error))
        case .fetchPage(let run, _, _): answer(id, .pageFailed(run.id, error))
        case .bind(let binding): answer(id, .bindFailed(binding.run, error))
        case .finish(let run): answer(id, .finishFailed(run, error))
        case .send, .record, .notice, .stop: break
        }
    }

    private mutating func answer(_ id: Int, _ event: Scheduler.Event) {
        queue.push(.answer(id, event), at: now + random.duration(1...20))
    }
}
