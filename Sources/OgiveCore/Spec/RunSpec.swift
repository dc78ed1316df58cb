/// What a user submits and names: a scoring and a target number of draws for each prompt.
package struct RunSpec: Hashable, Sendable, Codable {
    /// The name under which the run is found in SQL and on the command line.
    package var name: String
    /// What is sampled and scored.
    package var scoring: ScoringSpec
    /// n: the number of draws of each prompt, in 1...`drawsMax`; the most where `adaptive` is set.
    package var draws: Int
    /// How the number of draws follows from the first ones; `nil` gives all prompts `draws`.
    package var adaptive: AdaptiveDraws?
    /// What is done with the candidates that came with the prompts.
    package var candidates: [CandidateWork] = [.score]
    /// Whether the candidates of all prompts are done before any draw.
    package var candidatesFirst = false
    /// Share of the fleet relative to other runs; more than 0.
    package var weight: Double = 1
    /// What tokens cost.
    package var prices: Prices?
    /// What the run may spend; `nil` is without limit.
    package var budget: Budget?
    /// Whether missing completions are sampled. A run that samples nothing scores the completions
    /// that other runs of its sampling have stored: a draw without one is not pending.
    package var samples = true

    /// Most draws of one prompt: seeds are `base + index`, and bases leave this much room.
    package static let drawsMax = DrawSeed.room

    /// Names a run.
    package init(name: String, scoring: ScoringSpec, draws: Int) {
        self.name = name
        self.scoring = scoring
        self.draws = draws
    }

    /// Whether candidates get rewards.
    package var scoresCandidates: Bool { candidates.contains(.score) }

    /// Whether candidates get log-probabilities: a run that samples nothing asks no policy.
    package var logProbabilitiesOfCandidates: Bool { samples && candidates.contains(.logprobs) }

    /// Whether items of this kind belong to the run.
    package func asksFor(_ kind: ItemName.Kind) -> Bool {
        switch kind {
        case .draw: true
        case .candidate: scoresCandidates
        case .candidateLogProbability: logProbabilitiesOfCandidates
        }
    }

    /// Draws that every prompt gets, whatever comes of them.
    package var firstDraws: Int { adaptive?.min ?? draws }

    private var adaptiveProblem: String? {
        guard let adaptive else { return nil }
        let section = adaptive.mean == nil ? "precision" : "allocation"
        if !samples { return "\(section) is for runs that sample" }
        if !scoresCandidates {
            return "\(section) is about the quantile rewards of candidates: `candidates` must have "
                + "`score`"
        }
        return adaptive.problem(max: draws)
    }

    /// Whether the run is what `ogive adopt` makes of a file: completions and rewards of the same.
    package var adopts: Bool { scoring.scorer.isAdopted }

    /// Nothing can be sampled of a policy that nobody can ask, and nobody gives more rewards.
    private var adoptionProblem: String? {
        let policy = scoring.sampling.policy
        if let problem = policy.adoptedProblem { return problem }
        if policy.isAdopted, samples {
            return "the completions of \(policy.model) were adopted from a file: no more can be "
                + "sampled; adopt a file that has more, or sample with a `policy` of your own"
        }
        guard adopts else { return nil }
        if !policy.isAdopted { return "adopted rewards are of adopted completions only" }
        if !candidates.isEmpty { return "nobody scores the candidates of an adopted run" }
        return nil
    }

    /// Weights beyond these would need digits that virtual time has not.
    package static let weights = 1e-6...1e6

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        if name.isEmpty || name.utf8.count > 200 { return "name must have 1 to 200 bytes" }
        if !(1...Self.drawsMax).contains(draws) {
            return "draws must be in 1...\(Self.drawsMax)"
        }
        if !Self.weights.contains(weight) { return "weight must be in 1e-6...1e6" }
        if let adoptionProblem { return adoptionProblem }
        if let adaptiveProblem { return adaptiveProblem }
        if let spendingProblem { return spendingProblem }
        if Set(candidates).count != candidates.count { return "candidates must name each once" }
        let policy = scoring.sampling.policy
        return scoring.scorer.problem ?? scoring.sampling.parameters.problem
            ?? policy.synthetic?.problem ?? policy.extraBodyProblem
    }
}

extension RunSpec {
    private enum CodingKeys: String, CodingKey {
        case name, scoring, draws, adaptive, weight, candidates, samples, prices, budget
        case candidatesFirst = "candidates_first"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name),
            scoring: try values.decode(ScoringSpec.self, forKey: .scoring),
            draws: try values.decode(Int.self, forKey: .draws))
        adaptive = try values.decodeIfPresent(AdaptiveDraws.self, forKey: .adaptive)
        candidates = try values.decode([CandidateWork].self, forKey: .candidates)
        candidatesFirst = try values.decodeIfPresent(Bool.self, forKey: .candidatesFirst) ?? false
        weight = try values.decode(Double.self, forKey: .weight)
        prices = try values.decodeIfPresent(Prices.self, forKey: .prices)
        budget = try values.decodeIfPresent(Budget.self, forKey: .budget)
        samples = try values.decodeIfPresent(Bool.self, forKey: .samples) ?? true
    }

    /// Leaves out what is not set.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(scoring, forKey: .scoring)
        try values.encode(draws, forKey: .draws)
        try values.encodeIfPresent(adaptive, forKey: .adaptive)
        try values.encode(candidates, forKey: .candidates)
        if candidatesFirst { try values.encode(true, forKey: .candidatesFirst) }
        try values.encode(weight, forKey: .weight)
        try values.encodeIfPresent(prices, forKey: .prices)
        try values.encodeIfPresent(budget, forKey: .budget)
        if !samples { try values.encode(false, forKey: .samples) }
    }
}

/// A scoring: sampling × scorer. Owns rewards.
package struct ScoringSpec: Hashable, Sendable, Codable {
    /// The sampling whose completions are scored.
    package var sampling: SamplingSpec
    /// The scorer.
    package var scorer: ScorerSpec

    /// Joins the two parts.
    package init(sampling: SamplingSpec, scorer: ScorerSpec) {
        self.sampling = sampling
        self.scorer = scorer
    }

    /// What identifies the scoring.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(self))
    }
}

/// What is done with the candidates that came with the prompts.
package enum CandidateWork: String, Sendable, Codable, CaseIterable {
    /// The scorer gives each a reward.
    case score
    /// The policy gives the log-probability of each.
    case logprobs
}

/// What identifies a model as served: model id, chat template hash, server and version, …
///
/// A sampling holds draws of one policy fingerprint only, a scoring rewards of one scorer
/// fingerprint only. The first worker that serves it binds the fingerprint.
package struct Fingerprint: Hashable, Sendable, Codable {
    /// Facts read from the server, by name (`model`, `server`, `version`,
    /// `chat_template_sha256`, `n_ctx`, …).
    package var facts: [String: String]

    /// Takes the facts.
    package init(_ facts: [String: String]) {
        self.facts = facts
    }

    /// What identifies the fingerprint.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(facts))
    }

    /// The facts in which `other` differs, as `name: mine → other's`, in order of name.
    package func differences(from other: Fingerprint) -> [String] {
        Set(facts.keys).union(other.facts.keys).sorted().compactMap { name in
            let (mine, theirs) = (facts[name], other.facts[name])
            return mine == theirs ? nil : "\(name): \(mine ?? "absent") → \(theirs ?? "absent")"
        }
    }
}
