internal import FoundationEssentials
internal import OgiveCore

extension Lease: WireConvertible {
    init(wire: Ogive_V1_Lease) throws(WireError) {
        try WireCheck.present(wire.hasName, "lease.name")
        try WireCheck.present(wire.hasPrompt, "lease.prompt")
        let items = try WireCheck.list(wire.items, "lease.items", max: WireLimits.items)
        // Each seed is base + index: within this bound no sum overflows.
        guard wire.seedBase <= DrawSeed.baseMax else {
            throw WireError(.invalidValue, "lease.seed_base is \(wire.seedBase)")
        }
        self.init(
            name: try LeaseName(wire: wire.name), run: RunID(wire.run),
            prompt: try Prompt(wire: wire.prompt), seedBase: wire.seedBase,
            items: try items.map(WorkItem.init(wire:)),
            duration: try WireCheck.duration(
                wire.durationNanoseconds, "lease.duration_nanoseconds", least: 1),
            proof: try WireCheck.proof(wire.proof, "lease.proof"))
    }

    var wire: Ogive_V1_Lease {
        var wire = Ogive_V1_Lease()
        wire.name = name.wire
        wire.run = run.rawValue
        wire.prompt = prompt.wire
        wire.seedBase = seedBase
        wire.items = items.map(\.wire)
        wire.durationNanoseconds = duration.wireNanoseconds
        wire.proof = Data(proof.bytes)
        return wire
    }
}

extension WorkItem: WireConvertible {
    init(wire: Ogive_V1_WorkItem) throws(WireError) {
        self.init(name: try ItemName(wireKind: wire.kind, index: wire.index))
        if wire.hasText {
            text = try WireCheck.text(wire.text, "work_item.text", max: WireLimits.textBytes)
        }
    }

    var wire: Ogive_V1_WorkItem {
        var wire = Ogive_V1_WorkItem()
        wire.kind = name.wireKind
        wire.index = name.wireIndex
        if let text { wire.text = text }
        return wire
    }
}
