internal import OgiveCore

extension TaskResult: WireConvertible {
    /// Items that cannot be read do not make the whole unreadable: who sent them, and under which
    /// lease, is known, so that the sender can be told (`fault`).
    init(wire: Ogive_V1_Result) throws(WireError) {
        try WireCheck.present(wire.hasClaim, "result.claim")
        self.init(
            claim: try LeaseClaim(wire: wire.claim),
            part: try WireCheck.number(wire.part, "result.part"), items: [])
        do throws(WireError) {
            items = try Self.items(of: wire)
        } catch {
            fault = error.message
        }
    }

    /// The items of a result; throws what is wrong with them.
    static func items(of wire: Ogive_V1_Result) throws(WireError) -> [ItemResult] {
        try WireCheck.list(wire.items, "result.items", max: WireLimits.items)
            .map(ItemResult.init(wire:))
    }

    var wire: Ogive_V1_Result {
        var wire = Ogive_V1_Result()
        wire.claim = claim.wire
        wire.part = UInt32(wireCount: part)
        // By index: `map` would copy each item, with its text.
        wire.items = items.indices.map { items[$0].wire }
        return wire
    }
}

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

extension Completion: WireConvertible {
    init(wire: Ogive_V1_Completion) throws(WireError) {
        let reason: FinishReason =
            switch wire.finishReason {
            case .stop: .stop
            case .length: .length
            case .other: .other
            case .unspecified, .UNRECOGNIZED:
                throw WireError(
                    .invalidValue, "completion.finish_reason is \(wire.finishReason.rawValue)")
            }
        let text = try WireCheck.text(wire.text, "completion.text", max: WireLimits.textBytes)
        self.init(text: text, tokenCount: nil, finishReason: reason, logProbability: nil)
        if wire.hasTokenCount {
            tokenCount = try WireCheck.number(wire.tokenCount, "completion.token_count")
        }
        if wire.hasPromptTokenCount {
            promptTokenCount = try WireCheck.number(
                wire.promptTokenCount, "completion.prompt_token_count")
        }
        if wire.hasLogProbability {
            logProbability = try WireCheck.finite(
                wire.logProbability, "completion.log_probability")
        }
        tokenIDs = try WireCheck.tokens(wire.tokenIds, "completion.token_ids")
        tokenLogProbabilities = try WireCheck.values(
            wire.tokenLogProbabilities, "completion.token_log_probabilities")
    }

    var wire: Ogive_V1_Completion {
        var wire = Ogive_V1_Completion()
        wire.text = text
        if let tokenCount { wire.tokenCount = UInt32(wireCount: tokenCount) }
        wire.finishReason =
            switch finishReason {
            case .stop: .stop
            case .length: .length
            case .other: .other
            }
        if let promptTokenCount { wire.promptTokenCount = UInt32(wireCount: promptTokenCount) }
        if let logProbability { wire.logProbability = logProbability }
        if let tokenIDs { wire.tokenIds = tokenIDs.map(UInt32.init(bitPattern:)) }
        if let tokenLogProbabilities {
            wire.tokenLogProbabilities = tokenLogProbabilities.map(Float.init)
        }
        return wire
    }
}

extension Failure: WireConvertible {
    init(wire: Ogive_V1_Failure) throws(WireError) {
        let stage: Stage =
            switch wire.stage {
            case .sampling: .sampling
            case .scoring: .scoring
            case .logProbability: .logProbability
            case .unspecified, .UNRECOGNIZED:
                throw WireError(.invalidValue, "failure.stage is \(wire.stage.rawValue)")
            }
        guard let code = ModelError.Code(rawValue: wire.code) else {
            // Escaped: it is a peer's text and goes into logs.
            let name = wire.code.cut(toBytes: 64).debugDescription
            throw WireError(.invalidValue, "failure.code is \(name), which is unknown")
        }
        self.init(
            stage: stage, code: code,
            message: try WireCheck.text(
                wire.message, "failure.message", max: WireLimits.reasonBytes),
            attempts: try WireCheck.number(wire.attempts, "failure.attempts"))
    }

    var wire: Ogive_V1_Failure {
        var wire = Ogive_V1_Failure()
        wire.stage =
            switch stage {
            case .sampling: .sampling
            case .scoring: .scoring
            case .logProbability: .logProbability
            }
        wire.code = code.rawValue
        wire.message = message.cut(toBytes: WireLimits.reasonBytes)
        wire.attempts = UInt32(wireCount: attempts)
        return wire
    }
}

extension LogProbability: WireConvertible {
    init(wire: Ogive_V1_LogProbability) throws(WireError) {
        self.init(
            sum: try WireCheck.finite(wire.sum, "log_probability.sum"),
            tokenCount: try WireCheck.number(wire.tokenCount, "log_probability.token_count"),
            tokenIDs: try WireCheck.tokens(wire.tokenIds, "log_probability.token_ids"),
            tokenValues: try WireCheck.values(wire.tokenValues, "log_probability.token_values"))
    }

    var wire: Ogive_V1_LogProbability {
        var wire = Ogive_V1_LogProbability()
        wire.sum = sum
        wire.tokenCount = UInt32(wireCount: tokenCount)
        if let tokenIDs { wire.tokenIds = tokenIDs.map(UInt32.init(bitPattern:)) }
        if let tokenValues { wire.tokenValues = tokenValues.map(Float.init) }
        return wire
    }
}

extension TokenCount: WireConvertible {
    init(wire: Ogive_V1_TokenCount) throws(WireError) {
        self.init(
            input: try WireCheck.number(wire.input, "token_count.input"),
            output: try WireCheck.number(wire.output, "token_count.output"))
    }

    var wire: Ogive_V1_TokenCount {
        var wire = Ogive_V1_TokenCount()
        wire.input = UInt32(wireCount: input)
        wire.output = UInt32(wireCount: output)
        return wire
    }
}
