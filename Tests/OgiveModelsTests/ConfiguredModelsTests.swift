import OgiveCore
import OgiveModels
import Testing

@Suite struct ConfiguredModelsTests {
    @Test func offersWhatIsConfigured() async throws {
        let script = OpenAIPolicyTests.script(vLLM: true, OpenAIPolicyTests.faithful)
        try await ScriptedServer.serving(script) { server in
            let models = try ConfiguredModels(
                policies: [
                    PolicyEndpoint(kind: .openai, model: "tiny-policy", url: server.url + "/v1"),
                    PolicyEndpoint(kind: .synthetic, model: "bell"),
                ],
                scorers: [
                    ScorerEndpoint(kind: .verifier, model: "check"),
                    ScorerEndpoint(kind: .synthetic, model: "bell"),
                    ScorerEndpoint(kind: .classify, model: "tiny-policy", url: server.url),
                ])
            let offer = try await models.offer()
            #expect(offer.policies.map(\.kind) == ["openai", "synthetic"])
            #expect(offer.scorers.map(\.kind) == ["verifier", "synthetic", "classify"])
            #expect(offer.policies[0].fingerprint.facts["server"] == "vLLM")
            let spec = PolicySpec(kind: .openai, model: "tiny-policy")
            let policy = try models.policies(for: spec)[0].model
            #expect(try await policy.fingerprint() == offer.policies[0].fingerprint)
            #expect(await policy.sample(Samples.sampleRequest([0, 1])).compactMap(\.code) == [])
        }
    }

    @Test func verifierOfASpecificationIsTheOneOffered() async throws {
        let models = try ConfiguredModels(
            policies: [], scorers: [ScorerEndpoint(kind: .verifier, model: "check")])
        var spec = ScorerSpec(kind: .verifier, model: "check")
        spec.verifier = VerifierSpec(rule: .exact)
        let fingerprint = try await models.scorers(for: spec)[0].model.fingerprint()
        #expect(try await models.offer().scorers[0].fingerprint == fingerprint)
    }

    @Test func whatIsNotConfiguredIsMisconfigured() throws {
        let models = try ConfiguredModels(policies: [], scorers: [])
        let policy = #expect(throws: ModelError.self) {
            try models.policies(for: PolicySpec(kind: .openai, model: "other"))
        }
        #expect(policy?.code == .misconfigured)
        #expect(policy?.message.contains("`other`") == true)
        #expect(throws: ModelError.self) {
            try models.scorers(for: ScorerSpec(kind: .rerank, model: "other"))
        }
    }

    @Test func missingAddressOrCommandIsMisconfigured() {
        for kind in [ScorerSpec.Kind.rerank, .classify, .pooling, .command] {
            let error = #expect(throws: ModelError.self) {
                try ConfiguredModels(
                    policies: [], scorers: [ScorerEndpoint(kind: kind, model: "m")])
            }
            #expect(error?.code == .misconfigured)
        }
        #expect(throws: ModelError.self) {
            try ConfiguredModels(
                policies: [PolicyEndpoint(kind: .openai, model: "m")], scorers: [])
        }
    }
}
