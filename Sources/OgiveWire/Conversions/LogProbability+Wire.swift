internal import OgiveCore

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
