internal import OgiveCore

extension TaskResult: WireConvertible {
    init(wire: Ogive_V1_Result) throws(WireError) {
        try WireCheck.present(wire.hasLease, "result.lease")
        let items = try WireCheck.list(wire.items, "result.items", max: WireLimits.items)
        self.init(
            lease: try LeaseName(wire: wire.lease), run: RunID(wire.run),
            prompt: PromptID(wire.prompt), part: try WireCheck.number(wire.part, "result.part"),
            items: try items.map(ItemResult.init(wire:)))
    }

    var wire: Ogive_V1_Result {
        var wire = Ogive_V1_Result()
        wire.lease = lease.wire
        wire.run = run.rawValue
        wire.prompt = prompt.rawValue
        wire.part = UInt32(wireCount: part)
        // By index: `map` would copy each item, with its text.
        wire.items = items.indices.map { items[$0].wire }
        return wire
    }
}
