internal import OgiveCore

/// What must hold in the end.
extension Simulation {
    /// Each item is resolved; with a deterministic server as if nothing had happened.
    mutating func checkTables() {
        for id in database.runs.keys.sorted() {
            guard let run = database.runs[id]?.description else { continue }
            let missing = database.missing(of: id)
            if !missing.isEmpty { violations.append("run \(id.rawValue) lacks \(missing)") }
            checkTable(of: run)
            checkTargets(of: run)
        }
    }

    /// Each prompt has the draws that the rewards of its own draws ask for, in whatever order they
    /// came and whoever decided.
    private mutating func checkTargets(of run: RunDescription) {
        guard let adaptive = run.spec.adaptive else { return }
        let targets = database.runs[run.id]?.targets ?? [:]
        counts.targetsRaised += targets.count
        for (prompt, draws) in targets where !(adaptive.min...run.spec.draws).contains(draws) {
            violations.append("prompt \(prompt.rawValue) is asked for \(draws) draws")
        }
        for raise in database.raises(of: run, targets: targets) ?? [] {
            violations.append("prompt \(raise.prompt.rawValue) stopped at \(raise.from) draws")
        }
        // With more draws allowed, or failures forgotten, the way there was another.
        guard !wasAskedForMore else { return }
        var expected: [PromptID: Int] = [:]
        while let raises = database.raises(of: run, targets: expected), !raises.isEmpty {
            for raise in raises { expected[raise.prompt] = raise.draws }
        }
        if targets != expected {
            violations.append("targets are \(targets), not \(expected)")
        }
    }

    private mutating func checkTable(of run: RunDescription) {
        let expected =
            initial.isDeterministic ? SimulatedModel().table(of: run, in: database) : nil
        let wanted = database.wanted(by: run)
        checkExtent(of: run, wanted)
        for key in wanted {
            guard let table = database.table(of: key, run) else { continue }
            let failure = table.failures[key]
            if isPoison(key.prompt) != (failure?.isGivenUp == true) {
                let isAllowed = !isPoison(key.prompt) && initial.attemptsMax != nil
                if !isAllowed { violations.append("\(key) has \(String(describing: failure))") }
            } else if let expected, failure?.isGivenUp != true,
                table.rewards[key] != expected.rewards[key] || failure != expected.failures[key]
                    || table.logProbabilities[key] != expected.logProbabilities[key]
            {
                violations.append("\(key) differs from that of an undisturbed run")
            }
        }
        checkConflicts()
    }

    /// Nothing is there that was not asked for.
    private mutating func checkExtent(
        of run: RunDescription, _ wanted: [MemoryDatabase.ItemKey]
    ) {
        let rewarded = wanted.filter { $0.name.kind != .candidateLogProbability }
        let reported = wanted.count - rewarded.count
        let table = database.tables[run.scoring] ?? .init()
        let candidates = database.candidateTables[run.sampling] ?? .init()
        if table.rewards.count + table.failures.count != rewarded.count
            // Runs that share the sampling may have asked for what this one did not.
            || reported > 0
                && candidates.logProbabilities.count + candidates.failures.count != reported
        {
            violations.append("run \(run.id.rawValue) has more than was asked for")
        }
    }

    private mutating func checkConflicts() {
        if initial.isDeterministic, let conflict = database.conflicts.first {
            violations.append("\(conflict) came with two contents")
        }
    }
}
