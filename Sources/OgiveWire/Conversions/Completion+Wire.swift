internal import OgiveCore

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
