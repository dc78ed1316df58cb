internal import OgiveCore

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
