import FoundationEssentials
import OgiveCore
import OgiveModels
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConfiguredModelsTests {
    @Test func offersWhatIsConfigured() async throws {
        let script = CompletionPolicyTests.script(vLLM: true, CompletionPolicyTests.faithful)
        try await ScriptedServer.serving(script) { server in
            let models = try ConfiguredModels(
                policies: [
                    PolicyEndpoint(kind: .openai, model: "tiny-policy", url: server.url + "/v1"),
                    PolicyEndpoint(kind: .synthetic, model: "bell"),
                ],
                scorers: [
                    ScorerEndpoint(VerifierAdapter(), model: "check"),
                    ScorerEndpoint(SyntheticAdapter(), model: "bell"),
                    ScorerEndpoint(
                        RewardModelAdapter(.classify), model: "tiny-policy", url: server.url),
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

    private static func models(_ urls: [String]) throws -> ConfiguredModels {
        try ConfiguredModels(
            policies: urls.map { PolicyEndpoint(kind: .openai, model: "tiny-policy", url: $0) },
            scorers: [])
    }

    @Test func endpointsOfOneModelHaveOneFingerprint() async throws {
        let script = CompletionPolicyTests.script(vLLM: true, CompletionPolicyTests.faithful)
        try await ScriptedServer.serving(script) { first in
            try await ScriptedServer.serving(script) { second in
                let models = try Self.models([first.url, second.url])
                #expect(try await models.offer().policies.count == 1)
                let spec = PolicySpec(kind: .openai, model: "tiny-policy")
                let served = try models.policies(for: spec)
                #expect(served.map(\.name) == [first.url, second.url])
                for endpoint in served {
                    let drawn = await endpoint.model.sample(Samples.sampleRequest([3]))
                    #expect(try drawn[0].get().text == "s8")
                }
                // One that is away is passed over, as long as another one answers.
                let closed = try Self.models(["http://127.0.0.1:1", second.url])
                #expect(try await closed.offer() == models.offer())
            }
        }
    }

    @Test func endpointsWithDifferentModelsAreNamed() async throws {
        let script = CompletionPolicyTests.script(vLLM: true, CompletionPolicyTests.faithful)
        let other: @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply = { request in
            guard request.path == "/version" else { return script(request) }
            return .json(#"{"version":"0.33.0"}"#)
        }
        try await ScriptedServer.serving(script) { first in
            try await ScriptedServer.serving(other) { second in
                let models = try Self.models([first.url, second.url])
                let error = await #expect(throws: ModelError.self) { try await models.offer() }
                #expect(error?.code == .wrongModel)
                for part in [first.url, second.url, "version: 0.32.0 there, 0.33.0 here"] {
                    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
                }
                // Its draws are refused as well: the first one that was asked says what is right.
                let spec = PolicySpec(kind: .openai, model: "tiny-policy")
                let served = try models.policies(for: spec)
                let drawn = await served[1].model.sample(Samples.sampleRequest([0]))
                #expect(drawn.map(\.code) == [.wrongModel])
            }
        }
    }

    @Test(arguments: [
        (
            "vllm:num_requests_running{engine=\"0\",model_name=\"a b\"} 3.0\n"
                + "vllm:num_requests_waiting{engine=\"0\",model_name=\"a b\"} 4.0\n", 3, 4
        ),
        (
            "# HELP llamacpp:requests_deferred x 9\nllamacpp:requests_processing 2\n"
                + "llamacpp:requests_deferred 5", 2, 5
        ),
        (
            "sglang:num_running_reqs{a=\"1\"} 1\nsglang:num_running_reqs{a=\"2\"} 1\n"
                + "sglang:num_queue_reqs{a=\"1\"} 7", 2, 7
        ),
    ])
    func loadIsReadFromMetrics(_ page: String, _ running: Int, _ waiting: Int) {
        let load = ServerMetrics.load(Data(page.utf8))
        let queuesRequests = page.contains("llamacpp")
        #expect(
            load
                == ServerLoad(
                    running: running, waiting: waiting, queuesRequests: queuesRequests))
    }

    @Test(arguments: [
        "", "a b c", "vllm:num_requests_waiting NaN", "vllm:num_requests_waiting -1",
        "vllm:num_requests_waiting{", "<html>", "llamacpp:requests_deferred 1e300",
    ])
    func otherMetricsTellNothing(_ page: String) {
        #expect(ServerMetrics.load(Data(page.utf8)) == nil)
    }

    @Test func verifierOfASpecificationIsTheOneOffered() async throws {
        let models = try ConfiguredModels(
            policies: [], scorers: [ScorerEndpoint(VerifierAdapter(), model: "check")])
        let spec = ScorerSpec(kind: .verifier(VerifierSpec(rule: .exact)), model: "check")
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
        let adapters: [any ScorerAdapter] = [
            RewardModelAdapter(.rerank), RewardModelAdapter(.classify),
            RewardModelAdapter(.pooling), JudgeAdapter(), HTTPAdapter(), CommandAdapter(),
        ]
        for adapter in adapters {
            let error = #expect(throws: ModelError.self) {
                try ConfiguredModels(
                    policies: [], scorers: [ScorerEndpoint(adapter, model: "m")])
            }
            #expect(error?.code == .misconfigured)
        }
        #expect(throws: ModelError.self) {
            try ConfiguredModels(
                policies: [PolicyEndpoint(kind: .openai, model: "m")], scorers: [])
        }
    }
}
