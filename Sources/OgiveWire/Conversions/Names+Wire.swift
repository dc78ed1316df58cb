internal import FoundationEssentials
internal import OgiveCore

extension LeaseClaim: WireConvertible {
    init(wire: Ogive_V1_LeaseClaim) throws(WireError) {
        try WireCheck.present(wire.hasLease, "lease_claim.lease")
        self.init(
            lease: try LeaseName(wire: wire.lease), run: RunID(wire.run),
            prompt: PromptID(wire.prompt), seedBase: wire.seedBase,
            items: try [ItemName](wire: wire.items, "lease_claim.items"),
            proof: try WireCheck.proof(wire.proof, "lease_claim.proof"))
    }

    var wire: Ogive_V1_LeaseClaim {
        var wire = Ogive_V1_LeaseClaim()
        wire.lease = lease.wire
        wire.run = run.rawValue
        wire.prompt = prompt.rawValue
        wire.seedBase = seedBase
        if !items.isEmpty { wire.items = items.wire }
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

extension [ItemName] {
    /// Reads the two columns of names.
    init(wire: Ogive_V1_ItemNames, _ field: String) throws(WireError) {
        guard wire.kinds.count == wire.indexes.count else {
            throw WireError(
                .invalidValue,
                "item_names has \(wire.kinds.count) kinds and \(wire.indexes.count) indexes")
        }
        self = []
        _ = try WireCheck.list(wire.indexes, field, max: WireLimits.items)
        reserveCapacity(wire.indexes.count)
        for (kind, index) in zip(wire.kinds, wire.indexes) {
            append(
                ItemName(
                    try ItemName.Kind(wire: kind),
                    Int32(try WireCheck.number(index, "item.index"))))
        }
    }

    /// The two columns. A negative index becomes one that decoders refuse.
    var wire: Ogive_V1_ItemNames {
        var wire = Ogive_V1_ItemNames()
        wire.kinds = map(\.kind.wire)
        wire.indexes = map { UInt32(bitPattern: $0.index) }
        return wire
    }
}

extension ItemName.Kind {
    fileprivate init(wire: Ogive_V1_ItemNames.Kind) throws(WireError) {
        switch wire {
        case .draw: self = .draw
        case .candidate: self = .candidate
        case .candidateLogProbability: self = .candidateLogProbability
        case .unspecified, .UNRECOGNIZED:
            throw WireError(.invalidValue, "item.kind is \(wire.rawValue)")
        }
    }

    fileprivate var wire: Ogive_V1_ItemNames.Kind {
        switch self {
        case .draw: .draw
        case .candidate: .candidate
        case .candidateLogProbability: .candidateLogProbability
        }
    }
}
