import FoundationEssentials
import NIOHTTP1
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// The generic HTTP scorer before scripted services.
@Suite(.timeLimit(.minutes(10))) struct HTTPScorerTests {
    private static let single: HTTPScorerSpec = {
        var spec = HTTPScorerSpec(
            path: "/reward",
            request: #"{"q": "Q: {{prompt}}", "a": {{completion}}, "id": {{metadata.id}}}"#,
            score: "/out/0/score")
        spec.errors = "/error"
        return spec
    }()

    private static let batched: HTTPScorerSpec = {
        var spec = HTTPScorerSpec(
            path: "/score", request: #"{"items": {{items}}}"#, score: "/rewards/*")
        spec.item = #"{"messages": {{messages}}, "completion": {{completion}}}"#
        spec.errors = "/errors/*"
        return spec
    }()

    private func scorer(
        _ url: String, _ rule: HTTPScorerSpec,
        _ adapter: HTTPAdapter = HTTPAdapter(), apiKey: String? = nil
    ) throws -> any Scorer {
        var endpoint = ScorerEndpoint(adapter, model: "mine", url: url)
        endpoint.apiKey = apiKey
        endpoint.batchSize = 3
        let spec = ScorerSpec(kind: .http(rule), model: "mine")
        return try ConfiguredModels(policies: [], scorers: [endpoint]).scorers(for: spec)[0].model
    }

    private func requests(_ texts: [String], _ metadata: String = #"{"id": 7}"#) -> [ScoreRequest] {
        let content = PromptContent.chat([ChatMessage(role: "user", content: "say \"x\"\n")])
        return texts.map {
            ScoreRequest(
                prompt: Samples.prompt(content, metadata: metadata), completion: $0)
        }
    }

    private func answer(_ rule: HTTPScorerSpec, _ body: String, status: Int = 200)
        async throws -> [Result<Score, ModelError>]
    {
        try await ScriptedServer.serving({ _ in .answer(status: status, body: body) }) { server in
            await (try scorer(server.url, rule)).score(requests(["a", "b"]))
        }
    }

    /// Rewards items by the length of their completions, as JSON.
    @Sendable private static func lengths(_ request: ScriptedServer.Request)
        -> ScriptedServer.Reply
    {
        struct Body: Decodable {
            struct Item: Decodable { var completion: String }
            var items: [Item]
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8)) else {
            return .answer(status: 400, body: #"{"error": {"message": "no JSON"}}"#)
        }
        let rewards = body.items.map {
            $0.completion == "bad" ? "null" : "\($0.completion.utf8.count).5"
        }
        let errors = body.items.map {
            $0.completion == "bad"
                ? #"{"code": "prompt_too_long", "message": "600 tokens"}"# : "null"
        }
        return .json(
            #"{"rewards": [\#(rewards.joined(separator: ","))], "#
                + #""errors": [\#(errors.joined(separator: ","))]}"#)
    }

    @Test func batchesConform() async throws {
        try await ScriptedServer.serving(Self.lengths) { server in
            let conformance = ScorerConformance(
                scorer: try scorer(server.url, Self.batched),
                requests: requests(["a", "b\"c\\", "\u{0}\u{2028}ü", "", "long"]))
            #expect(await conformance.problems() == [])
        }
    }

    @Test func itemThatTheServiceReportsFailsAloneWithItsCode() async throws {
        try await ScriptedServer.serving(Self.lengths) { server in
            let answers = await (try scorer(server.url, Self.batched))
                .score(requests(["a", "bad", "ccc", "dd"]))
            #expect(answers.map { try? $0.get().reward } == [1.5, nil, 3.5, 2.5])
            #expect(answers[1].code == .promptTooLong)
            #expect(answers[1].message.hasSuffix("reports: 600 tokens"))
            #expect(server.requests.count == 2)
        }
    }

    @Test func pairIsPutIntoTheRequestEscaped() async throws {
        try await ScriptedServer.serving({ _ in .json(#"{"out": [{"score": -2}]}"#) }) { server in
            var adapter = HTTPAdapter()
            adapter.headers = ["X-Team": "t"]
            let scorer = try scorer(server.url, Self.single, adapter, apiKey: "k")
            let answers = await scorer.score(requests(["a\"\\b\u{1}"]))
            #expect(answers == [.success(Score(-2))])
            let request = try #require(server.requests.first)
            #expect(request.path == "/reward")
            #expect(
                request.body == #"{"q": "Q: say \"x\"\n", "a": "a\"\\b\u0001", "id": 7}"#)
            #expect(request.headers.first(name: "X-Team") == "t")
            #expect(request.headers.first(name: "Authorization") == "Bearer k")
        }
    }

    @Test func promptThatCannotBeCarriedFailsWithoutARequest() async throws {
        try await ScriptedServer.serving({ _ in .json("{}") }) { server in
            let scorer = try scorer(server.url, Self.single)
            var request = requests(["a"])[0]
            request.prompt.content = .chat([
                ChatMessage(role: "system", content: "s"), ChatMessage(role: "user", content: "u"),
            ])
            let answers = await scorer.score([request] + requests(["a"], "{}"))
            #expect(answers.map(\.code) == [.rejected, .missingField])
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "An answer without a number is a failure and never a reward",
        arguments: [
            (#"{"out": [{"score": null}]}"#, ModelError.Code.notFinite),
            (#"{"out": [{"score": "1"}]}"#, .malformed),
            (#"{"out": [{"score": true}]}"#, .malformed),
            (#"{"out": []}"#, .malformed), (#"{"out": [{}]}"#, .malformed),
            ("[]", .malformed), ("", .serverError), ("<html>", .serverError),
            (#"{"out": [{"score": NaN}]}"#, .malformed),
            (#"{"out": [{"score": 1e999}]}"#, .malformed),
            (#"{"out": [{"score": 1}], "error": "no"}"#, .rejected),
            (#"{"out": [{"score": 1}], "error": {"code": "timeout"}}"#, .timeout),
            (#"{"out": [{"score": 1}], "error": {"code": "unreachable"}}"#, .rejected),
        ])
    func singleFailures(_ body: String, _ code: ModelError.Code) async throws {
        #expect(try await answer(Self.single, body).map(\.code) == [code, code])
    }

    @Test(
        "A batch's answer of another length is a failure",
        arguments: [
            #"{"rewards": [], "errors": []}"#, #"{"rewards": [1, 2, 3]}"#,
            #"{"rewards": {"0": 1}}"#, #"{"rewards": [1, 2], "errors": [null]}"#,
        ])
    func batchFailures(_ body: String) async throws {
        let answers = try await answer(Self.batched, body)
        #expect(answers.allSatisfy { [.wrongCount, .malformed].contains($0.code) }, "\(answers)")
    }

    @Test(arguments: [(429, ModelError.Code.overloaded), (500, .serverError), (422, .rejected)])
    func statusIsTyped(_ status: Int, _ code: ModelError.Code) async throws {
        #expect(try await answer(Self.single, "{}", status: status).map(\.code) == [code, code])
    }

    @Test func factsComeFromTheInfoPage() async throws {
        try await ScriptedServer.serving({ request in
            request.path == "/health"
                ? .json("{}") : .json(#"{"facts": {"revision": "r1", "n": 3, "list": []}}"#)
        }) { server in
            var adapter = HTTPAdapter()
            adapter.health = "/health"
            adapter.info = "/info"
            adapter.facts = "/facts"
            let scorer = try scorer(server.url, Self.batched, adapter)
            #expect(
                try await scorer.fingerprint().facts == [
                    "model": "mine", "server": "http", "revision": "r1", "n": "3",
                ])
            #expect(server.requests.map(\.path) == ["/health", "/info"])
        }
    }

    @Test(arguments: [
        ("/p", "{", nil, "/x", "no JSON"), ("p", #"{{completion}}"#, nil, "/x", "slash"),
        ("/p", #"{"a": {{prompt}}}"#, nil, "/x", "completion"),
        ("/p", #"{"a": "{{messages}}", "b": {{completion}}}"#, nil, "/x", "no text"),
        ("/p", #"{"a": {{answer}}}"#, nil, "/x", "means nothing"),
        ("/p", #"{"a": {{completion}"#, nil, "/x", "no `}}`"),
        ("/p", #"{{completion}}"#, nil, "/x/*", "needs `item`"),
        ("/p", #"{{completion}}"#, nil, "x", "no JSON pointer"),
        ("/p", #"{"a": {{items}}}"#, #"{{completion}}"#, "/x", "need a `*`"),
        ("/p", #"{"a": 1}"#, #"{{completion}}"#, "/x/*", "no {{items}}"),
        ("/p", #"{"a": {{items}}}"#, #"{{completion}}"#, "/*/*", "more than one"),
        ("/p", #"[{{items}}, {{completion}}]"#, #"{{completion}}"#, "/*", "belongs into `item`"),
    ])
    func badSpecificationIsExplained(
        _ path: String, _ request: String, _ item: String?, _ score: String, _ problem: String
    ) {
        var spec = HTTPScorerSpec(path: path, request: request, score: score)
        spec.item = item
        #expect(HTTPScorer.problem(of: spec)?.contains(problem) == true)
    }
}
