import FoundationEssentials
import NIOHTTP1
import OgiveCore
import OgiveModels
import OgiveTesting
import Synchronization
import Testing

/// The policy against recorded and odd answers of vLLM and llama.cpp.
@Suite(.timeLimit(.minutes(10))) struct CompletionPolicyTests {
    static let llamaModels = #"{"data":[{"id":"tiny-policy","meta":{"n_params":7,"n_vocab":5}}]}"#
    static let llamaProps =
        #"{"total_slots":2,"chat_template":"t","default_generation_settings":{"n_ctx":512}}"#
    static let vllmModels = #"{"data":[{"id":"tiny-policy","root":"/m","max_model_len":512}]}"#

    /// A server's pages, with `completion` for everything posted.
    static func script(
        vLLM: Bool, _ completion: @escaping @Sendable (ScriptedServer.Request) -> String
    ) -> @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply {
        { request in
            switch (request.method, request.path) {
            case ("GET", "/v1/models"): .json(vLLM ? vllmModels : llamaModels)
            case ("GET", "/props") where !vLLM: .json(llamaProps)
            case ("GET", "/version") where vLLM: .json(#"{"version":"0.32.0"}"#)
            case ("POST", _): .json(completion(request))
            default: .answer(status: 404, body: #"{"detail":"Not Found"}"#)
            }
        }
    }

    static func chat(_ choices: String) -> String {
        #"{"choices":[\#(choices)],"usage":{"completion_tokens":7}}"#
    }

    static func choice(_ index: Int, _ text: String = "x", logprob: String = "-0.5") -> String {
        #"{"index":\#(index),"finish_reason":"stop","message":{"content":"\#(text)"},"#
            + #""logprobs":{"content":[{"logprob":\#(logprob)},{"logprob":-0.25}]}}"#
    }

    /// Choices named by their seeds, as a faithful server gives them.
    @Sendable static func faithful(_ request: ScriptedServer.Request) -> String {
        struct Body: Decodable {
            var seed: Int
            var n: Int
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8)) else {
            return "{}"
        }
        return chat((0..<body.n).map { choice($0, "s\(body.seed + $0)") }.joined(separator: ","))
    }

    private func sample(
        vLLM: Bool, _ answer: String, _ indexes: [Int32] = [0, 1],
        _ change: (inout PolicySpec) -> Void = { _ in }
    ) async throws -> [Result<Completion, ModelError>] {
        try await ScriptedServer.serving(Self.script(vLLM: vLLM) { _ in answer }) { server in
            try await Samples.policy(server.url, change).sample(Samples.sampleRequest(indexes))
        }
    }

    @Test(arguments: [true, false]) func conforms(vLLM: Bool) async throws {
        let script = Self.script(vLLM: vLLM, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let conformance = PolicyConformance(
                policy: try Samples.policy(server.url), prompt: Samples.chat,
                parameters: SamplingParameters())
            #expect(await conformance.problems() == [])
        }
    }

    @Test func everyParameterIsSent() async throws {
        let script = Self.script(vLLM: true, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let policy = try Samples.policy(server.url, apiKey: "key")
            _ = await policy.sample(Samples.sampleRequest([2, 3, 4]))
            let request = try #require(server.requests.last { $0.method == "POST" })
            for field in [
                #""temperature":1"#, #""top_p":1"#, #""top_k":0"#, #""min_p":0"#,
                #""max_tokens":24"#, #""seed":7"#, #""n":3"#, #""logprobs":true"#,
                #""top_logprobs":0"#, #""repetition_penalty":1"#, #""model":"tiny-policy""#,
            ] {
                #expect(request.body.contains(field))
            }
            #expect(request.headers.first(name: "Content-Type") == "application/json")
            #expect(request.headers.first(name: "Authorization") == "Bearer key")
        }
    }

    @Test func groupsAreConsecutiveAndWithinTheSlots() async throws {
        let script = Self.script(vLLM: false, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let answers = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest([0, 1, 2, 5, 6, 9]))
            #expect(
                answers.map { try? $0.get().text } == ["s5", "s6", "s7", "s10", "s11", "s14"])
            #expect(server.requests.count { $0.method == "POST" } == 4)
        }
    }

    @Test func choicesAreMatchedByIndex() async throws {
        let answer = Self.chat(Self.choice(1, "b") + "," + Self.choice(0, "a"))
        let answers = try await sample(vLLM: true, answer)
        #expect(answers.map { try? $0.get().text } == ["a", "b"])
        #expect(try answers[0].get().logProbability == -0.75)
        // llama.cpp's usage counts only one choice: the list counts.
        #expect(try answers[0].get().tokenCount == 2)
    }

    @Test func missingChoiceAloneFails() async throws {
        // Asked for again alone, it does not come either.
        let answers = try await sample(vLLM: true, #"{"choices":[]}"#)
        #expect(answers.map(\.code) == [.wrongCount, .wrongCount])
    }

    @Test(arguments: [
        "{}", "{\"choices\"", #"{"choices":null}"#, #"{"choices":[{"index":"0"}]}"#,
        chat(choice(0) + "," + choice(0)), chat(choice(0) + "," + choice(7)),
        chat(choice(-1)),
    ]) func brokenAnswerIsMalformed(_ answer: String) async throws {
        #expect(try await sample(vLLM: true, answer).map(\.code) == [.malformed, .malformed])
    }

    @Test func missingLogProbabilitiesAreUnsupported() async throws {
        let plain = #"{"index":0,"finish_reason":"stop","message":{"content":"x"}}"#
        #expect(try await sample(vLLM: false, Self.chat(plain), [0])[0].code == .unsupported)
        let answers = try await sample(vLLM: false, Self.chat(plain), [0]) {
            $0.logProbabilities = .none
        }
        #expect(try answers[0].get().logProbability == nil)
        #expect(try answers[0].get().tokenCount == 7)
    }

    /// A server that gave some before, or a completion of no text, says nothing of the server.
    @Test func oneAnswerWithoutLogProbabilitiesKeepsItsDraw() async throws {
        let plain = #"{"index":0,"finish_reason":"stop","message":{"content":"x"}}"#
        let count = RequestLog()
        let script = Self.script(vLLM: false) { request in
            let asked = count.requests.withLock { requests in
                requests.append(request)
                return requests.count
            }
            return Self.chat(asked == 1 ? Self.choice(0) : plain)
        }
        try await ScriptedServer.serving(script) { server in
            let policy = try Samples.policy(server.url, drawsPerRequest: 1)
            let answers = await policy.sample(Samples.sampleRequest([0, 1]))
            #expect(try answers.map { try $0.get().logProbability } == [-0.75, nil])
        }
        let empty = plain.replacing(#""x""#, with: #""""#)
        #expect(
            try await sample(vLLM: false, Self.chat(empty), [0])[0].get().logProbability == nil)
    }

    @Test func textThatAParserCutIsRefused() async throws {
        let cut =
            #"{"index":0,"message":{"content":"x","reasoning":"hm"},"logprobs":{"content":[]}}"#
        let answer = try await sample(vLLM: true, Self.chat(cut), [0])[0]
        #expect(answer.code == .cutOut)
        #expect(answer.message.contains("reasoning parser"))
    }

    @Test func textIsKeptByteForByte() async throws {
        let answers = try await sample(
            vLLM: true, Self.chat(Self.choice(0, #"  \n\u0000é \ud83d\ude00\t "#)), [0])
        #expect(try answers[0].get().text == "  \n\0é 😀\t ")
    }

    @Test func finishReasonsAreKept() async throws {
        for (name, reason) in [
            ("stop", FinishReason.stop), ("length", .length), ("repetition", .other),
        ] {
            let choice = Self.choice(0).replacing(#""stop""#, with: #""\#(name)""#)
            let answers = try await sample(vLLM: true, Self.chat(choice), [0])
            #expect(try answers[0].get().finishReason == reason)
        }
    }

    @Test func plainTextGoesToCompletionsAsItIs() async throws {
        let answer =
            #"{"choices":[{"index":0,"text":"y","finish_reason":"length","#
            + #""logprobs":{"token_logprobs":[-1,-2],"tokens":["a","b"]}}]}"#
        try await ScriptedServer.serving(Self.script(vLLM: true) { _ in answer }) { server in
            let prompt = Samples.prompt(.text(" <s>/raw "))
            let answers = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest(prompt, [0]))
            #expect(try answers[0].get().logProbability == -3)
            #expect(try answers[0].get().isTruncated)
            #expect(server.requests.last { $0.method == "POST" }?.path == "/v1/completions")
            #expect(
                server.requests.last { $0.method == "POST" }?.body.contains(
                    #""prompt":" <s>/raw ""#) == true)
            #expect(
                server.requests.last { $0.method == "POST" }?.body.contains(#""logprobs":0"#)
                    == true)
        }
    }

    @Test func partialTurnIsContinuedOnVLLM() async throws {
        let script = Self.script(vLLM: true, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let prompt = Samples.prompt(
                .chat([
                    ChatMessage(role: "user", content: "?"),
                    ChatMessage(role: "assistant", content: "So"),
                ]))
            _ = try await Samples.policy(server.url).sample(Samples.sampleRequest(prompt, [0]))
            let body = server.requests.last { $0.method == "POST" }?.body ?? ""
            #expect(body.contains(#""continue_final_message":true"#))
            #expect(body.contains(#""add_generation_prompt":false"#))
        }
    }

    @Test func emptyChatAndChatAsTextAreRejected() async throws {
        let script = Self.script(vLLM: false, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let empty = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest(Samples.prompt(.chat([])), [0]))
            #expect(empty[0].code == .rejected)
            let text = try await Samples.policy(server.url) { $0.api = .completions }
                .sample(Samples.sampleRequest([0]))
            #expect(text[0].code == .rejected)
        }
    }

    @Test func endpointFaultIsAskedForOnce() async throws {
        let pages = Self.script(vLLM: false, Self.faithful)
        try await ScriptedServer.serving({ request in
            request.method == "POST" ? .answer(status: 503, body: "") : pages(request)
        }) { server in
            let answers = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest([0, 2, 4, 6]))
            #expect(answers.map(\.code) == Array(repeating: .overloaded, count: 4))
            #expect(server.requests.count { $0.method == "POST" } == 1)
        }
    }

    @Test func vLLMFingerprintHasItsFacts() async throws {
        let script = Self.script(vLLM: true, Self.faithful)
        try await ScriptedServer.serving(script) { server in
            let facts = try await Samples.policy(server.url).fingerprint().facts
            #expect(
                facts == [
                    "model": "tiny-policy", "server": "vLLM", "version": "0.32.0", "root": "/m",
                    "max_model_len": "512",
                ])
        }
    }

    @Test(arguments: [0, -1, Int.min])
    func aServerWithoutSlotsIsAskedForOneDraw(slots: Int) async throws {
        let script = Self.script(vLLM: false, Self.faithful)
        try await ScriptedServer.serving({ request in
            guard request.path == "/props" else { return script(request) }
            return .json(#"{"total_slots":\#(slots),"chat_template":"t"}"#)
        }) { server in
            let answers = try await Samples.policy(server.url)
                .sample(Samples.sampleRequest([0, 1, 2]))
            #expect(answers.compactMap(\.code) == [])
        }
    }

    @Test func groupsSplitAtGapsAndBounds() {
        #expect(DrawGroups.split([], sizeMax: 4) == [])
        #expect(DrawGroups.split([0, 1, 2, 4], sizeMax: 2) == [0...1, 2...2, 4...4])
        #expect(
            DrawGroups.split([.max - 1, .max], sizeMax: 0) == [
                .max - 1 ... .max - 1, .max ... .max,
            ])
    }
}
