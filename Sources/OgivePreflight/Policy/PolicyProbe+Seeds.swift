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
