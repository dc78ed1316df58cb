internal import OgiveCore

extension MemoryDatabase {
    /// Raises the targets of an adaptive run until something is pending or every prompt has
    /// enough; whether something is pending.
    mutating func resolveTargets(of run: RunID) -> Bool {
        while missing(of: run).isEmpty {
            if !raiseTargets(of: run) { return false }
        }
        return true
    }

    /// Raises each target once; whether one rose.
    @discardableResult mutating func raiseTargets(of id: RunID) -> Bool {
        guard let run = runs[id]?.description,
            let raises = raises(of: run, targets: runs[id]?.targets ?? [:])
        else { return false }
        for raise in raises { runs[id]?.targets[raise.prompt] = raise.draws }
        return !raises.isEmpty
    }

    /// What would be decided if these were the targets, from what is stored; `nil` when the run is
    /// not adaptive.
    func raises(of run: RunDescription, targets: [PromptID: Int]) -> [RaisedTarget]? {
        guard let adaptive = run.spec.adaptive else { return nil }
        let table = tables[run.scoring] ?? ScoringTable()
        var decision = TargetDecision(adaptive, max: run.spec.draws)
        for stored in prompts[run.spec.scoring.sampling.promptSet] ?? [] {
            let id = stored.prompt.id
            let draws = targets[id] ?? adaptive.min
            decision.see(
                table.look(
                    at: id, draws: draws, of: adaptive, candidates: stored.candidates.count))
        }
        return decision.raises()
    }
}

extension MemoryDatabase.ScoringTable {
    /// What is seen of a prompt with so many draws.
    func look(
        at prompt: PromptID, draws: Int, of adaptive: AdaptiveDraws, candidates: Int
    ) -> PromptObservation {
        func found(_ kind: ItemName.Kind, _ count: Int) -> [Double] {
            (0..<count).compactMap { index in
                rewards[MemoryDatabase.ItemKey(prompt, ItemName(kind, Int32(index)))]
            }
        }
        let seen = found(.draw, adaptive.looksAtFirst ? adaptive.min : draws)
        return PromptObservation(
            prompt: prompt, draws: draws, count: seen.count,
            ranks: found(.candidate, candidates).map { reward in
                seen.count { $0 <= reward }
            })
    }
}
