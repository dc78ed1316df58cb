internal import Glibc
internal import OgiveCore

extension PolicyProbe {
    /// Same seed, different seeds, and choices of one request.
    func seedFindings() async throws -> [Finding] {
        guard parameters.temperature > 0 else {
            return [
                Finding(
                    .warning, .policySeeds, at: "policy.sampling.temperature",
                    "is 0: all draws of a prompt are the same text, and its table has one reward",
                    advice: "sample the reference policy at temperature 1")
            ]
        }
        let indexes = Array(0..<Self.choices)
        var requests: [(prompt: Int, indexes: [Int32])] = []
        for prompt in prompts.indices {
            requests.append((prompt, indexes))
            requests += indexes.map { (prompt, [$0]) }
            requests.append((prompt, [0]))
        }
        let answers = try await draw(requests, short)
        let size = indexes.count + 2
        var evidence = SeedEvidence(
            name: name,
            draws: prompts.indices.map { prompt in
                let own = Array(answers[(prompt * size)..<((prompt + 1) * size)])
                return SeedEvidence.Draws(
                    together: own[0], alone: own[1..<(size - 1)].map { $0[0] },
                    again: own[size - 1][0])
            })
        if evidence.isUniform {
            var hot = short
            hot.temperature = 2
            evidence.hot = try await draw(
                prompts.indices.flatMap { prompt in indexes.map { (prompt, [$0]) } }, hot
            ).chunks(of: indexes.count)
        }
        return evidence.findings
    }

    /// At temperature 0 the seed means nothing.
    func temperatureFindings() async throws -> [Finding] {
        guard parameters.temperature > 0 else { return [] }
        var cold = short
        cold.temperature = 0
        let answers = try await draw(
            prompts.indices.flatMap { prompt in (0..<3).map { (prompt, [Int32($0)]) } }, cold
        ).chunks(of: 3)
        let steady = answers.count { Set($0.map(\.text)).count == 1 }
        if steady == answers.count {
            return [
                Finding(
                    .ok, .policyTemperature, at: name,
                    "3 seeds gave the same text at temperature 0 for \(steady) of "
                        + "\(answers.count) prompts")
            ]
        }
        if steady == 0 {
            return [
                Finding(
                    .error, .policyTemperature, at: name,
                    "3 seeds gave different texts at temperature 0 for all \(answers.count) "
                        + "prompts: the server does not heed the request's temperature",
                    advice: "look for sampling parameters that the server forces "
                        + "(generation_config.json, defaults of a gateway), and turn them off")
            ]
        }
        return [
            Finding(
                .note, .policyTemperature, at: name,
                "3 seeds gave different texts at temperature 0 for \(answers.count - steady) of "
                    + "\(answers.count) prompts: the server computes a little differently each "
                    + "time")
        ]
    }

    /// A limit of one token is heeded.
    func limitFindings() async throws -> [Finding] {
        var one = short
        one.maxTokens = 1
        let answer = try await draw(0, [0], one)[0]
        if let count = answer.tokenCount, count > 2 {
            return [
                Finding(
                    .error, .policyMaxTokens, at: name,
                    "a draw with `max_tokens: 1` has \(count) tokens: the limit is not heeded",
                    advice: "update the server, or look for a gateway that changes requests")
            ]
        }
        return [
            Finding(.ok, .policyMaxTokens, at: name, "a limit of one token is heeded")
        ]
    }
}

extension Array {
    /// The elements in lists of `size`.
    func chunks<Element2>(of size: Int) -> [[Element2]] where Element == [Element2] {
        stride(from: 0, to: count, by: size).map { start in
            self[start..<Swift.min(start + size, count)].flatMap(\.self)
        }
    }
}

/// Draws of some prompts, asked for in several ways, from which follows what the server does with
/// seeds.
struct SeedEvidence: Sendable {
    /// Draws of one prompt.
    struct Draws: Sendable {
        /// Draws 0, 1, … in one request.
        var together: [Completion]
        /// The same draws, a request each.
        var alone: [Completion]
        /// Draw 0 in a request of its own, once more.
        var again: Completion

        var texts: [String] { alone.map(\.text) }
        var isRepeated: Bool { again.text == alone.first?.text }
        var isConsistent: Bool { together.map(\.text) == texts }

