internal import OgiveCore

extension ItemName: WireConvertible {
    init(wire: Ogive_V1_ItemName) throws(WireError) {
        let index = Int32(try WireCheck.number(wire.index, "item.index"))
        switch wire.kind {
        case .draw: self = .draw(index)
        case .candidate: self = .candidate(index)
        case .candidateLogProbability: self = .candidateLogProbability(index)
        case .unspecified, .UNRECOGNIZED:
            throw WireError(.invalidValue, "item.kind is \(wire.kind.rawValue)")
        }
    }

    var wire: Ogive_V1_ItemName {
        var wire = Ogive_V1_ItemName()
        wire.kind =
            switch kind {
            case .draw: .draw
            case .candidate: .candidate
            case .candidateLogProbability: .candidateLogProbability
            }
        // A negative index becomes one that decoders refuse.
        wire.index = UInt32(bitPattern: index)
        return wire
    }
}
