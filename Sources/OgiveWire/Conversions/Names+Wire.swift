internal import FoundationEssentials
internal import OgiveCore

extension LeaseClaim: WireConvertible {
    init(wire: Ogive_V1_LeaseClaim) throws(WireError) {
        try WireCheck.present(wire.hasLease, "lease_claim.lease")
        let items = try WireCheck.list(wire.items, "lease_claim.items", max: WireLimits.items)
        self.init(
            lease: try LeaseName(wire: wire.lease), run: RunID(wire.run),
            prompt: PromptID(wire.prompt), seedBase: wire.seedBase,
            items: try items.map(ItemName.init(wire:)),
            proof: try WireCheck.proof(wire.proof, "lease_claim.proof"))
    }

    var wire: Ogive_V1_LeaseClaim {
        var wire = Ogive_V1_LeaseClaim()
        wire.lease = lease.wire
        wire.run = run.rawValue
        wire.prompt = prompt.rawValue
        wire.seedBase = seedBase
        wire.items = items.map(\.wire)
        wire.proof = Data(proof.bytes)
        return wire
    }
}

extension LeaseName: WireConvertible {
    init(wire: Ogive_V1_LeaseName) throws(WireError) {
        self.init(term: Term(wire.term), task: TaskID(wire.task), epoch: Epoch(wire.epoch))
    }

    var wire: Ogive_V1_LeaseName {
        var wire = Ogive_V1_LeaseName()
        wire.term = term.rawValue
        wire.task = task.rawValue
        wire.epoch = epoch.rawValue
        return wire
    }
}

extension ResultName: WireConvertible {
    init(wire: Ogive_V1_ResultName) throws(WireError) {
        try WireCheck.present(wire.hasLease, "result_name.lease")
        self.init(
            lease: try LeaseName(wire: wire.lease),
            part: try WireCheck.number(wire.part, "result_name.part"))
    }

    var wire: Ogive_V1_ResultName {
        var wire = Ogive_V1_ResultName()
        wire.lease = lease.wire
        wire.part = UInt32(wireCount: part)
        return wire
    }
}

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
