internal import FoundationEssentials
internal import OgiveCore

extension Welcome: WireConvertible {
    init(wire: Ogive_V1_Welcome) throws(WireError) {
        let adopted = try WireCheck.list(wire.adopted, "welcome.adopted", max: WireLimits.leases)
        self.init(
            term: Term(wire.term),
            heartbeatInterval: try WireCheck.duration(
                wire.heartbeatNanoseconds, "welcome.heartbeat_nanoseconds", least: 1),
            silenceMax: try WireCheck.duration(
                wire.silenceNanoseconds, "welcome.silence_nanoseconds", least: 1),
            adopted: try adopted.map(Adoption.init(wire:)))
    }

    var wire: Ogive_V1_Welcome {
        var wire = Ogive_V1_Welcome()
        wire.term = term.rawValue
        wire.heartbeatNanoseconds = heartbeatInterval.wireNanoseconds
        wire.silenceNanoseconds = silenceMax.wireNanoseconds
        wire.adopted = adopted.map(\.wire)
        return wire
    }
}

extension Welcome.Adoption: WireConvertible {
    init(wire: Ogive_V1_Adoption) throws(WireError) {
        try WireCheck.present(wire.hasOld, "adoption.old")
        try WireCheck.present(wire.hasNew, "adoption.new")
        self.init(
            old: try LeaseName(wire: wire.old), new: try LeaseName(wire: wire.new),
            proof: try WireCheck.proof(wire.proof, "adoption.proof"))
    }

    var wire: Ogive_V1_Adoption {
        var wire = Ogive_V1_Adoption()
        wire.old = old.wire
        wire.new = new.wire
        wire.proof = Data(proof.bytes)
        return wire
    }
}
