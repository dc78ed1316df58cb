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
                error, [Finding(.scorerAnswers, at: name, "no score", because: error)]
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

extension ScorerProbe {
    /// Words that make a text long.
    private static let filler = " and then we count once more what is there"
    /// Longest completion that is tried, in words.
    private static let wordsMax = 4_096
    /// Words of the filler.
    private static let fillerWords = 9

    /// Whether the end and the beginning of a completion of full length count: of two long texts
    /// that differ in nothing else, a scorer that cuts cannot tell one from the other.
    func truncationFindings(maxTokens: Int) async throws -> [Finding] {
        guard isModel else { return [] }
        let scores = try await score(requests)
        guard let low = scores.indices.min(by: { scores[$0] < scores[$1] }),
            let high = scores.indices.max(by: { scores[$0] < scores[$1] }),
            scores[low] < scores[high]
        else { return [] }
        // A word takes one token or more: this is no longer than a draw may be.
        let words = min(maxTokens * 2 / 3, Self.wordsMax)
        let long = String(repeating: Self.filler, count: max(1, words / Self.fillerWords))
        let ends = [requests[low].completion, requests[high].completion]
        let prompt = requests[high].prompt
        let texts = ends.map { long + " " + $0 } + ends.map { $0 + long }
        let results = await scorer.score(
            texts.map { ScoreRequest(prompt: prompt, completion: $0) })
        let length = "completions of about \(words) words (max_tokens is \(maxTokens))"
        var rewards: [Double] = []
        for result in results {
            switch result {
            case .success(let score): rewards.append(score.reward)
            case .failure(let error) where error.isServerGone: throw error
            case .failure(let error):
                return [
                    Finding(
                        .warning, .scorerTruncation, at: name,
                        "\(length) have no reward: \(error.message)",
                        advice: "serve the scorer with a larger context, or lower "
                            + "`policy.sampling.max_tokens`: such draws become failures")
                ]
            }
        }
        guard rewards.count == 4 else { return [] }
        let blind = [
            rewards[0] == rewards[1] ? "end" : nil, rewards[2] == rewards[3] ? "beginning" : nil,
        ].compactMap(\.self)
        if blind.isEmpty {
            return [
                Finding(.ok, .scorerTruncation, at: name, "\(length) are read from end to end")
            ]
        }
        return [
            Finding(
                .error, .scorerTruncation, at: name,
                "\(length) that differ in their \(blind.joined(separator: " or ")) only have "
                    + "exactly the same reward: the scorer cuts long texts, silently",
                advice: "raise the scorer's truncation length above prompt and max_tokens, or "
                    + "lower `policy.sampling.max_tokens`")
        ]
    }
}

/// Scores of the same texts, asked for in several ways.
struct ScoreEvidence {
    let name: String
    let isModel: Bool
    let together: [Double]
    let again: [Double]
    let alone: [Double]

    /// So few scores within an interval may be there by chance.
    private static let rangeMin = 8
    /// Rewards that differ by less are the same: batches are added up in another order.
    private static let absolute = 0.005
    /// The same as a share of the spread.
    private static let relative = 0.01

    var findings: [Finding] {
        [variety, determinism, batches] + (range.map { [$0] } ?? [])
    }

    private var spread: Double {
        (together.max() ?? 0) - (together.min() ?? 0)
    }
    private var tolerance: Double { max(Self.absolute, spread * Self.relative) }

    private func largest(_ other: [Double]) -> Double {
        zip(together, other).map { abs($0 - $1) }.max() ?? 0
    }

    private var variety: Finding {
        let least = PolicyProbe.short(together.min() ?? 0)
        let most = PolicyProbe.short(together.max() ?? 0)
        if spread > 0 {
            return Finding(
                .ok, .scorerVaries, at: name,
                CountText.of(together.count, "text", "has", "have")
                    + " rewards from \(least) to \(most)")
        }
        return Finding(
            isModel ? .warning : .note, .scorerVaries, at: name,
            "\(together.count) different texts all have the reward \(least)",
            advice: isModel
                ? "look at the scorer with a good and a bad answer: a constant reward makes every "
                    + "table degenerate" : nil)
    }

    private var determinism: Finding {
        let difference = largest(again)
        if difference <= tolerance {
            return Finding(
                .ok, .scorerDeterministic, at: name,
                CountText.of(together.count, "text", "has", "have") + " the same rewards again"
                    + (difference > 0 ? " (within \(PolicyProbe.short(difference)))" : ""))
        }
        return Finding(
            .warning, .scorerDeterministic, at: name,
            "the same text has rewards that differ by up to \(PolicyProbe.short(difference)), of "
                + "a spread of \(PolicyProbe.short(spread))",
            advice: "a noisy reward widens every distribution: make the scorer deterministic "
                + "(temperature 0 of a judge, no dropout, float32)")
    }

    private var batches: Finding {
        let noise = largest(again)
        let difference = largest(alone)
        if difference <= max(tolerance, 2 * noise) {
            return Finding(
                .ok, .scorerBatches, at: name,
                CountText.of(together.count, "text", "has", "have")
                    + " the same rewards together and one by one"
                    + (difference > 0 ? " (within \(PolicyProbe.short(difference)))" : ""))
        }
        return Finding(
            .error, .scorerBatches, at: name,
            "a text has another reward among others than alone, by up to "
                + "\(PolicyProbe.short(difference)): what is beside it counts (padding without a "
                + "mask, or scores in another order than the texts)",
            advice: "set `scorer.batch_size: 1`, and fix the scorer")
    }

    private var range: Finding? {
        guard isModel, together.count >= Self.rangeMin, spread > 0 else { return nil }
        let all = together + alone
        let interval =
            all.allSatisfy { (0...1).contains($0) }
            ? "[0, 1]" : all.allSatisfy { (-1...1).contains($0) } ? "[−1, 1]" : nil
        guard let interval else {
            return Finding(
                .ok, .scorerRaw, at: name, "rewards leave [0, 1] and [−1, 1]: they are raw")
        }
        return Finding(
            .warning, .scorerRaw, at: name,
            "all of \(together.count) rewards are in \(interval): they may be squashed, by a "
                + "sigmoid or a tanh, where large rewards come to lie together",
            advice: "let the scorer give its raw number; nothing, if this is its own range")
    }
}
