internal import OgiveCore

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
