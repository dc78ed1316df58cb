internal import OgiveCore

extension ItemName: WireConvertible {
    init(wire: Ogive_V1_ItemName) throws(WireError) {
        try self.init(wireKind: wire.kind, index: wire.index)
    }

    /// An item by the two fields that messages with an item have in place of a message of its own,
    /// of which there would be one for each draw.
    init(wireKind kind: Ogive_V1_ItemName.Kind, index: UInt32) throws(WireError) {
        let index = Int32(try WireCheck.number(index, "item.index"))
        switch kind {
        case .draw: self = .draw(index)
        case .candidate: self = .candidate(index)
        case .candidateLogProbability: self = .candidateLogProbability(index)
        case .unspecified, .UNRECOGNIZED:
            throw WireError(.invalidValue, "item.kind is \(kind.rawValue)")
        }
    }

    var wire: Ogive_V1_ItemName {
        var wire = Ogive_V1_ItemName()
        wire.kind = wireKind
        wire.index = wireIndex
        return wire
    }

    /// The first of the two fields.
    var wireKind: Ogive_V1_ItemName.Kind {
        switch kind {
        case .draw: .draw
        case .candidate: .candidate
        case .candidateLogProbability: .candidateLogProbability
        }
    }

    /// The second one. A negative index becomes one that decoders refuse.
    var wireIndex: UInt32 { UInt32(bitPattern: index) }
}
