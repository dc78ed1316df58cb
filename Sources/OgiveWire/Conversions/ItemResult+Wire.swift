internal import OgiveCore

extension ItemResult: WireConvertible {
    init(wire: Ogive_V1_ItemResult) throws(WireError) {
        self.init(name: try ItemName(wireKind: wire.kind, index: wire.index))
        let outcomes = [wire.hasReward, wire.hasFailure, wire.hasLogProbability].count { $0 }
        guard outcomes == 1 else {
            throw WireError(
                outcomes > 1 ? .invalidValue : .missingField,
                "item_result must have exactly one of reward, failure and log_probability")
        }
        if wire.hasCompletion { completion = try Completion(wire: wire.completion) }
        if wire.hasSeed {
            guard wire.seed <= Int64.max else {
                throw WireError(.invalidValue, "item_result.seed is \(wire.seed)")
            }
            seed = wire.seed
        }
        if wire.hasReward {
            reward = try WireCheck.finite(wire.reward, "item_result.reward")
        }
        if wire.hasLogProbability {
            logProbability = try LogProbability(wire: wire.logProbability)
        }
        guard wire.parts.isEmpty || wire.hasReward else {
            throw WireError(.invalidValue, "item_result has parts of a reward, and no reward")
        }
        parts = try WireCheck.list(wire.parts, "item_result.parts", max: WireLimits.parts)
            .map { (part) throws(WireError) in try WireCheck.finite(part, "item_result.parts") }
        if wire.hasFailure { failure = try Failure(wire: wire.failure) }
        if wire.hasSampleNanoseconds {
            sampleDuration = try WireCheck.duration(
                wire.sampleNanoseconds, "item_result.sample_nanoseconds")
        }
        if wire.hasScorerTokens { scorerTokens = try TokenCount(wire: wire.scorerTokens) }
        if wire.hasPolicyTokens { policyTokens = try TokenCount(wire: wire.policyTokens) }
        if completion != nil, failure?.stage == .sampling {
            throw WireError(
                .invalidValue, "item_result has a completion and a failure to sample it")
        }
    }

    var wire: Ogive_V1_ItemResult {
        var wire = Ogive_V1_ItemResult()
        wire.kind = name.wireKind
        wire.index = name.wireIndex
        if let completion { wire.completion = completion.wire }
        if let seed { wire.seed = seed }
        if let reward { wire.reward = reward }
        if let logProbability { wire.logProbability = logProbability.wire }
        wire.parts = parts
        if let failure { wire.failure = failure.wire }
        if let sampleDuration { wire.sampleNanoseconds = sampleDuration.wireNanoseconds }
        if let scorerTokens { wire.scorerTokens = scorerTokens.wire }
        if let policyTokens { wire.policyTokens = policyTokens.wire }
        return wire
    }
}
