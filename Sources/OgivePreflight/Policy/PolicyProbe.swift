package import OgiveCore

/// What the checks of a policy ask.
package struct PolicyProbe: Sendable {
    /// The policy at one endpoint.
    package var policy: any Policy
    /// The same with the log-probability of each token; `nil` where it is not to be had.
    package var detailed: (any Policy)?
    /// The endpoint's address.
    package let name: String
    /// Which policy is meant.
    package let spec: PolicySpec
    /// How it is sampled.
    package let parameters: SamplingParameters
    /// Some prompts of the set.
    package var prompts: [Prompt]
    /// What the server lets one see; `nil` when nothing.
    package let inspector: (any ModelInspector)?

    /// Whether the run wants log-probabilities of candidates.
    package var wantsCandidates = false

    /// Draws that share a request.
    static let choices: Int32 = 4
    /// Most tokens of a draw that is made for its seed only.
    static let tokensMax = 64
    /// The seed of draw 0 of the first prompt; the others' are apart from it.
    static let seedBase: UInt64 = 715_001 << 31 + 715_001

    /// Joins the parts; takes the first `promptsMax` prompts.
    package init(
        policy: any Policy, name: String, sampling: SamplingSpec, prompts: [Prompt],
        inspector: (any ModelInspector)? = nil
    ) {
        self.policy = policy
        self.name = name
        spec = sampling.policy
        parameters = sampling.parameters
        self.prompts = Array(prompts.prefix(Self.promptsMax))
        self.inspector = inspector
    }

    /// Most prompts that are tried.
    static let promptsMax = 4

    /// Short draws with the parameters of the run.
    var short: SamplingParameters {
        var parameters = parameters
        parameters.maxTokens = min(parameters.maxTokens, Self.tokensMax)
        return parameters
    }

    /// Draws of a prompt. Throws the first failure.
    func draw(
        _ prompt: Int, _ indexes: [Int32], _ parameters: SamplingParameters
    ) async throws(ModelError) -> [Completion] {
        let request = SampleRequest(
            prompt: prompts[prompt], seedBase: Self.seedBase + UInt64(prompt) * 10_000,
            indexes: indexes, parameters: parameters)
        let results = await policy.sample(request)
        guard results.count == indexes.count else {
            throw ModelError(
                .wrongCount, "\(results.count) answers came to \(indexes.count) draws")
        }
        var completions: [Completion] = []
        for result in results { completions.append(try result.get()) }
        return completions
    }

    /// The same for several requests at once, in order.
    func draw(
        _ requests: [(prompt: Int, indexes: [Int32])], _ parameters: SamplingParameters
    ) async throws -> [[Completion]] {
        try await withThrowingTaskGroup(of: (Int, [Completion]).self) { group in
            for (place, request) in requests.enumerated() {
                group.addTask {
                    (place, try await draw(request.prompt, request.indexes, parameters))
                }
            }
            var answers = [[Completion]](repeating: [], count: requests.count)
            for try await (place, completions) in group { answers[place] = completions }
            return answers
        }
    }
}

