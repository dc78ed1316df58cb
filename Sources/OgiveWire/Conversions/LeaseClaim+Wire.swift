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