        /// Bounds the chance that all draws with seeds of their own are equal, by what the model
        /// says of the text; 1 when it says nothing.
        var chanceOfEqual: Double {
            guard let log = alone.first?.logProbability else { return 1 }
            return exp(log * Double(alone.count - 1))
        }
    }

    let name: String
    let draws: [Draws]
    /// The same seeds at a high temperature; asked for only when every draw of a prompt is equal.
    var hot: [[Completion]] = []

    /// By chance less often than this: it is no chance.
    private static let chanceMax = 1e-6

    var findings: [Finding] { [determinism, seeds, choices].compactMap(\.self) }

    /// Whether every prompt has draws that are all equal, each with a seed of its own.
    var isUniform: Bool { draws.allSatisfy { Set($0.texts).count == 1 } }

    private var determinism: Finding {
        let repeated = draws.count(where: \.isRepeated)
        if repeated == draws.count {
            return Finding(
                .ok, .policyDeterministic, at: name,
                "the same seed gave the same text for \(repeated) of \(draws.count) prompts")
        }
        return Finding(
            .note, .policyDeterministic, at: name,
            "the same seed gave another text for \(draws.count - repeated) of \(draws.count) "
                + "prompts: the server is not deterministic. The draws are sound; one that is "
                + "lost on its way is made anew with another text",
            advice: "nothing, unless a run has to be repeatable to the letter: then look for the "
                + "server's own switch (llama.cpp: --reproducible of deploy/serve_llamacpp.py)")
    }

    private var seeds: Finding {
        guard isUniform else {
            let different = draws.count { Set($0.texts).count > 1 }
            return Finding(
                .ok, .policySeeds, at: name,
                "\(PolicyProbe.choices) seeds gave different texts for \(different) of "
                    + "\(draws.count) prompts")
        }
        let count = "\(draws.count) prompts × \(PolicyProbe.choices) seeds"
        let chance = draws.map(\.chanceOfEqual).reduce(1, *)
        let isHot = !hot.isEmpty && !hot.allSatisfy { Set($0.map(\.text)).count == 1 }
        if isHot {
            return Finding(
                .note, .policySeeds, at: name,
                "all seeds of a prompt gave the same text (\(count)), but at temperature 2 they "
                    + "differ: the seeds are heeded, and the answers are nearly certain",
                advice: "tables of such prompts are degenerate: choose other prompts, or more "
                    + "draws")
        }
        if chance < Self.chanceMax || !hot.isEmpty {
            return Finding(
                .error, .policySeeds, at: name,
                "all seeds of a prompt gave the same text (\(count)"
                    + (hot.isEmpty ? "" : ", also at temperature 2")
                    + "): the server draws with one seed for all, so that every draw is a copy "
                    + "of the first",
                advice: "serve the model so that the request's `seed` is heeded, or update the "
                    + "server")
        }
        return Finding(
            .warning, .policySeeds, at: name,
            "all seeds of a prompt gave the same text (\(count)): too little to tell whether the "
                + "answers are nearly certain or the seeds are not heeded",
            advice: "look at a few draws of a prompt whose answer is open")
    }

    private var choices: Finding? {
        let determined = draws.filter(\.isRepeated)
        let copies = draws.count {
            Set($0.together.map(\.text)).count == 1 && Set($0.texts).count > 1
        }
        if copies == draws.count {
            return Finding(
                .error, .policyChoices, at: name,
                "the \(PolicyProbe.choices) choices of a request were copies of one for all "
                    + "\(copies) prompts, though their seeds, asked for one by one, give "
                    + "different texts",
                advice: "set `policy.draws_per_request: 1`")
        }
        guard !determined.isEmpty else { return nil }
        let consistent = determined.count(where: \.isConsistent)
        if consistent == determined.count {
            return Finding(
                .ok, .policyChoices, at: name,
                "choice i of a request is the draw with seed s + i, for \(consistent) of "
                    + "\(determined.count) prompts")
        }
        return Finding(
            .warning, .policyChoices, at: name,
            "for \(determined.count - consistent) of \(determined.count) prompts, draws that "
                + "share a request are others than the same draws one by one: which draws share "
                + "one decides what they are",
            advice: "set `policy.draws_per_request: 1`, so that the same name is the same draw")
    }
}
