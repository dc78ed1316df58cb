internal import OgiveCore

extension TaskResult: WireConvertible {
    /// Items that cannot be read do not make the whole unreadable: who sent them, and under which
    /// lease, is known, so that the sender can be told (`fault`).
    init(wire: Ogive_V1_Result) throws(WireError) {
        try WireCheck.present(wire.hasClaim, "result.claim")
        self.init(
            claim: try LeaseClaim(wire: wire.claim),
            part: try WireCheck.number(wire.part, "result.part"), items: [])
        do throws(WireError) {
            items = try Self.items(of: wire)
        } catch {
            fault = error.message
        }
    }

    /// The items of a result; throws what is wrong with them.
    static func items(of wire: Ogive_V1_Result) throws(WireError) -> [ItemResult] {
        try WireCheck.list(wire.items, "result.items", max: WireLimits.items)
            .map(ItemResult.init(wire:))
    }

    var wire: Ogive_V1_Result {
        var wire = Ogive_V1_Result()
        wire.claim = claim.wire
        wire.part = UInt32(wireCount: part)
        // By index: `map` would copy each item, with its text.
        wire.items = items.indices.map { items[$0].wire }
        return wire
    }
}
