package import OgiveCore

/// What the checks of a scorer ask.
package struct ScorerProbe: Sendable {
    /// The scorer at one endpoint.
    package let scorer: any Scorer
    /// The endpoint's address.
    package let name: String
    /// Which scorer is meant.
    package let spec: ScorerSpec
    /// Prompts with completions of all sorts, as sampled and as nobody would sample them.
    package let requests: [ScoreRequest]
    /// What the server lets one see; `nil` when nothing.
    package let inspector: (any ModelInspector)?

    /// Most texts that are scored in a batch.
    static let textsMax = 12

    /// Pairs prompts with draws of them, and adds texts of other lengths.
    package init(
        scorer: any Scorer, name: String, spec: ScorerSpec,
        draws: [(prompt: Prompt, completion: String)], inspector: (any ModelInspector)? = nil
    ) {
        self.scorer = scorer
        self.name = name
        self.spec = spec
        self.inspector = inspector
        var requests = draws.map { ScoreRequest(prompt: $0.prompt, completion: $0.completion) }
        for (place, text) in Self.others.enumerated() where !draws.isEmpty {
            let prompt = draws[place % draws.count].prompt
            requests.append(ScoreRequest(prompt: prompt, completion: text))
        }
        self.requests = Array(requests.suffix(Self.textsMax))
    }

    /// Texts of lengths that draws seldom have.
    private static let others = [
        "Yes.", "I do not know.",
        "Let me think. There are several ways to see this, and I will go through them one by one.",
        "No no no no no no no no no no no no no no no no no no no no no no no no no no no no no.",
    ]

    /// Whether the reward comes of a model that reads the text, and not of a rule or of a judge.
    var isModel: Bool { !spec.kind.isRule }

    /// Scores of some requests. Throws the first failure.
    func score(_ requests: [ScoreRequest]) async throws(ModelError) -> [Double] {
        let results = await scorer.score(requests)
        guard results.count == requests.count else {
            throw ModelError(
                .wrongCount, "\(results.count) scores came for \(requests.count) texts")
        }
        var scores: [Double] = []
        for result in results { scores.append(try result.get().reward) }
        return scores
    }

    /// One score: whether there is an answer at all.
    package func firstScore(_ time: TimeSource) async -> (failure: ModelError?, [Finding]) {
        let begun = time.now()
        guard let first = requests.first else { return (nil, []) }
        do throws(ModelError) {
            // What identifies the scorer; some look at their server more closely then.
            _ = try await scorer.fingerprint()
            let score = try await score([first])[0]
            let took = (time.now() - begun) / .milliseconds(1)
            return (
                nil,
                [
                    Finding(
                        .ok, .scorerAnswers, at: name,
                        "`\(spec.model)` gave \(PolicyProbe.short(score)) in \(Int(took)) ms")
                ]
            )
        } catch {
            return (
                error, [Finding(.error, .scorerAnswers, at: name, "no score: \(error.message)")]
            )
        }
    }

    /// The same texts together, one by one, and again.
    func scoreFindings() async throws -> [Finding] {
        let together = try await score(requests)
        let again = try await score(requests)
        var alone: [Double] = []
        for request in requests { alone.append(try await score([request])[0]) }
        return ScoreEvidence(
            name: name, isModel: isModel, together: together, again: again, alone: alone
        ).findings
    }

    /// Whether the server turns its activation off when it is asked to.
    func activationFindings() async throws -> [Finding] {
        guard let inspector, let pair = try await inspector.squashedAndRaw(requests[0]) else {
            return []
        }
        guard pair.squashed == pair.raw else {
            return [
                Finding(
                    .ok, .scorerRaw, at: name,
                    "the activation is off: \(PolicyProbe.short(pair.raw)) raw, "
                        + "\(PolicyProbe.short(pair.squashed)) squashed")
            ]
        }
        return [
            Finding(
                (0...1).contains(pair.raw) ? .warning : .note, .scorerRaw, at: name,
                "the reward is \(PolicyProbe.short(pair.raw)) with the activation on and off: the "
                    + "server does not heed the switch",
                advice: "start vLLM with --pooler-config '{\"use_activation\": false}'")
        ]
    }
}
