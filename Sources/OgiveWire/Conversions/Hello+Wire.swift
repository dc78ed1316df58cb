internal import OgiveCore

extension Hello: WireConvertible {
    init(wire: Ogive_V1_Hello) throws(WireError) {
        self.init(
            name: try WireCheck.text(wire.name, "hello.name", max: WireLimits.nameBytes),
            version: try WireCheck.text(wire.version, "hello.version", max: WireLimits.nameBytes),
            offer: Offer(
                policies: try WireCheck.each(
                    wire.policies, "hello.policies", max: WireLimits.models),
                scorers: try WireCheck.each(
                    wire.scorers, "hello.scorers", max: WireLimits.models)),
            credit: try WireCheck.number(wire.credit, "hello.credit", max: WireLimits.credit),
            inFlight: try WireCheck.each(
                wire.inFlight, "hello.in_flight", max: WireLimits.leases))
        let bytes = offer.byteCount
        guard bytes <= WireLimits.offerBytes else {
            throw WireError(
                .tooLarge,
                "the models of a hello have \(bytes) bytes; at most \(WireLimits.offerBytes) are"
                    + " allowed")
        }
    }

    var wire: Ogive_V1_Hello {
        var wire = Ogive_V1_Hello()
        wire.name = name
        wire.version = version
        wire.policies = offer.policies.map(\.wire)
        wire.scorers = offer.scorers.map(\.wire)
        wire.credit = UInt32(wireCount: credit)
        wire.inFlight = inFlight.map(\.wire)
        return wire
    }
}

extension Offer {
    /// Bytes of its texts.
    fileprivate var byteCount: Int {
        (policies + scorers).reduce(0) { bytes, model in
            let facts = model.fingerprint.facts.reduce(0) { bytes, fact in
                bytes + fact.key.utf8.count + fact.value.utf8.count
            }
            return bytes + model.kind.utf8.count + model.model.utf8.count + facts
                + (model.logProbabilityObstacle?.utf8.count ?? 0)
        }
    }
}

extension Offer.Model: WireConvertible {
    init(wire: Ogive_V1_Model) throws(WireError) {
        try WireCheck.present(wire.hasFingerprint, "model.fingerprint")
        self.init(
            kind: try WireCheck.text(wire.kind, "model.kind", max: WireLimits.nameBytes),
            model: try WireCheck.text(wire.model, "model.model", max: WireLimits.nameBytes),
            fingerprint: try Fingerprint(wire: wire.fingerprint))
        if wire.hasLogProbabilityObstacle {
            logProbabilityObstacle = try WireCheck.text(
                wire.logProbabilityObstacle, "model.log_probability_obstacle",
                max: WireLimits.reasonBytes)
        }
    }

    var wire: Ogive_V1_Model {
        var wire = Ogive_V1_Model()
        wire.kind = kind
        wire.model = model
        wire.fingerprint = fingerprint.wire
        if let logProbabilityObstacle {
            wire.logProbabilityObstacle = logProbabilityObstacle.cut(
                toBytes: WireLimits.reasonBytes)
        }
        return wire
    }
}

extension HeldLease: WireConvertible {
    init(wire: Ogive_V1_HeldLease) throws(WireError) {
        try WireCheck.present(wire.hasClaim, "held_lease.claim")
        let settled = try WireCheck.list(
            wire.settled, "held_lease.settled", max: WireLimits.items)
        self.init(
            claim: try LeaseClaim(wire: wire.claim),
            settled: try settled.map(ItemName.init(wire:)))
    }

    var wire: Ogive_V1_HeldLease {
        var wire = Ogive_V1_HeldLease()
        wire.claim = claim.wire
        wire.settled = settled.map(\.wire)
        return wire
    }
}
