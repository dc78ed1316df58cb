import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// Checks against a real llama.cpp server; skipped, with the reason, where there is none.
@Suite(.timeLimit(.minutes(10))) struct LlamaServerTests {
    @Test func policyConforms() async throws {
        try await LlamaServer.serving(.policy) { url in
            let policy = try Samples.policy(url)
            var parameters = SamplingParameters()
            parameters.maxTokens = 24
            let chat = PolicyConformance(
                policy: policy, prompt: Samples.chat, parameters: parameters)
            #expect(await chat.problems() == [])
            let text = PolicyConformance(
                policy: policy, prompt: Samples.prompt(.text("Tom has 12")), parameters: parameters)
            #expect(await text.problems() == [])
        }
    }

    @Test func drawsAreTheSameOneByOneAndTogether() async throws {
        try await LlamaServer.serving(.policy) { url in
            let indexes = Array(Int32(0)..<16)
            let one = try await Samples.policy(url, drawsPerRequest: 1)
                .sample(Samples.sampleRequest(indexes))
            let many = try await Samples.policy(url, drawsPerRequest: 8)
                .sample(Samples.sampleRequest(indexes))
            for (left, right) in zip(one, many) {
                let (left, right) = (try left.get(), try right.get())
                #expect(left.text == right.text)
                #expect(left.tokenCount == right.tokenCount)
                #expect(left.finishReason == right.finishReason)
                #expect(
                    abs((left.logProbability ?? .nan) - (right.logProbability ?? .nan)) < 0.05)
            }
            #expect(Set(try one.map { try $0.get().text }).count > 3)
        }
    }

    @Test func askingForMoreThanTheSlotsIsSplit() async throws {
        try await LlamaServer.serving(.policy, slots: 2) { url in
            let answers = try await Samples.policy(url, drawsPerRequest: 64)
                .sample(Samples.sampleRequest(Array(0..<7)))
            #expect(answers.count == 7)
            #expect(answers.compactMap(\.code) == [])
        }
    }

    @Test func partialTurnIsContinuedAndNotRepeated() async throws {
        try await LlamaServer.serving(.policy) { url in
            let prompt = Samples.prompt(
                .chat([
                    ChatMessage(role: "user", content: Samples.question),
                    ChatMessage(role: "assistant", content: "The answer"),
                ]))
            let answers = try await Samples.policy(url)
                .sample(Samples.sampleRequest(prompt, Array(0..<4)))
            for answer in answers {
                #expect(try answer.get().text.hasPrefix(" is"))
                #expect(try !answer.get().text.contains("The answer"))
            }
        }
    }

    @Test func fingerprintNamesModelAndTemplate() async throws {
        try await LlamaServer.serving(.policy) { url in
            let facts = try await Samples.policy(url).fingerprint().facts
            #expect(facts["model"] == "tiny-policy")
            #expect(facts["server"] == "llama.cpp")
            #expect(facts["n_ctx"] == "512")
            #expect(facts["chat_template_sha256"]?.count == 64)
            // The same server again, on another port with other slots, is the same model.
            try await LlamaServer.serving(.policy, slots: 4) { other in
                let again = try await Samples.policy(other).fingerprint().facts
                #expect(again == facts)
            }
        }
    }

    @Test func wrongModelNamesWhatIsServed() async throws {
        try await LlamaServer.serving(.policy) { url in
            let policy = try Samples.policy(url, model: "gpt-2")
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == .wrongModel)
            #expect(error?.message.contains("tiny-policy") == true)
        }
    }

    @Test func wrongKeyIsUnauthorized() async throws {
        try await LlamaServer.serving(.policy, apiKey: "right") { url in
            for key in [nil, "wrong-key"] {
                let policy = try Samples.policy(url, apiKey: key)
                let error = await #expect(throws: ModelError.self) {
                    try await policy.fingerprint()
                }
                #expect(error?.code == .unauthorized)
                #expect(error?.message.contains("wrong-key") == false)
                #expect(await policy.sample(Samples.sampleRequest([0]))[0].code == .unauthorized)
            }
            let right = try Samples.policy(url, apiKey: "right")
            #expect(await right.sample(Samples.sampleRequest([0]))[0].code == nil)
        }
    }

    @Test func longPromptIsPromptTooLong() async throws {
        try await LlamaServer.serving(.policy) { url in
            let long = Samples.prompt(
                .chat([
                    ChatMessage(role: "user", content: String(repeating: "apples ", count: 2_000))
                ]))
            let answer = try await Samples.policy(url).sample(Samples.sampleRequest(long, [0]))
            #expect(answer[0].code == .promptTooLong)
        }
    }

    @Test func truncatedCompletionIsKept() async throws {
        try await LlamaServer.serving(.policy) { url in
            var request = Samples.sampleRequest([0, 1])
            request.parameters.maxTokens = 2
            for answer in try await Samples.policy(url).sample(request) {
                let completion = try answer.get()
                #expect(completion.isTruncated)
                #expect(completion.tokenCount == 2)
            }
        }
    }

    @Test func rewardScorerConforms() async throws {
        try await LlamaServer.serving(.reward) { url in
            let texts = ["The answer is 20.", "The answer is 19.", "apples: 19", "No idea"]
            let scorer = RerankScorer(
                server: try Samples.connection(url, model: "tiny-reward"), batchSize: 3)
            let conformance = ScorerConformance(
                scorer: scorer,
                requests: texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) },
                tolerance: 0.02)
            #expect(await conformance.problems() == [])
            // Raw rewards: of both signs and beyond 1, which no probability is; 12 + 7 is 19.
            let rewards = try await scorer.score(conformance.requests).map { try $0.get().reward }
            #expect(rewards[1] > rewards[0])
            #expect(rewards[1] > 1)
            #expect(rewards[3] < rewards[1])
        }
    }

    @Test func oneLongCompletionDoesNotFailItsBatch() async throws {
        try await LlamaServer.serving(.reward) { url in
            let scorer = RerankScorer(
                server: try Samples.connection(url, model: "tiny-reward"), batchSize: 8)
            let long = String(repeating: "apples ", count: 2_000)
            let answers = await scorer.score(
                ["The answer is 19.", long, "19"].map {
                    ScoreRequest(prompt: Samples.chat, completion: $0)
                })
            #expect(answers.map(\.code) == [nil, .promptTooLong, nil])
        }
    }
}
