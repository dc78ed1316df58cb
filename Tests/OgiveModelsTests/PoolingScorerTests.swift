import FoundationEssentials
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// The scorers behind HTTP against recorded and odd answers.
@Suite(.timeLimit(.minutes(10))) struct PoolingScorerTests {
    static let template = "<s>{query}|{document}</s>"

    private func serve(
        _ answer: @escaping @Sendable (ScriptedServer.Request) -> String,
        _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.serving(
            CompletionPolicyTests.script(vLLM: true, answer), body)
    }

    private func scorer(
        _ server: ScriptedServer, _ api: PoolingScorer.API = .classify,
        template: String? = nil
    ) throws -> PoolingScorer {
        var settings = PoolingScorer.Settings()
        settings.batchSize = 2
        settings.connections = 2
        settings.template = try template.map { try ScoreTemplate($0) }
        return PoolingScorer(
            server: try Samples.connection(server.url, model: "tiny-policy"), api: api,
            settings: settings)
    }

    private func requests(_ texts: [String], _ prompt: Prompt = Samples.chat) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: prompt, completion: $0) }
    }

    /// Rewards by the length of what was sent, as a deterministic model gives them.
    @Sendable static func lengths(_ request: ScriptedServer.Request) -> String {
        struct Body: Decodable {
            var input: [String]?
        }
        let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8))
        let texts = body?.input ?? [request.body]
        let entries = texts.enumerated().map { index, text in
            request.path == "/classify"
                ? #"{"index":\#(index),"probs":[\#(text.utf8.count)],"num_classes":1}"#
                : #"{"index":\#(index),"data":[\#(text.utf8.count)]}"#
        }
        return #"{"data":[\#(entries.reversed().joined(separator: ","))]}"#
    }

    @Test(arguments: [PoolingScorer.API.classify, .pooling], [nil, template])
    func conforms(_ api: PoolingScorer.API, template: String?) async throws {
        try await serve(Self.lengths) { server in
            let conformance = ScorerConformance(
                scorer: try scorer(server, api, template: template),
                requests: requests(["a", "bcd", "ef", "ghijkl", ""]))
            #expect(await conformance.problems() == [])
        }
    }

    @Test func rawLogitIsAskedForWithoutASecondBOS() async throws {
        try await serve(Self.lengths) { server in
            _ = try await scorer(server, template: Self.template).score(requests(["x"]))
            let body = server.requests.last { $0.method == "POST" }?.body ?? ""
            #expect(body.contains(#""use_activation":false"#))
            #expect(body.contains(#""add_special_tokens":false"#))
            #expect(body.contains("<s>\(Samples.question)|x</s>"))
            _ = try await scorer(server).score(requests(["x"]))
            let messages = server.requests.last { $0.method == "POST" }?.body ?? ""
            #expect(messages.contains(#""role":"assistant""#))
            #expect(!messages.contains("add_special_tokens"))
        }
    }

    @Test(arguments: [
        (#"{"data":[{"index":0,"probs":[null],"num_classes":1}]}"#, ModelError.Code.notFinite),
        (#"{"data":[{"index":0,"probs":[1,2],"num_classes":2}]}"#, .malformed),
        (#"{"data":[{"index":0,"probs":[1],"num_classes":2}]}"#, .malformed),
        (#"{"data":[{"index":0,"probs":[],"num_classes":1}]}"#, .malformed),
        (#"{"data":[{"index":0}]}"#, .malformed),
        (#"{"data":[{"index":1,"probs":[1]}]}"#, .malformed),
        (#"{"data":[]}"#, .wrongCount),
        (#"{"data":[{"index":0,"probs":[1]},{"index":1,"probs":[1]}]}"#, .wrongCount),
        (#"{"data":[{"index":0,"probs":[NaN]}]}"#, .malformed),
        ("nothing", .serverError),
    ]) func oddAnswerIsATypedFailure(_ answer: String, _ code: ModelError.Code) async throws {
        try await serve({ _ in answer }) { server in
            let answers = try await scorer(server).score(requests(["x"]))
            #expect(answers[0].code == code)
        }
    }

    @Test func multiTurnChatNeedsTheServersTemplate() async throws {
        let prompt = Samples.prompt(
            .chat([
                ChatMessage(role: "system", content: "Be brief."),
                ChatMessage(role: "user", content: "?"),
            ]))
        try await serve(Self.lengths) { server in
            let rendered = try await scorer(server, template: Self.template)
                .score(requests(["x"], prompt) + requests(["y"]))
            #expect(rendered.map(\.code) == [.rejected, nil])
            let served = try await scorer(server).score(requests(["x"], prompt))
            #expect(served[0].code == nil)
        }
    }

    @Test(arguments: ["", "{query}", "{document}{query}", "{query}{query}{document}"])
    func badTemplateIsMisconfigured(_ text: String) {
        let error = #expect(throws: ModelError.self) { try ScoreTemplate(text) }
        #expect(error?.code == .misconfigured)
    }

    @Test func rerankRestoresOrderAndTheRawReward() async throws {
        let answer =
            #"{"results":[{"index":1,"relevance_score":0.8930836319923401},"#
            + #"{"index":0,"relevance_score":0.8414223790168762}]}"#
        try await serve({ _ in answer }) { server in
            let scorer = RerankScorer(
                server: try Samples.connection(server.url, model: "tiny-policy"), batchSize: 8,
                kind: .llamaCpp)
            let rewards = await scorer.score(requests(["b", "a"])).map { try? $0.get().reward }
            #expect(abs((rewards[0] ?? 0) - 1.669) < 1e-3)
            #expect(abs((rewards[1] ?? 0) - 2.122) < 1e-3)
        }
    }

    @Test(arguments: [
        ("0", ModelError.Code.notFinite), ("1", .notFinite), ("null", .notFinite),
        ("1.5", .malformed), ("-0.1", .malformed),
    ]) func rerankScoreOutsideIsATypedFailure(_ score: String, _ code: ModelError.Code)
        async throws
    {
        let answer = #"{"results":[{"index":0,"relevance_score":\#(score)}]}"#
        try await serve({ _ in answer }) { server in
            let scorer = RerankScorer(
                server: try Samples.connection(server.url, model: "tiny-policy"), batchSize: 8,
                kind: .llamaCpp)
            #expect(await scorer.score(requests(["x"]))[0].code == code)
        }
    }

    @Test func rerankRewardIsExactAtBothEnds() throws {
        for reward in [-80.0, -12, -1e-9, 0, 0.5, 3] {
            let back = try RerankReader.reward(1 / (1 + exp(-reward)), url: "u")
            #expect(abs(back - reward) < 1e-9)
        }
    }

    private func exp(_ x: Double) -> Double {
        // Taylor's series with halving: enough for a test without a mathematics module.
        if abs(x) > 0.5 {
            let half = exp(x / 2)
            return half * half
        }
        return (1...25).reversed().reduce(1.0) { 1 + x / Double($1) * $0 }
    }
}
