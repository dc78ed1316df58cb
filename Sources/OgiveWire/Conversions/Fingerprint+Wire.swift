internal import OgiveCore

extension Fingerprint: WireConvertible {
    init(wire: Ogive_V1_Fingerprint) throws(WireError) {
        guard wire.facts.count <= WireLimits.facts else {
            throw WireError(
                .tooLarge,
                "fingerprint has \(wire.facts.count) facts; at most \(WireLimits.facts) are allowed"
            )
        }
        for (name, value) in wire.facts {
            _ = try WireCheck.stored(name, "name of a fact", max: WireLimits.nameBytes)
            _ = try WireCheck.stored(value, "value of a fact", max: WireLimits.factBytes)
        }
        self.init(wire.facts)
    }

    var wire: Ogive_V1_Fingerprint {
        var wire = Ogive_V1_Fingerprint()
        wire.facts = facts
        return wire
    }
}
