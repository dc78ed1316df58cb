import FoundationEssentials
import OgiveCore
import OgiveModels
import Testing

/// What a server may answer instead of a whole completion: never a short or empty draw.
@Suite(.timeLimit(.minutes(10))) struct ChoiceFaultTests {
    private func read(
        _ answer: String, count: Int = 1, logProbabilities: Bool = true, tokens: Bool = false
    ) throws -> [Result<Completion, ModelError>] {
        var reader = ChoiceReader(url: "http://a/v1/x", logProbabilities: logProbabilities)
        reader.readsTokens = tokens
        reader.countsTokens = true
        return try reader.completions(Data(answer.utf8), count: count)
    }

    private static func answer(
        finish: String = #""stop""#, message: String = #""content":"x""#,
        values: String = "-0.5,-0.25", usage: String = #"{"completion_tokens":2}"#,
        more: String = ""
    ) -> String {
        let logs = values.split(separator: ",").map { #"{"logprob":\#($0)}"# }
        return #"{"choices":[{"index":0,"finish_reason":\#(finish),"message":{\#(message)},"#
            + #""logprobs":{"content":[\#(logs.joined(separator: ","))]}\#(more)}],"#
            + #""usage":\#(usage)}"#
    }

    @Test(arguments: ["abort", "error", "ABORT", "cancelled"])
    func `A request that the server gave up is asked for again`(_ reason: String) throws {
        let read = try read(Self.answer(finish: "\"\(reason)\""))[0]
        #expect(read.code == .serverError)
        #expect(read.message.contains(reason))
    }

    @Test func `A choice with an error of its own is classified by its code`() throws {
        let error = #","error":{"code":429,"message":"upstream is busy"}"#
        let read = try read(Self.answer(finish: #""error""#, more: error))[0]
        #expect(read.code == .overloaded)
        #expect(read.message.contains("upstream is busy"))
    }

    @Test(arguments: [
        (#""content_filter""#, #""content":"Half a sen""#), (#""SAFETY""#, #""content":"""#),
        (#""stop""#, #""content":null,"refusal":"I cannot help with that.""#),
        (#""stop""#, #""content":"","refusal":"I cannot help with that.""#),
    ])
    func `What a filter withheld is a typed failure`(_ finish: String, _ message: String) throws {
        let read = try read(Self.answer(finish: finish, message: message))[0]
        #expect(read.code?.rawValue == "filtered")
        if case .failure(let error) = read {
            #expect(!error.concernsEndpoint && !error.isRetriable)
        }
    }

    @Test(arguments: [
        #""content":"x","reasoning":"hm""#, #""content":"x","reasoning_content":"hm""#,
        #""content":"x","reasoning_details":[{"type":"reasoning.encrypted","data":"e"}]"#,
        #""content":"x","thinking":"hm""#, #""content":"","tool_calls":[{"id":"1"}]"#,
        #""content":null,"function_call":{"name":"f"}"#,
        #""content":"x","thinking_blocks":[{"thinking":"hm"}]"#,
    ])
    func `What a parser cut out costs the draw, not the endpoint`(_ message: String) throws {
        let read = try read(Self.answer(message: message))[0]
        #expect(read.code?.rawValue == "cut_out")
        if case .failure(let error) = read {
            #expect(!error.concernsEndpoint && !error.isRetriable)
        }
    }

    @Test(arguments: [
        (
            #""stop""#, #""content":"x""#,
            #"{"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":88}}"#
        ),
        (#""tool_calls""#, #""content":"x""#, #"{"completion_tokens":2}"#),
        (#""stop""#, #""content":null"#, #"{"completion_tokens":40}"#),
    ])
    func `Tokens that are counted and not reported were cut out`(
        _ finish: String, _ message: String, _ usage: String
    ) throws {
        let answer = Self.answer(finish: finish, message: message, values: "-1", usage: usage)
        #expect(try read(answer, logProbabilities: false)[0].code?.rawValue == "cut_out")
    }

    @Test func `An empty completion is one`() throws {
        let end = #"{"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":0}}"#
        for content in [#""content":"""#, #""content":null"#] {
            let message =
                content + #","refusal":null,"reasoning":null,"tool_calls":[],"#
                + #""reasoning_details":[],"thinking":"""#
            let read = try read(Self.answer(message: message, values: "-0.5", usage: end))
            #expect(try read[0].get().text == "")
            #expect(try read[0].get().logProbability == -0.5)
        }
    }

    @Test(arguments: ["length", "LENGTH", "max_tokens", "MAX_TOKENS", "model_length"])
    func `Each name of a truncation is one`(_ reason: String) throws {
        #expect(try read(Self.answer(finish: "\"\(reason)\""))[0].get().isTruncated)
    }

    @Test(arguments: ["stop", "STOP", "eos", "eos_token", "stop_sequence", "end_turn"])
    func `Each name of an end is one`(_ reason: String) throws {
        #expect(try read(Self.answer(finish: "\"\(reason)\""))[0].get().finishReason == .stop)
    }

    @Test(arguments: [
        "-0.5,-9999.0", "-0.5,-3.4028235e38", "-0.5,0.75", "-0.5,null", "-0.5,1e999", "-0.5", "",
    ])
    func `A sum that is known to be wrong is not reported`(_ values: String) throws {
        let read = try read(Self.answer(values: values), tokens: true)[0].get()
        #expect(read.text == "x")
        #expect(read.tokenCount == 2)
        #expect(read.logProbability == nil)
        #expect(read.tokenLogProbabilities == nil)
    }

    @Test func `A replacement character says that a token's bytes are lost`() throws {
        let read = try read(Self.answer(message: #""content":"a\ufffdb""#))[0].get()
        #expect(read.text == "a\u{FFFD}b")
        #expect(read.logProbability == nil)
    }

    @Test func `Rounding above zero is no fault`() throws {
        #expect(try read(Self.answer(values: "-0.5,1.2e-7"))[0].get().logProbability != nil)
    }

    @Test func `Token ids that do not fit cost themselves alone`() throws {
        let read = try read(Self.answer(more: #","token_ids":[1,2,3]"#), tokens: true)[0].get()
        #expect(read.tokenIDs == nil && read.logProbability == nil)
        #expect(read.tokenCount == 3)
    }

    @Test func `One unreadable choice loses that choice`() throws {
        let good = #"{"index":1,"finish_reason":"stop","message":{"content":"b"}}"#
        for bad in [
            #"{"index":0,"finish_reason":"stop","message":{"content":7}}"#,
            #"{"index":0,"finish_reason":"stop"}"#, #"{"index":"x"}"#, "null",
        ] {
            let answers = try read(
                #"{"choices":[\#(bad),\#(good)]}"#, count: 2, logProbabilities: false)
            #expect(answers[0].code == .malformed, "\(bad)")
            #expect(try answers[1].get().text == "b")
        }
    }

    @Test func `A server that ignores n is asked for the rest one by one`() async throws {
        struct Ask: Decodable {
            var n: Int
            var seed: Int
        }
        let script = CompletionPolicyTests.script(vLLM: true) { request in
            let ask = try? JSONDecoder().decode(Ask.self, from: Data(request.body.utf8))
            let choice = CompletionPolicyTests.choice(0, "s\(ask?.seed ?? -1)")
            return CompletionPolicyTests.chat(choice)
                .replacing(#""completion_tokens":7"#, with: #""completion_tokens":2"#)
        }
        try await ScriptedServer.serving(script) { server in
            let answers = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest([2, 3, 4, 5]))
            #expect(answers.map { try? $0.get().text } == ["s7", "s8", "s9", "s10"])
            let asked = server.requests.filter { $0.method == "POST" }.compactMap {
                try? JSONDecoder().decode(Ask.self, from: Data($0.body.utf8))
            }
            #expect(asked.map(\.n) == [4, 1, 1, 1])
            #expect(asked.map(\.seed) == [7, 8, 9, 10])
        }
    }
}
