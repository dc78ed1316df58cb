import FoundationEssentials
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// One suite over every kind of policy server.
@Suite(.timeLimit(.minutes(10))) struct ServerDialectTests {
    typealias Kind = ServerKind

    /// All that sample.
    static let kinds = Kind.all.filter(\.completes)
    /// Those that give log π_ref(y|x) with neutral parameters.
    static let reporting: [Kind] = [.llamaCpp, .vLLM, .sglang, .tgi, .other]
    static let silent: [Kind] = [.ollama, .openAI]

    static func serving(
        _ kind: Kind, _ change: @escaping (inout PolicySpec) -> Void = { _ in },
        _ body: (CompletionPolicy, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.serving(DialectServer(kind: kind).script) { server in
            let policy = try Samples.policy(
                server.url, server: kind == .openAI ? kind : nil
            ) { spec in
                if silent.contains(kind) { spec.logProbabilities = .none }
                change(&spec)
            }
            try await body(policy, server)
        }
    }

    @Test(arguments: kinds) func conforms(_ kind: Kind) async throws {
        try await Self.serving(kind) { policy, _ in
            for prompt in [Samples.chat, Samples.prompt(.text("Tom has"))] {
                // TGI's endpoint for texts gives no log-probabilities in a known shape.
                if kind == .tgi, prompt.content == .text("Tom has") { continue }
                let conformance = PolicyConformance(
                    policy: policy, prompt: prompt, parameters: SamplingParameters(),
                    logProbabilities: Self.reporting.contains(kind))
                #expect(await conformance.problems() == [])
            }
        }
    }

    @Test(arguments: kinds) func isRecognisedByItsPages(_ kind: Kind) async throws {
        try await Self.serving(kind) { policy, _ in
            let facts = try await policy.fingerprint().facts
            #expect(facts["server"] == kind.name)
            #expect(facts["model"] == "tiny-policy")
            if kind == .ollama { #expect(facts["digest"] == "a80c4f") }
            if kind == .tgi { #expect(facts["sha"] == "e985") }
            if kind == .sglang { #expect(facts["deterministic"] == "true") }
        }
    }

    @Test(arguments: kinds) func everyDrawIsARequestWhereSeedsAreNotConsecutive(
        _ kind: Kind
    ) async throws {
        try await Self.serving(kind) { policy, server in
            let answers = await policy.sample(Samples.sampleRequest([0, 1, 2, 3]))
            #expect(answers.map { try? $0.get().text } == ["s5", "s6", "s7", "s8"])
            let requests = server.requests.count { $0.method == "POST" }
            let expected = [Kind.vLLM: 1, .llamaCpp: 2][kind] ?? 4
            #expect(requests == expected)
        }
    }

    @Test(arguments: kinds) func aServerOf32BitsIsSentTheLowerPartOfASeed(
        _ kind: Kind
    ) async throws {
        try await Self.serving(kind) { policy, server in
            var request = Samples.sampleRequest([0, 1])
            request.seedBase = 7 << 31 + 5
            _ = await policy.sample(request)
            let sent = [.vLLM, .tgi].contains(kind) ? request.seedBase : 5
            let bodies = server.requests.filter { $0.method == "POST" }.map(\.body)
            #expect(bodies.contains { $0.contains(#""seed":\#(sent)"#) }, "\(bodies)")
        }
    }

    @Test(arguments: [Kind.tgi, .openAI]) func aParameterThatAServerLacksIsRefused(
        _ kind: Kind
    ) async throws {
        try await Self.serving(kind, { $0.logProbabilities = .none }) { policy, server in
            for change in [{ $0.topK = 40 }, { $0.minP = 0.1 }]
                as [(inout SamplingParameters) -> Void]
            {
                var request = Samples.sampleRequest([0])
                change(&request.parameters)
                let answer = await policy.sample(request)[0]
                #expect(answer.code == .unsupported)
                #expect(answer.message.contains("would ignore it"))
            }
            #expect(!server.requests.contains { $0.method == "POST" })
        }
    }

    @Test(arguments: kinds) func parametersThatAreSetAreSent(_ kind: Kind) async throws {
        try await Self.serving(kind, { $0.logProbabilities = .none }) { policy, server in
            var request = Samples.sampleRequest([0])
            request.parameters.temperature = 0.5
            request.parameters.topP = 0.75
            request.parameters.stop = ["\n"]
            #expect(await policy.sample(request)[0].code == nil)
            let body = try #require(server.requests.last { $0.method == "POST" }).body
            for field in [#""temperature":0.5"#, #""top_p":0.75"#, #""stop":["\n"]"#, #"":24"#] {
                #expect(body.contains(field), "\(body)")
            }
        }
    }

    @Test(arguments: [Kind.sglang, .tgi, .other, .ollama, .openAI])
    func logProbabilitiesThatAreNotTheModelsAreRefused(_ kind: Kind) async throws {
        try await Self.serving(kind, { $0.logProbabilities = .sum }) { policy, server in
            var request = Samples.sampleRequest([0])
            request.parameters.temperature = 0.5
            let answer = await policy.sample(request)[0]
            #expect(answer.code == .unsupported)
            #expect(answer.message.contains("policy.logprobs: none"))
            #expect(!server.requests.contains { $0.method == "POST" })
        }
    }

    @Test(arguments: kinds)
    func partialTurnIsContinuedOrRefused(_ kind: Kind) async throws {
        let prompt = Samples.prompt(
            .chat([
                ChatMessage(role: "user", content: "?"),
                ChatMessage(role: "assistant", content: "So "),
            ]))
        try await Self.serving(kind) { policy, server in
            let answer = await policy.sample(Samples.sampleRequest(prompt, [0]))[0]
            let body = server.requests.last { $0.method == "POST" }?.body
            switch kind {
            case .vLLM, .sglang:
                #expect(body?.contains(#""continue_final_message":true"#) == true)
            case .llamaCpp: #expect(body?.contains("<rendered>") == true)
            default:
                #expect(answer.code == .rejected)
                #expect(body == nil)
            }
        }
    }

    private static let tools = #"[{"type":"function","function":{"name":"f","a":1.50}}]"#

    @Test(arguments: kinds)
    func toolsAreSentInTheirOrderOrRefused(_ kind: Kind) async throws {
        let turn = ChatMessage(role: "user", content: "?")
        let prompt = Samples.prompt(.chat([turn], tools: Self.tools))
        try await Self.serving(kind) { policy, server in
            let answer = await policy.sample(Samples.sampleRequest(prompt, [0]))[0]
            let bodies = server.requests.filter { $0.method == "POST" }.map(\.body)
            switch kind {
            case .vLLM, .openAI:
                #expect(bodies.last?.contains(#""tools":"# + Self.tools) == true)
                #expect(bodies.last?.contains(#""tool_choice":"none""#) == true)
            case .sglang:
                #expect(bodies.last?.contains(#""tools":"# + Self.tools) == true)
                #expect(bodies.last?.contains("tool_choice") == false)
            case .llamaCpp:
                #expect(bodies.first?.contains(#""tools":"# + Self.tools) == true)
                #expect(bodies.last?.contains("<rendered>") == true)
            default:
                #expect(answer.code == .rejected)
                #expect(answer.message.contains("metadata: [tools]"))
                #expect(bodies.isEmpty)
            }
        }
    }

    @Test(arguments: kinds)
    func fieldsOfTurnsAreSentOrRefused(_ kind: Kind) async throws {
        var call = ChatMessage(role: "assistant", content: "")
        call.toolCalls = #"[{"id":"1","function":{"name":"f","arguments":"{}"}}]"#
        call.reasoning = "hm"
        var result = ChatMessage(role: "tool", content: "12")
        result.toolCallID = "1"
        result.name = "f"
        let prompt = Samples.prompt(
            .chat([ChatMessage(role: "user", content: "?"), call, result]))
        try await Self.serving(kind) { policy, server in
            let answer = await policy.sample(Samples.sampleRequest(prompt, [0]))[0]
            let body = server.requests.last { $0.method == "POST" }?.body
            guard ![Kind.tgi, .ollama].contains(kind) else {
                #expect(answer.code == .rejected && body == nil)
                #expect(answer.message.contains("`tool_calls`"))
                return
            }
            for field in [
                #""tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]"#,
                #""tool_call_id":"1""#, #""name":"f""#, #""reasoning_content":"hm""#,
            ] {
                #expect(body?.contains(field) == true, "\(body ?? "none")")
            }
        }
    }

    @Test(arguments: kinds)
    func extraBodyIsSentAndOwnFieldsHold(_ kind: Kind) async throws {
        let extra: [String: JSONValue] = [
            "guided": .object(["a": .list([.integer(1)])]), "model": .text("other"),
        ]
        try await Self.serving(kind, { $0.extraBody = extra }) { policy, server in
            #expect(try await policy.sample(Samples.sampleRequest([0]))[0].get().text == "s5")
            let body = try #require(server.requests.last { $0.method == "POST" }).body
            #expect(body.contains(#""guided":{"a":[1]}"#))
            if kind != .tgi { #expect(body.contains(#""model":"tiny-policy""#)) }
        }
    }

    @Test(arguments: [
        #"{"object":"error","message":"The input (70 tokens) is longer than the model's context "#
            + #"length (64 tokens).","type":"BadRequestError","code":400}"#,
        #"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 64. "#
            + #"Given: 70 `inputs` tokens","error_type":"validation"}"#,
        #"{"error":"the prompt is longer than the context length currently available"}"#,
        #"{"error":{"message":"This model's maximum context length is 64 tokens.","#
            + #""type":"invalid_request_error","code":"context_length_exceeded"}}"#,
    ]) func overlongPromptIsRecognised(_ body: String) async throws {
        let error = HTTPFailure.error(
            url: "http://h", status: 400, body: Data(body.utf8), retryAfter: nil)
        #expect(error.code == .promptTooLong)
    }

    @Test func thoughtsThatOllamaCutsOutAreRefused() async throws {
        let answer =
            #"{"model":"tiny-policy","message":{"content":"19","thinking":"12 + 7"},"done":true}"#
        try await ScriptedServer.serving({ request in
            request.method == "POST"
                ? .json(answer) : DialectServer(kind: .ollama).script(request)
        }) { server in
            let policy = try Samples.policy(server.url) { $0.logProbabilities = .none }
            let result = await policy.sample(Samples.sampleRequest([0]))[0]
            #expect(result.code == .cutOut)
            #expect(result.message.contains("reasoning parser"))
        }
    }

    @Test func anEndpointFaultEndsAWaveOfSingleDraws() async throws {
        let pages = DialectServer(kind: .sglang).script
        try await ScriptedServer.serving({ request in
            request.method == "POST" ? .answer(status: 503, body: "") : pages(request)
        }) { server in
            let policy = try Samples.policy(server.url, drawsPerRequest: 2)
            let answers = await policy.sample(Samples.sampleRequest([0, 1, 2, 3, 4, 5]))
            #expect(answers.map(\.code) == Array(repeating: .overloaded, count: 6))
            #expect(server.requests.count { $0.method == "POST" } == 2)
        }
    }
}
