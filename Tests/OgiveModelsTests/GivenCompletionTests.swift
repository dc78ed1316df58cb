import FoundationEssentials
import OgiveCore
import Testing

@testable import OgiveModels

/// Log-probabilities of completions that are given, against a server that tokenises byte by byte.
@Suite(.timeLimit(.minutes(10))) struct GivenCompletionTests {
    static let hello = Samples.prompt(.chat([ChatMessage(role: "user", content: "hi")]))

    private func ask(
        _ tokenizer: ScriptedTokenizer, after prompt: Prompt = hello, _ texts: [String],
        _ change: @escaping (inout PolicySpec) -> Void = { _ in }
    ) async throws -> (
        answers: [Result<LogProbability, ModelError>], posts: [ScriptedServer.Request]
    ) {
        try await ScriptedServer.serving(tokenizer.reply) { server in
            let answers = try await Samples.policy(server.url, change).logProbabilities(
                LogProbabilityRequest(prompt: prompt, completions: texts))
            return (answers, server.requests.filter { $0.path == "/v1/completions" })
        }
    }

    /// The sum that `ScriptedTokenizer.faithful` tells of a text and the end token.
    private func sum(_ text: String) -> Double {
        -text.utf8.reduce(Double(ScriptedTokenizer.end)) { $0 + Double($1) + 100 } / 1000
    }

    @Test func theEndTokenCountsAndWhatFollowsItDoesNot() async throws {
        let (answers, posts) = try await ask(ScriptedTokenizer(), ["ab", "", " é\n"])
        for (answer, text) in zip(answers, ["ab", "", " é\n"]) {
            let value = try answer.get()
            #expect(abs(value.sum - sum(text)) < 1e-12)
            #expect(value.tokenCount == text.utf8.count + 1)
            #expect(value.tokenIDs == nil && value.tokenValues == nil)
        }
        // All three in one request, behind the prompt as sampling has it.
        #expect(posts.count == 1)
        #expect(posts[0].body.contains("[1,4,204,205,2,9,5,197,198,2]"))
        #expect(posts[0].body.contains(#""prompt_logprobs":0"#))
    }

    @Test func tokensComeWhenAskedFor() async throws {
        let (answers, _) = try await ask(ScriptedTokenizer(), ["ab"]) {
            $0.logProbabilities = .tokens
        }
        let value = try answers[0].get()
        #expect(value.tokenIDs == [197, 198, 2])
        #expect(value.tokenValues == [-0.197, -0.198, -0.002])
    }

    @Test func aPartialTurnIsContinuedAndATextToo() async throws {
        let partial = Samples.prompt(
            .chat([
                ChatMessage(role: "user", content: "hi"),
                ChatMessage(role: "assistant", content: "o"),
            ]))
        let (_, posts) = try await ask(ScriptedTokenizer(), after: partial, ["k"])
        #expect(posts[0].body.contains("[1,4,204,205,2,9,5,211,207,2]"))
        let (_, texts) = try await ask(
            ScriptedTokenizer(), after: Samples.prompt(.text("o")), ["k"])
        #expect(texts[0].body.contains("[1,211,207,2]"))
    }

    @Test func aTokeniserThatAddsASpaceIsAskedForBothTogether() async throws {
        let (answers, posts) = try await ask(ScriptedTokenizer(addsSpace: true), ["ab"])
        #expect(try abs(answers[0].get().sum - sum("ab")) < 1e-12)
        #expect(posts[0].body.contains("[1,4,204,205,2,9,5,197,198,2]"))
    }

    @Test func aTextThatNoTokensGiveBackIsRejectedAlone() async throws {
        let odd = ScriptedTokenizer(addsSpace: true, strips: true)
        let (answers, _) = try await ask(odd, ["ab", "AB"])
        #expect(answers[0].code == .rejected)
        #expect(answers[0].message.contains("byte for byte"))
        #expect(try abs(answers[1].get().sum - sum("AB")) < 1e-12)
    }

    @Test func aCandidateThatDoesNotFitFailsAlone() async throws {
        let long = String(repeating: "x", count: 506)
        let (answers, posts) = try await ask(ScriptedTokenizer(), ["ab", long])
        #expect(answers[0].code == nil)
        #expect(answers[1].code == .promptTooLong)
        #expect(answers[1].message.contains("514") && answers[1].message.contains("511"))
        #expect(posts.count == 1)
    }

    @Test func theEndTokenIsThatOfTheSpecification() async throws {
        let (answers, _) = try await ask(ScriptedTokenizer(), ["ab"]) { $0.endToken = "~" }
        #expect(try abs(answers[0].get().sum - (sum("ab") + 0.002 - 0.226)) < 1e-12)
        let (twice, _) = try await ask(ScriptedTokenizer(), ["ab"]) { $0.endToken = "~~" }
        #expect(twice[0].code == .misconfigured)
        let (ended, _) = try await ask(ScriptedTokenizer(), ["a~"]) { $0.endToken = "~" }
        #expect(ended[0].code == .rejected)
    }

    @Test func everyTokenThatEndsACompletionIsRefusedWithinOne() async throws {
        let (answers, _) = try await ask(
            ScriptedTokenizer(), ["a<eot>b", "<think>a", "1 <2> 3", "a<eot>"])
        #expect(answers.map(\.code) == [.rejected, nil, nil, .rejected])
        #expect(answers[0].message.contains("<eot>"))
        #expect(try answers[1].get().tokenCount == 3)
    }

    @Test func aRefusedBatchIsAskedForOneByOne() async throws {
        let culprit = 197
        let tokenizer = ScriptedTokenizer(answer: { prompts in
            prompts.contains { $0.contains(culprit) }
                ? .answer(status: 400, body: #"{"error":{"message":"no","code":400}}"#)
                : ScriptedTokenizer.faithful(prompts)
        })
        let (answers, posts) = try await ask(tokenizer, ["b", "a", "c"])
        #expect(answers.map(\.code) == [nil, .rejected, nil])
        #expect(posts.count == 4)
    }

    @Test(arguments: [
        (#"{"choices":[]}"#, ModelError.Code.wrongCount),
        (#"{"choices":[{"index":0,"prompt_logprobs":null}]}"#, .malformed),
        (#"{"choices":[{"index":0,"prompt_logprobs":[null,{"4":{"logprob":-1}}]}]}"#, .malformed),
        (
            #"{"choices":[{"index":0,"prompt_logprobs":[null,{},{},{},{},{},{},{},{"2":{"logprob":"#
                + "-1}}]}]}", .malformed
        ),
        (#"{"model":"other","choices":[]}"#, .wrongModel),
    ]) func oddAnswersAreTypedFailures(body: String, code: ModelError.Code) async throws {
        let tokenizer = ScriptedTokenizer(answer: { _ in .json(body) })
        let (answers, _) = try await ask(tokenizer, ["a"])
        #expect(answers.map(\.code) == [code])
    }

    @Test func batchesAreBoundedByTokens() {
        let given = [3, 3, 3, 9, 1].enumerated().map {
            GivenTokens(index: $0, prompt: [1], completion: Array(repeating: 7, count: $1))
        }
        let batches = GivenTokens.batches(given, tokensMax: 8)
        #expect(batches.map { $0.map(\.index) } == [[0, 1], [2], [3], [4]])
        #expect(GivenTokens.batches([]).isEmpty)
    }

    @Test func otherServersSayThatTheyCannot() async throws {
        let script = CompletionPolicyTests.script(vLLM: false) { _ in "{}" }
        try await ScriptedServer.serving(script) { server in
            let policy = try Samples.policy(server.url)
            let obstacle = try #require(try await policy.logProbabilityObstacle())
            #expect(obstacle.contains("llama.cpp") && obstacle.contains("vLLM"))
            let answers = await policy.logProbabilities(
                LogProbabilityRequest(prompt: Self.hello, completions: ["a", "b"]))
            #expect(answers.map(\.code) == [.unsupported, .unsupported])
        }
    }

    @Test(arguments: [true, false]) func tokensOfDrawsAreKeptWhenAskedFor(vLLM: Bool) async throws {
        let entries =
            vLLM
            ? #"{"logprob":-0.5},{"logprob":-0.25}"#
            : #"{"id":7,"logprob":-0.5},{"id":2,"logprob":-0.25}"#
        let answer =
            #"{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"},"#
            + (vLLM ? #""token_ids":[7,2],"# : "") + #""logprobs":{"content":[\#(entries)]}}]}"#
        let script = CompletionPolicyTests.script(vLLM: vLLM) { _ in answer }
        try await ScriptedServer.serving(script) { server in
            let policy = try Samples.policy(server.url) { $0.logProbabilities = .tokens }
            let draw = try await policy.sample(Samples.sampleRequest([0]))[0].get()
            #expect(draw.tokenIDs == [7, 2])
            #expect(draw.tokenLogProbabilities == [-0.5, -0.25])
            #expect(
                server.requests.last { $0.method == "POST" }?.body
                    .contains(#""return_token_ids":true"#) == vLLM)
            let sum = try await Samples.policy(server.url).sample(Samples.sampleRequest([0]))[0]
            #expect(try sum.get().tokenIDs == nil)
        }
    }

    @Test func asManyTokensAsValuesOrNone() async throws {
        let answer =
            #"{"choices":[{"index":0,"message":{"content":"x"},"token_ids":[7],"#
            + #""logprobs":{"content":[{"logprob":-1},{"logprob":-1}]}}]}"#
        let script = CompletionPolicyTests.script(vLLM: true) { _ in answer }
        try await ScriptedServer.serving(script) { server in
            let policy = try Samples.policy(server.url) { $0.logProbabilities = .tokens }
            let draw = try await policy.sample(Samples.sampleRequest([0]))[0].get()
            #expect(draw.tokenIDs == nil && draw.tokenLogProbabilities == nil)
            #expect(draw.text == "x" && draw.logProbability == nil)
        }
    }
}
