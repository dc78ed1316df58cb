internal import OgiveCore

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
