internal import OgiveCore

extension ResultName: WireConvertible {
    init(wire: Ogive_V1_Ack) throws(WireError) {
        try WireCheck.present(wire.hasLease, "ack.lease")
        self.init(
            lease: try LeaseName(wire: wire.lease),
            part: try WireCheck.number(wire.part, "ack.part"))
    }

    var wire: Ogive_V1_Ack {
        var wire = Ogive_V1_Ack()
        wire.lease = lease.wire
        wire.part = UInt32(wireCount: part)
        return wire
    }
}
