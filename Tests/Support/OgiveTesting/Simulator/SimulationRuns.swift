internal import OgiveCore

/// The runs of a simulation and what its workers offer.
enum SimulationRuns {
    /// The models of every worker.
    static let offer: Offer = {
        var offer = SimulatedModel.offer
        for model in ["second", "third"] {
            offer.scorers.append(
                Offer.Model(
                    kind: ScorerSpec.Kind.Name.synthetic.rawValue, model: model,
                    fingerprint: Fingerprint(["model": model])))
        }
        return offer
    }()

    /// The first runs: the second has another sampling and does candidates first, the third shares
    /// the first one's, and its log-probabilities of candidates.
    static func all(_ count: Int, draws: Int) -> [RunDescription] {
        var first = SimulatedModel.run(draws: draws)
        first.spec.candidates = [.score, .logprobs]
        var second = SimulatedModel.run(id: 2, draws: max(1, draws / 2))
        second.sampling = SamplingID(2)
        second.scoring = ScoringID(2)
        second.spec.scoring.sampling.parameters.temperature = 0.5
        second.spec.weight = 3
        second.spec.candidates = [.logprobs, .score]
        second.spec.candidatesFirst = true
        var third = SimulatedModel.run(id: 3, draws: draws)
        third.scoring = ScoringID(3)
        third.spec.scoring.scorer.model = "second"
        third.spec.candidates = [.logprobs]
        return Array([first, second, third].prefix(count))
    }

    /// A scoring of the completions that `run` has stored, by another scorer.
    static func rescoring(_ run: RunDescription) -> RunDescription {
        var rescoring = SimulatedModel.run(id: rescoringID.rawValue, draws: run.spec.draws)
        rescoring.scoring = ScoringID(4)
        rescoring.spec.scoring.scorer.model = "third"
        rescoring.spec.samples = false
        return rescoring
    }

    /// The run that scores what the first one has stored.
    static let rescoringID = RunID(4)
}
