internal import FoundationEssentials
internal import OgiveCore

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
