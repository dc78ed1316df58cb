package import OgiveCore

/// What every `Policy` must keep, run on synthetic, scripted and real ones.
///
/// Each check returns what it saw wrong, as sentences; none is success.
package struct PolicyConformance: Sendable {
    /// The policy under test, which answers `prompt` without failing.
    package var policy: any Policy
    /// A prompt that it can answer.
    package var prompt: Prompt
    /// How it is sampled.
    package var parameters: SamplingParameters
    /// Whether log-probabilities are to be given.
    package var logProbabilities: Bool

    /// Joins the parts.
    package init(
        policy: any Policy, prompt: Prompt, parameters: SamplingParameters,
        logProbabilities: Bool = true
    ) {
        self.policy = policy
        self.prompt = prompt
        self.parameters = parameters
        self.logProbabilities = logProbabilities
    }

    /// Runs all checks.
    package func problems() async -> [String] {
        await fingerprintIsStable() + answersMatchIndexes() + groupingDoesNotChangeDraws()
            + valuesAreValid()
    }

    /// Draws at `indexes`.
    package func sample(_ indexes: [Int32], seedBase: UInt64 = 1_000) async
        -> [Result<Completion, ModelError>]
    {
        await policy.sample(
            SampleRequest(
                prompt: prompt, seedBase: seedBase, indexes: indexes, parameters: parameters))
    }

    private func fingerprintIsStable() async -> [String] {
        do {
            let first = try await policy.fingerprint()
            let second = try await policy.fingerprint()
            var problems = first.differences(from: second).map { "the fingerprint changes: \($0)" }
            if first.facts["model"] == nil { problems.append("the fingerprint names no model") }
            if first.facts["server"] == nil { problems.append("the fingerprint names no server") }
            return problems
        } catch {
            return ["the fingerprint cannot be read: \(error)"]
        }
    }

    private func answersMatchIndexes() async -> [String] {
        var problems: [String] = []
        for indexes in [[], [0], [3, 4, 5], [0, 2, 7, 8, 40]] as [[Int32]] {
            let answers = await sample(indexes)
            if answers.count != indexes.count {
                problems.append("\(answers.count) answers for the indexes \(indexes)")
            }
            problems += answers.compactMap(Self.failure)
        }
        return problems
    }

    /// A draw's text follows from its seed: alone, in any group, from any base.
    private func groupingDoesNotChangeDraws() async -> [String] {
        let together = await sample([0, 1, 2, 3, 4, 5]).map { try? $0.get().text }
        let split = await sample([1, 3, 5]).map { try? $0.get().text }
        let shifted = await sample([0, 1, 2], seedBase: 1_003).map { try? $0.get().text }
        var problems: [String] = []
        if split != [together[1], together[3], together[5]] {
            problems.append("draws 1, 3, 5 differ when asked for apart: \(split), \(together)")
        }
        if shifted != Array(together[3...]) {
            problems.append("seeds 1003... differ by base: \(shifted), \(together)")
        }
        if Set(together).count < 2 {
            problems.append("six draws are all alike: \(together)")
        }
        return problems
    }

    private func valuesAreValid() async -> [String] {
        await sample([0, 1, 2, 3]).flatMap { result -> [String] in
            guard case .success(let completion) = result else { return ["a draw failed"] }
            var problems: [String] = []
            if let count = completion.tokenCount, count < 1 || count > parameters.maxTokens + 1 {
                problems.append("token count \(count)")
            }
            if logProbabilities {
                guard let sum = completion.logProbability else {
                    return ["the log-probability is missing"]
                }
                if !(sum.isFinite && sum <= 1e-6) { problems.append("log-probability \(sum)") }
            }
            return problems
        }
    }

    private static func failure(_ result: Result<Completion, ModelError>) -> String? {
        if case .failure(let error) = result { "a draw failed: \(error)" } else { nil }
    }
}
