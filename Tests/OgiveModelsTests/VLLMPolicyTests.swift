import Harness
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// The policy against a real vLLM; skipped, with the reason, where there is none.
@Suite(.timeLimit(.minutes(30))) struct VLLMPolicyTests {
    private static func policy(
        drawsPerRequest: Int = 8, model: String = "tiny-policy",
        _ change: (inout PolicySpec) -> Void = { _ in }
    ) async throws -> CompletionPolicy? {
        guard let url = try await VLLMServer.policy.url() else { return nil }
        return try Samples.policy(url, model: model, drawsPerRequest: drawsPerRequest, change)
    }

    @Test func conforms() async throws {
        guard let policy = try await Self.policy() else { return }
        var parameters = SamplingParameters()
        parameters.maxTokens = 24
        for prompt in [Samples.chat, Samples.prompt(.text("Tom has 12"))] {
            let conformance = PolicyConformance(
                policy: policy, prompt: prompt, parameters: parameters)
            #expect(await conformance.problems() == [])
        }
    }

    @Test func drawsAreTheSameOneByOneAndTogether() async throws {
        guard let single = try await Self.policy(drawsPerRequest: 1),
            let many = try await Self.policy(drawsPerRequest: 16)
        else { return }
        let indexes = Array(Int32(0)..<32)
        let one = await single.sample(Samples.sampleRequest(indexes))
        let together = await many.sample(Samples.sampleRequest(indexes))
        for (left, right) in zip(one, together) {
            let (left, right) = (try left.get(), try right.get())
            #expect(left.text == right.text)
            #expect(left.tokenCount == right.tokenCount)
            #expect(
                abs((left.logProbability ?? .nan) - (right.logProbability ?? .nan)) < 1e-3)
        }
        #expect(Set(try one.map { try $0.get().text }).count > 3)
    }

    @Test func tokensAreCountedWithoutLogProbabilities() async throws {
        guard let with = try await Self.policy(),
            let without = try await Self.policy({ $0.logProbabilities = .none })
        else { return }
        let request = Samples.sampleRequest([0, 1, 2])
        for (left, right) in zip(await with.sample(request), await without.sample(request)) {
            #expect(try left.get().text == right.get().text)
            #expect(try left.get().tokenCount == right.get().tokenCount)
            #expect(try right.get().logProbability == nil)
        }
    }

    @Test func logProbabilitiesAreTheModelsAtAnyTemperature() async throws {
        guard let policy = try await Self.policy() else { return }
        // Among many draws at two temperatures the same text comes up, with the same value.
        var values: [String: [Double]] = [:]
        for temperature in [1.0, 0.5] {
            var request = Samples.sampleRequest(Array(0..<32))
            request.parameters.temperature = temperature
            for answer in await policy.sample(request) {
                let completion = try answer.get()
                values[completion.text, default: []].append(
                    try #require(completion.logProbability))
            }
        }
        let shared = values.values.filter { $0.count > 8 }
        #expect(!shared.isEmpty)
        for values in shared {
            #expect((values.max() ?? 0) - (values.min() ?? 0) < 1e-3)
        }
    }

    @Test func partialTurnIsContinuedAndNotRepeated() async throws {
        guard let policy = try await Self.policy() else { return }
        let prompt = Samples.prompt(
            .chat([
                ChatMessage(role: "user", content: Samples.question),
                ChatMessage(role: "assistant", content: "The answer"),
            ]))
        for answer in await policy.sample(Samples.sampleRequest(prompt, Array(0..<4))) {
            #expect(try answer.get().text.hasPrefix(" is"))
            #expect(try !answer.get().text.contains("The answer"))
        }
    }

    @Test func overlongPromptCostsOnlyItself() async throws {
        guard let policy = try await Self.policy() else { return }
        let long = Samples.prompt(
            .chat([ChatMessage(role: "user", content: String(repeating: "apples ", count: 2_000))]))
        async let refused = policy.sample(Samples.sampleRequest(long, [0, 1]))
        async let sampled = policy.sample(Samples.sampleRequest([0, 1]))
        #expect(await refused.map(\.code) == [.promptTooLong, .promptTooLong])
        #expect(await sampled.map(\.code) == [nil, nil])
    }

    @Test func truncatedCompletionIsKept() async throws {
        guard let policy = try await Self.policy() else { return }
        var request = Samples.sampleRequest([0, 1])
        request.parameters.maxTokens = 2
        for answer in await policy.sample(request) {
            #expect(try answer.get().isTruncated)
            #expect(try answer.get().tokenCount == 2)
        }
    }

    @Test func wrongModelNamesWhatIsServed() async throws {
        guard let policy = try await Self.policy(model: "gpt-2") else { return }
        let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
        #expect(error?.code == .wrongModel)
        #expect(error?.message.contains("tiny-policy") == true)
    }

    @Test func fingerprintNamesServerAndVersion() async throws {
        guard let policy = try await Self.policy() else { return }
        let facts = try await policy.fingerprint().facts
        #expect(facts["server"] == "vLLM")
        #expect(facts["version"]?.isEmpty == false)
        #expect(facts["max_model_len"] == "512")
    }

    @Test func extraBodyReachesTheServer() async throws {
        guard let plain = try await Self.policy(),
            let bounded = try await Self.policy({
                $0.extraBody = ["min_tokens": .integer(20)]
            }), let refused = try await Self.policy({ $0.extraBody = ["min_tokens": .text("x")] })
        else { return }
        let request = Samples.sampleRequest(Array(0..<8))
        let counts = try await bounded.sample(request).map { try $0.get().tokenCount ?? 0 }
        #expect(counts.allSatisfy { $0 >= 20 })
        let free = try await plain.sample(request).map { try $0.get().tokenCount ?? 0 }
        #expect(free.contains { $0 < 20 })
        #expect(await refused.sample(request)[0].code == .rejected)
    }

    @Test func stopTextsEndACompletion() async throws {
        guard let policy = try await Self.policy() else { return }
        var request = Samples.sampleRequest(Array(0..<4))
        request.parameters.stop = [" "]
        for answer in await policy.sample(request) {
            #expect(try !answer.get().text.contains(" "))
        }
    }
}