extension PolicyProbe {
    /// What identifies the policy, and one draw of each prompt: whether there is an answer at all.
    /// Answers with the prompts that got one; a failure comes along when none did.
    package func firstDraws(
        _ time: TimeSource
    ) async -> (answered: [Prompt], failure: ModelError?, [Finding]) {
        do throws(ModelError) {
            _ = try await policy.fingerprint()
        } catch {
            return (
                [], error,
                [Finding(.policyAnswers, at: name, "no draw", because: error)]
            )
        }
        let begun = time.now()
        let results = await withTaskGroup(of: (Int, Result<Completion, ModelError>).self) { group in
            for place in prompts.indices {
                group.addTask {
                    (
                        place,
                        await Result.catching { () async throws(ModelError) in
                            try await draw(place, [0], short)[0]
                        }
                    )
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let took = Int((time.now() - begun) / .milliseconds(1))
        var answered: [Prompt] = []
        var failure: ModelError?
        var findings: [Finding] = []
        for (place, prompt) in prompts.enumerated() {
            switch results[place] {
            case .success: answered.append(prompt)
            case .failure(let error):
                failure = failure ?? error
                findings.append(
                    Finding(
                        .warning, .policyAnswers, at: name,
                        "no draw of prompt `\(prompt.key)`: \(error.message)"))
            case nil: break
            }
        }
        // Of a server that is gone, what it said before is of no use.
        let gone = results.values.lazy.compactMap(\.failure).first(where: \.isServerGone)
        failure = gone ?? failure
        if answered.isEmpty || gone != nil, let failure {
            return (
                [], failure,
                [Finding(.policyAnswers, at: name, "no draw", because: failure)]
            )
        }
        findings.insert(
            Finding(
                .ok, .policyAnswers, at: name,
                "`\(spec.model)` gave \(CountText.of(answered.count, "draw")) in \(took) ms"),
            at: 0)
        return (answered, nil, findings)
    }

    /// Draws of the prompts as texts to be scored, two of each.
    package func texts() async -> Result<[(prompt: Prompt, completion: String)], ModelError> {
        do {
            let answers = try await draw(prompts.indices.map { ($0, [0, 1]) }, short)
            return .success(
                zip(prompts, answers).flatMap { prompt, draws in draws.map { (prompt, $0.text) } })
        } catch let error as ModelError {
            return .failure(error)
        } catch {
            return .failure(ModelError(.timeout, "\(error)"))
        }
    }

    /// Draws as the run makes them: log-probabilities, ends, counts.
    func drawFindings() async throws -> [Finding] {
        let answers = try await draw(
            prompts.indices.map { ($0, [0, 1]) }, parameters)
        let draws = answers.flatMap(\.self)
        var findings = DrawEvidence(name: name, spec: spec, draws: draws).findings
        if spec.logProbabilities != .none {
            findings += try await agreement(answers)
        }
        if let finding = try await endToken(draws) { findings.append(finding) }
        return findings
    }

    /// A number with few digits.
    static func short(_ value: Double) -> String {
        value == 0 ? "0" : "\((value * 10_000).rounded() / 10_000)"
    }

    /// Whether the token that ends a completion is among those that are counted.
    private func endToken(_ draws: [Completion]) async throws -> Finding? {
        let ended = draws.filter { $0.finishReason == .stop && $0.tokenCount != nil }
        guard let inspector, !ended.isEmpty, parameters.stop.isEmpty else { return nil }
        var without = 0
        for draw in ended {
            guard
                let tokens = try await inspector.tokens(of: draw.text, addingSpecial: false)
            else { return nil }
            if draw.tokenCount == tokens.count { without += 1 }
        }
        guard without == ended.count else {
            return Finding(
                .ok, .policyEnding, at: name,
                "the end token is counted in \(ended.count - without) of \(ended.count) draws")
        }
        return Finding(
            .warning, .policyEnding, at: name,
            "\(without) of \(ended.count) finished draws have as many tokens as their text: the "
                + "token that ends them is not counted, nor is its log-probability",
            advice: "let the server return the end token (vLLM: no `ignore_eos`, no stop texts), "
                + "or store no log-probabilities (`policy.logprobs: none`)")
    }
}

/// What draws say of themselves.
struct DrawEvidence {
    let name: String
    let spec: PolicySpec
    let draws: [Completion]

    var findings: [Finding] {
        [ending] + (spec.logProbabilities == .none ? [] : [logProbabilities])
    }

    private var ending: Finding {
        let cut = draws.count(where: \.isTruncated)
        let counted = draws.count { $0.tokenCount != nil }
        let count = "\(cut) of \(draws.count) draws were cut off by the limit"
        if cut == draws.count {
            return Finding(
                .warning, .policyEnding, at: name,
                "\(count): the model may never end by itself",
                advice: "raise `policy.sampling.max_tokens`; for a base model behind a chat "
                    + "template use `api: completions` or set `stop`")
        }
        if cut * 2 > draws.count {
            return Finding(
                .warning, .policyEnding, at: name, count,
                advice: "raise `policy.sampling.max_tokens`: truncated draws are kept and scored")
        }
        return Finding(
            .ok, .policyEnding, at: name,
            count + (counted < draws.count ? "; the server does not report token counts" : ""))
    }

    private var logProbabilities: Finding {
        // Of a text with U+FFFD no log-probability is shown: see the page LogProbabilities.
        let whole = draws.filter { !$0.text.unicodeScalars.contains("\u{FFFD}") }
        let reported = whole.compactMap(\.logProbability)
        if reported.count < whole.count {
            return Finding(
                .error, .policyLogProbabilities, at: name,
                "\(whole.count - reported.count) of \(whole.count) draws came without",
                advice: "serve the model with log-probabilities, or set `policy.logprobs: none`")
        }
        if let wrong = reported.first(where: { !($0 <= 1e-3 && $0.isFinite) }) {
            return Finding(
                .error, .policyLogProbabilities, at: name,
                "a draw has the log-probability \(wrong), which is no such: they are at most 0",
                advice: "update the server, or set `policy.logprobs: none`")
        }
        guard whole.count == draws.count else {
            return Finding(
                .note, .policyLogProbabilities, at: name,
                "\(draws.count - whole.count) of \(draws.count) draws hold bytes that are no "
                    + "character (U+FFFD): such draws are kept and scored, and have no log π_ref",
                advice: "many are cut off within a character: raise `policy.sampling.max_tokens`")
        }
        return Finding(
            .ok, .policyLogProbabilities, at: name,
            CountText.of(reported.count, "draw", "has", "have")
                + " finite log-probabilities of at most 0")
    }
}

extension Result {
    /// What `body` gives or throws.
    fileprivate static func catching(
        _ body: () async throws(Failure) -> Success
    ) async -> Result {
        do throws(Failure) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
