import FoundationEssentials
import OgiveCore
import OgiveModels
import Testing

/// What servers let one see of their tokens.
@Suite(.timeLimit(.minutes(10))) struct ServerInspectorTests {
    /// A vLLM whose tokens are the lengths of words, with BOS 1.
    @Sendable private static func vLLM(_ request: ScriptedServer.Request) -> String {
        struct Body: Decodable {
            var prompt: String?
            var messages: [ChatMessage]?
            var add_special_tokens: Bool?
            var add_generation_prompt: Bool?
            var tokens: [Int]?
            var use_activation: Bool?
        }
        let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8))
        switch request.path {
        case "/tokenize":
            let text = body?.messages?.map(\.content).joined(separator: " ") ?? body?.prompt ?? ""
            var tokens = text.split(separator: " ").map { $0.utf8.count + 10 }
            if body?.messages != nil || body?.add_special_tokens == true { tokens.insert(1, at: 0) }
            if body?.add_generation_prompt == true { tokens.append(5) }
            return #"{"count":1,"max_model_len":512,"tokens":\#(tokens)}"#
        case "/detokenize":
            return #"{"prompt":"\#((body?.tokens ?? []).map(String.init).joined(separator: "-"))"}"#
        default:
            let value = body?.use_activation == true ? 0.75 : 1.5
            return #"{"data":[{"index":0,"probs":[\#(value)],"num_classes":1}]}"#
        }
    }

    private func serve(
        _ use: ServerInspector.Use, _ body: (ServerInspector) async throws -> Void
    ) async throws {
        try await ScriptedServer.serving(CompletionPolicyTests.script(vLLM: true, Self.vLLM)) {
            server in
            let connection = try Samples.connection(server.url, model: "tiny-policy")
            try await body(ServerInspector(connection, use: use))
        }
    }

    @Test func vLLMTellsTheTokensOfAChatAndOfATextAsTheyAreSent() async throws {
        let chat = Samples.prompt(.chat([ChatMessage(role: "user", content: "a bc")]))
        try await serve(.policy(nil)) { inspector in
            let special = try await inspector.tokens(of: "a bc", addingSpecial: true)
            #expect(special == [1, 11, 12])
            let plain = try await inspector.tokens(of: "a bc", addingSpecial: false)
            #expect(plain == [11, 12])
            let question = try await inspector.tokens(of: chat, completion: nil)
            #expect(question == [1, 11, 12, 5])
            let answered = try await inspector.tokens(of: chat, completion: "def")
            #expect(answered == [1, 11, 12, 13])
            let rendered = try await inspector.rendered(chat, completion: "def")
            #expect(rendered == "1-11-12-13")
            let text = Samples.prompt(.text("a bc"))
            let sent = try await inspector.tokens(of: text, completion: nil)
            #expect(sent == [1, 11, 12])
            let none = try await inspector.squashedAndRaw(Self.request)
            #expect(none == nil)
        }
    }

    private static let request = ScoreRequest(prompt: Samples.chat, completion: "x")

    @Test func aTemplateOfOursIsScoredWithoutASecondBOSAndBothWays() async throws {
        let template = try ScoreTemplate("{query} {document}")
        let chat = Samples.prompt(.chat([ChatMessage(role: "user", content: "a bc")]))
        try await serve(.scorer(path: "/classify", template: template)) { inspector in
            let scored = try await inspector.tokens(of: chat, completion: "def")
            #expect(scored == [11, 12, 13])
            let joined = try await inspector.rendered(chat, completion: "def")
            #expect(joined == "a bc def")
            let pair = try await inspector.squashedAndRaw(Self.request)
            #expect(pair?.squashed == 0.75 && pair?.raw == 1.5)
        }
        try await serve(.hidden) { inspector in
            let unreported = try await inspector.tokens(of: chat, completion: "def")
            #expect(unreported == nil)
            let unseen = try await inspector.rendered(chat, completion: "def")
            #expect(unseen == nil)
        }
    }

    @Test func theRewardOfAModelWithSeveralLabelsIsThatOfTheLabel() async throws {
        let script = CompletionPolicyTests.script(vLLM: true) { request in
            let values = request.body.contains(#""use_activation":true"#) ? "0.25,0.75" : "-3,1.5"
            return #"{"data":[{"index":0,"probs":[\#(values)],"num_classes":2}]}"#
        }
        try await ScriptedServer.serving(script) { server in
            let spec = ScorerSpec(kind: .classify(label: "1"), model: "tiny-policy")
            let models = try ConfiguredModels(
                policies: [],
                scorers: [
                    ScorerEndpoint(
                        RewardModelAdapter(.classify), model: "tiny-policy", url: server.url)
                ])
            let inspector = try #require(models.inspectors(for: spec).first ?? nil)
            let pair = try await inspector.squashedAndRaw(Self.request)
            #expect(pair?.squashed == 0.75 && pair?.raw == 1.5)
        }
    }

    @Test func aServerWithoutATokeniserTellsNothing() async throws {
        let script = CompletionPolicyTests.script(vLLM: true) { _ in "" }
        try await ScriptedServer.serving({ request in
            request.path == "/tokenize"
                ? .answer(status: 404, body: #"{"detail":"Not Found"}"#) : script(request)
        }) { server in
            let inspector = ServerInspector(
                try Samples.connection(server.url, model: "tiny-policy"), use: .policy(nil))
            let absent = try await inspector.tokens(of: "a", addingSpecial: true)
            #expect(absent == nil)
            let refused = try await inspector.tokens(of: Samples.chat, completion: nil)
            #expect(refused == nil)
        }
    }

    @Test func realLlamaHasOneBOSAndAContextForEachSlot() async throws {
        try await LlamaServer.serving(.policy) { url in
            let inspector = ServerInspector(
                try Samples.connection(url, model: "tiny-policy"), use: .policy(.chat))
            let more = try await inspector.contextLength()
            #expect(more == 512)
            let tokens = try #require(
                try await inspector.tokens(of: Samples.chat, completion: nil))
            let empty = try #require(try await inspector.tokens(of: "", addingSpecial: true))
            #expect(empty.count == 1 && tokens.first == empty.first)
            #expect(tokens.dropFirst().first != empty.first)
            let text = try #require(try await inspector.rendered(Samples.chat, completion: nil))
            #expect(text.contains(Samples.question))
        }
    }
}
