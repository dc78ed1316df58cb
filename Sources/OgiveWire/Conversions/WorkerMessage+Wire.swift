internal import OgiveCore

extension WorkerMessage {
    /// Takes a decoded message after checking it; results are read by `WireBytes`.
    init(wire: Ogive_V1_Envelope.OneOf_Body) throws(WireError) {
        switch wire {
        case .hello(let hello):
            self = .hello(try Hello(wire: hello))
        case .credit(let credit):
            let leases = try WireCheck.number(
                credit.leases, "credit.leases", max: WireLimits.credit)
            let unscored = try WireCheck.number(
                credit.unscored, "credit.unscored", max: WireLimits.credit)
            self = unscored == 0 ? .credit(leases) : .crowded(leases, unscored: unscored)
        case .results:
            throw WireError(.wrongBody, "results are read as columns")
        case .workerHeartbeat(let heartbeat):
            let outages = try WireCheck.list(
                heartbeat.unavailable, "heartbeat.unavailable", max: EndpointOutage.most)
            let read = try outages.map(EndpointOutage.init(wire:))
            self =
                heartbeat.hasLoad
                ? .report(try WorkerLoad(wire: heartbeat.load), read)
                : read.isEmpty ? .heartbeat : .impaired(read)
        case .returned(let returned):
            let leases = try WireCheck.list(
                returned.leases, "returned.leases", max: WireLimits.leases)
            let names = try leases.map(LeaseName.init(wire:))
            let reason = try WireCheck.text(
                returned.reason, "returned.reason", max: WireLimits.reasonBytes)
            self =
                returned.run == 0
                ? .returned(names) : .declined(RunID(returned.run), reason: reason, names)
        case .draining:
            self = .draining
        case .goodbye:
            self = .goodbye
        case .welcome, .serve, .leases, .ack, .rejected, .cancel, .reRegister, .idle, .refused,
            .coordinatorHeartbeat:
            throw WireError(.wrongBody, "a worker sent what only a coordinator may send")
        }
    }

    /// The message, unchecked; `nil` for results, which `FieldWriter` writes.
    var wire: Ogive_V1_Envelope.OneOf_Body? {
        switch self {
        case .hello(let hello):
            return .hello(hello.wire)
        case .credit(let count):
            var credit = Ogive_V1_Credit()
            credit.leases = UInt32(wireCount: count)
            return .credit(credit)
        case .crowded(let count, let unscored):
            var credit = Ogive_V1_Credit()
            credit.leases = UInt32(wireCount: count)
            credit.unscored = UInt32(wireCount: unscored)
            return .credit(credit)
        case .result:
            return nil
        case .heartbeat:
            return .workerHeartbeat(Ogive_V1_Heartbeat())
        case .impaired(let outages):
            var heartbeat = Ogive_V1_Heartbeat()
            heartbeat.unavailable = outages.prefix(EndpointOutage.most).map(\.wire)
            return .workerHeartbeat(heartbeat)
        case .report(let load, let outages):
            var heartbeat = Ogive_V1_Heartbeat()
            heartbeat.unavailable = outages.prefix(EndpointOutage.most).map(\.wire)
            heartbeat.load = load.wire
            return .workerHeartbeat(heartbeat)
        case .returned(let leases):
            var returned = Ogive_V1_Returned()
            returned.leases = leases.map(\.wire)
            return .returned(returned)
        case .declined(let run, let reason, let leases):
            var returned = Ogive_V1_Returned()
            returned.leases = leases.map(\.wire)
            returned.run = run.rawValue
            returned.reason = reason.cut(toBytes: WireLimits.reasonBytes)
            return .returned(returned)
        case .draining:
            return .draining(Ogive_V1_Draining())
        case .goodbye:
            return .goodbye(Ogive_V1_Goodbye())
        }
    }
}

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
                wire.inFlight, "hello.in_flight", max: WireLimits.leases),
            site: try WorkerSite(wire: wire),
            reported: wire.hasReported ? try WorkerLoad(wire: wire.reported) : nil)
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
        wire.host = site.host.cut(toBytes: WireLimits.nameBytes)
        wire.job = site.job.cut(toBytes: WireLimits.nameBytes)
        wire.endpoints = site.endpoints.prefix(WorkerSite.endpointsMax).map {
            $0.cut(toBytes: WireLimits.endpointBytes)
        }
        if let reported { wire.reported = reported.wire }
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
        self.init(
            claim: try LeaseClaim(wire: wire.claim),
            resolved: try [ItemName](wire: wire.resolved, "held_lease.resolved"))
    }

    var wire: Ogive_V1_HeldLease {
        var wire = Ogive_V1_HeldLease()
        wire.claim = claim.wire
        if !resolved.isEmpty { wire.resolved = resolved.wire }
        return wire
    }
}

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

extension EndpointOutage: WireConvertible {
    init(wire: Ogive_V1_EndpointOutage) throws(WireError) {
        guard let code = ModelError.Code(rawValue: wire.code) else {
            // Escaped: it is a peer's text and goes into logs.
            let name = wire.code.cut(toBytes: 64).debugDescription
            throw WireError(.invalidValue, "endpoint_outage.code is \(name), which is unknown")
        }
        self.init(
            model: try WireCheck.text(
                wire.model, "endpoint_outage.model", max: WireLimits.endpointBytes),
            endpoint: try WireCheck.text(
                wire.endpoint, "endpoint_outage.endpoint", max: WireLimits.endpointBytes),
            code: code,
            message: try WireCheck.text(
                wire.message, "endpoint_outage.message", max: WireLimits.reasonBytes),
            lasting: try WireCheck.duration(
                wire.lastingNanoseconds, "endpoint_outage.lasting_nanoseconds"))
    }

    var wire: Ogive_V1_EndpointOutage {
        var wire = Ogive_V1_EndpointOutage()
        wire.model = model.cut(toBytes: WireLimits.endpointBytes)
        wire.endpoint = endpoint.cut(toBytes: WireLimits.endpointBytes)
        wire.code = code.rawValue
        wire.message = message.cut(toBytes: WireLimits.reasonBytes)
        wire.lastingNanoseconds = lasting.wireNanoseconds
        return wire
    }
}
