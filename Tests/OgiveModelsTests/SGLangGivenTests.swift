import FoundationEssentials
import OgiveCore
import Testing

@testable import OgiveModels

/// Log-probabilities of completions that are given, from SGLang's `/generate`, as its source code
/// has it: not run here.
@Suite(.timeLimit(.minutes(10))) struct SGLangGivenTests {
    private func ask(_ texts: [String], _ change: @escaping (inout PolicySpec) -> Void = { _ in })
        async throws -> (
            answers: [Result<LogProbability, ModelError>], posts: [ScriptedServer.Request]
        )
    {
        try await ScriptedServer.serving(ScriptedTokenizer(isSGLang: true).reply) { server in
            let policy = try Samples.policy(server.url, change)
            #expect(try await policy.logProbabilityObstacle() == nil)
            let answers = await policy.logProbabilities(
                LogProbabilityRequest(prompt: GivenCompletionTests.hello, completions: texts))
            return (answers, server.requests.filter { $0.path == "/generate" })
        }
    }

    @Test(arguments: [Int.min, -1, 0])
    func aContextThatNoModelHasIsNotKnown(_ length: Int) throws {
        let answer = Data(#"{"tokens": [1, 2], "max_model_len": \#(length)}"#.utf8)
        let tokens = try BoundedJSON.decode(ServerTokenizer.Tokens.self, from: answer)
        #expect(tokens.ids == [1, 2] && tokens.lengthMax == nil)
    }

    private func sum(_ text: String) -> Double {
        -text.utf8.reduce(Double(ScriptedTokenizer.end)) { $0 + Double($1) + 100 } / 1000
    }

    @Test func theEndTokenCountsAndThePromptDoesNot() async throws {
        let (answers, posts) = try await ask(["ab", "", " é\n"]) { $0.logProbabilities = .tokens }
        for (answer, text) in zip(answers, ["ab", "", " é\n"]) {
            let value = try answer.get()
            #expect(abs(value.sum - sum(text)) < 1e-12)
            #expect(value.tokenIDs == text.utf8.map { Int32($0) + 100 } + [2])
            #expect(value.tokenValues?.count == text.utf8.count + 1)
            // The prompt has seven tokens.
            #expect(value.spent == TokenCount(input: 7 + text.utf8.count + 1, output: 1))
        }
        #expect(posts.count == 1)
        #expect(posts[0].body.contains("[1,4,204,205,2,9,5,197,198,2]"))
        #expect(posts[0].body.contains(#""logprob_start_len":6"#))
        #expect(posts[0].body.contains(#""return_logprob":true"#))
    }

    private static let given = [GivenTokens(index: 0, prompt: [1, 4], completion: [7, 2])]

    @Test(arguments: [
        ("[]", ModelError.Code.wrongCount), ("{}", .serverError), ("[{}]", .malformed),
        (#"[{"meta_info":{}}]"#, .malformed),
        (#"[{"meta_info":{"input_token_logprobs":[[-1,7,null],[-1,3,null]]}}]"#, .malformed),
        (#"[{"meta_info":{"input_token_logprobs":[[-1,2,null]]}}]"#, .malformed),
        (#"[{"meta_info":{"input_token_logprobs":[[null,7,null],[-1,2,null]]}}]"#, .malformed),
        (#"[{"meta_info":{"input_token_logprobs":[-1,-1]}}]"#, .malformed),
    ]) func oddAnswersAreTypedFailures(body: String, code: ModelError.Code) {
        let reader = GenerateLogProbabilityReader(url: "u", readsTokens: true)
        let codes = Result { () throws(ModelError) in
            try reader.values(Data(body.utf8), of: Self.given)
        }
        switch codes {
        case .success(let values): #expect(values.map(\.code) == [code])
        case .failure(let error): #expect(error.code == code)
        }
    }

    @Test func valuesOfThePromptsTokensAreLeftOut() throws {
        let body =
            #"[{"meta_info":{"input_token_logprobs":[[null,1,"<s>"],[-9,4,"u"],[-1,7,"a"],"#
            + #"[-0.5,2,"</s>"]]}}]"#
        let reader = GenerateLogProbabilityReader(url: "u", readsTokens: true)
        let value = try reader.values(Data(body.utf8), of: Self.given)[0].get()
        #expect(
            value
                == LogProbability(
                    sum: -1.5, tokenCount: 2, tokenIDs: [7, 2], tokenValues: [-1, -0.5]))
    }
}
