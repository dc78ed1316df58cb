internal import FoundationEssentials
internal import OgiveCore

extension CoordinatorMessage {
    /// Takes a decoded message after checking it; leases and acknowledgements are read by
    /// `WireBytes`.
    init(wire: Ogive_V1_Envelope.OneOf_Body) throws(WireError) {
        switch wire {
        case .welcome(let welcome):
            self = .welcome(try Welcome(wire: welcome))
        case .serve(let run):
            self = .serve(try RunDescription(wire: run))
        case .leases, .ack:
            throw WireError(.wrongBody, "leases and acknowledgements are read as columns")
        case .rejected(let rejected):
            try WireCheck.present(rejected.hasResult, "rejected.result")
            self = .rejected(
                try ResultName(wire: rejected.result),
                reason: try WireCheck.text(
                    rejected.reason, "rejected.reason", max: WireLimits.reasonBytes))
        case .cancel(let cancel):
            try WireCheck.present(cancel.hasLease, "cancel.lease")
            self = .cancel(try LeaseName(wire: cancel.lease))
        case .reRegister:
            self = .reRegister
        case .idle(let idle):
            self = .idle(
                try WireCheck.text(idle.reason, "idle.reason", max: WireLimits.reasonBytes))
        case .refused(let refused):
            self = .refused(
                try WireCheck.text(refused.reason, "refused.reason", max: WireLimits.reasonBytes))
        case .coordinatorHeartbeat:
            self = .heartbeat
        case .hello, .credit, .results, .workerHeartbeat, .returned, .draining, .goodbye:
            throw WireError(.wrongBody, "a coordinator sent what only a worker may send")
        }
    }

    /// The message, unchecked; `nil` for leases and acknowledgements, which `FieldWriter` writes.
    var wire: Ogive_V1_Envelope.OneOf_Body? {
        switch self {
        case .welcome(let welcome):
            return .welcome(welcome.wire)
        case .serve(let run):
            return .serve(run.wire)
        case .lease, .acks:
            return nil
        case .rejected(let name, let reason):
            var rejected = Ogive_V1_Rejected()
            rejected.result = name.wire
            rejected.reason = reason.cut(toBytes: WireLimits.reasonBytes)
            return .rejected(rejected)
        case .cancel(let name):
            var cancel = Ogive_V1_Cancel()
            cancel.lease = name.wire
            return .cancel(cancel)
        case .reRegister:
            return .reRegister(Ogive_V1_ReRegister())
        case .idle(let reason):
            var idle = Ogive_V1_Idle()
            idle.reason = reason.cut(toBytes: WireLimits.reasonBytes)
            return .idle(idle)
        case .refused(let reason):
            var refused = Ogive_V1_Refused()
            refused.reason = reason.cut(toBytes: WireLimits.reasonBytes)
            return .refused(refused)
        case .heartbeat:
            return .coordinatorHeartbeat(Ogive_V1_Heartbeat())
        }
    }
}

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

extension RunDescription: WireConvertible {
    init(wire: Ogive_V1_Serve) throws(WireError) {
        let text = try WireCheck.text(wire.specJson, "serve.spec_json", max: WireLimits.specBytes)
        let spec: RunSpec
        do {
            spec = try BoundedJSON.decode(RunSpec.self, from: Data(text.utf8))
        } catch {
            throw WireError(
                .invalidValue, "serve.spec_json is not the specification of a run", cause: error)
        }
        if let problem = spec.problem {
            throw WireError(.invalidValue, "serve.spec_json: \(problem)")
        }
        self.init(
            id: RunID(wire.run), sampling: SamplingID(wire.sampling),
            scoring: ScoringID(wire.scoring), spec: spec)
        if wire.hasPolicyFingerprint {
            policyFingerprint = try Fingerprint(wire: wire.policyFingerprint)
        }
        if wire.hasScorerFingerprint {
            scorerFingerprint = try Fingerprint(wire: wire.scorerFingerprint)
        }
    }

    var wire: Ogive_V1_Serve {
        var wire = Ogive_V1_Serve()
        wire.run = id.rawValue
        wire.sampling = sampling.rawValue
        wire.scoring = scoring.rawValue
        wire.specJson = CanonicalJSON.text(spec)
        if let policyFingerprint { wire.policyFingerprint = policyFingerprint.wire }
        if let scorerFingerprint { wire.scorerFingerprint = scorerFingerprint.wire }
        return wire
    }
}
