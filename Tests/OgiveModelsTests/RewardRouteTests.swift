import FoundationEssentials
import Glibc
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// Scorers before scripted vLLM, SGLang and TEI, whose contracts are those of their source code and
/// documentation, and of a real vLLM (`VLLMScorerTests`).
@Suite(.timeLimit(.minutes(10))) struct RewardRouteTests {
    /// A scripted reward model: the reward of a text is its length less 10.
    struct FakeServer: Sendable {
        var kind: ServerKind
        /// Whether it does as it is told about its activation.
        var obeys = true
        /// Two labels, the first of which is constant.
        var hasLabels = false
        /// A reward between 0 and 1.
        var isSmall = false
        /// What each request took, as it tells.
        var reported: Int?

        private struct Body: Decodable {
            var input: [String]?
            var messages: [ChatMessage]?
            var text_1: [String]?
            var text_2: [String]?
            var text: [String]?
            var inputs: [[String]]?
            var query: String?
            var documents: [String]?
            var texts: [String]?
            var use_activation: Bool?
            var raw_scores: Bool?
        }

        private func reward(_ text: String, _ body: Body) -> Double {
            let raw = isSmall ? 1 / Double(2 + text.utf8.count) : Double(text.utf8.count) - 10
            let isRaw = body.use_activation == false || body.raw_scores == true || kind == .sglang
            return isRaw && obeys ? raw : 1 / (1 + exp(-raw))
        }

        func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
            if request.method == "GET" { return page(request.path) }
            guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8))
            else { return .answer(status: 422, body: #"{"detail":"no"}"#) }
            let pairs = zip(body.text_1 ?? [], body.text_2 ?? []).map { $0 + $1 }
            let texts =
                body.input ?? body.messages.map { [$0.map(\.content).joined()] } ?? body.text
                ?? body.inputs.map { $0.map { $0.joined() } } ?? body.documents ?? body.texts
                ?? pairs
            let rewards = texts.map { reward((body.query ?? "") + $0, body) }
            let headers = reported.map { [("X-Compute-Tokens", "\($0)")] } ?? []
            return .answer(
                status: 200, body: json(request.path, rewards),
                headers: kind == .tei ? headers : [])
        }

        private func page(_ path: String) -> ScriptedServer.Reply {
            switch (kind, path) {
            case (.tei, "/info"):
                return .json(
                    #"{"model_id":"org/rm","model_sha":"abc","model_dtype":"float16","#
                        + #""served_model_name":"tiny-policy","model_type":{"classifier":{}},"#
                        + #""max_input_length":512,"max_client_batch_size":32,"version":"1.8.0"}"#)
            case (.tei, _): return .answer(status: 404, body: "")
            case (_, "/v1/models"): return .json(CompletionPolicyTests.vllmModels)
            case (.sglang, "/get_server_info"):
                return .json(#"{"version":"0.5.4","model_path":"/m","tokenizer_path":"/m"}"#)
            case (.vLLM, "/version"): return .json(#"{"version":"0.32.0"}"#)
            default: return .answer(status: 404, body: #"{"detail":"Not Found"}"#)
            }
        }

        private func json(_ path: String, _ rewards: [Double]) -> String {
            let entries = rewards.enumerated().map { index, reward in
                let values = hasLabels ? "0.5,\(reward)" : "\(reward)"
                return switch (kind, path) {
                case (.sglang, _):
                    #"{"embedding":[\#(values)],"meta_info":{"id":"x""#
                        + (reported.map { #","prompt_tokens":\#($0 + index)"# } ?? "") + "}}"
                case (.tei, "/rerank"): #"{"index":\#(index),"score":\#(reward)}"#
                case (.tei, _):
                    hasLabels
                        ? #"[{"label":"good","score":\#(reward)},{"label":"bad","score":0.5}]"#
                        : #"[{"label":"LABEL_0","score":\#(reward)}]"#
                case (_, "/v1/rerank"): #"{"index":\#(index),"relevance_score":\#(reward)}"#
                case (_, "/score"): #"{"index":\#(index),"object":"score","score":\#(reward)}"#
                case (_, "/pooling"): #"{"index":\#(index),"data":[\#(values)]}"#
                default: #"{"index":\#(index),"probs":[\#(values)],"label":"L"}"#
                }
            }
            // Ranks come sorted by score; here simply not in the order of the request.
            let list = (path.hasSuffix("rerank") ? entries.reversed() : entries)
                .joined(separator: ",")
            let usage = reported.map { #","usage":{"prompt_tokens":\#($0)}"# } ?? ""
            switch (kind, path) {
            case (.sglang, _), (.tei, _): return "[\(list)]"
            case (_, "/v1/rerank"): return #"{"model":"tiny-policy","results":[\#(list)]\#(usage)}"#
            default: return #"{"model":"tiny-policy","data":[\#(list)]\#(usage)}"#
            }
        }
    }

    func scorer(
        _ url: String, _ kind: ScorerSpec.Kind, template: String? = nil, checks: Bool = true
    ) throws -> any Scorer {
        var adapter = RewardModelAdapter(kind.name)
        adapter.template = template
        adapter.checksActivation = checks
        var endpoint = ScorerEndpoint(adapter, model: "tiny-policy", url: url)
        endpoint.batchSize = 2
        let spec = ScorerSpec(kind: kind, model: "tiny-policy")
        return try ConfiguredModels(policies: [], scorers: [endpoint]).scorers(for: spec)[0].model
    }

    private func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }

    static let template = "{query}|{document}"
    static let routes: [(ScorerSpec.Kind, ServerKind, String?, path: String)] = [
        (.classify(), .vLLM, nil, "/classify"), (.classify(), .vLLM, template, "/classify"),
        (.pooling(), .vLLM, nil, "/pooling"), (.score(), .vLLM, nil, "/score"),
        (.rerank, .vLLM, nil, "/v1/rerank"), (.classify(), .sglang, template, "/classify"),
        (.classify(), .tei, template, "/predict"), (.score(), .tei, nil, "/predict"),
        (.rerank, .tei, nil, "/rerank"),
    ]

    @Test("Each kind conforms on each server that has it, and is raw", arguments: routes)
    func conforms(_ route: (ScorerSpec.Kind, ServerKind, String?, path: String)) async throws {
        let (kind, server, template, path) = route
        let fake = FakeServer(kind: server)
        try await ScriptedServer.serving(fake.answer) { scripted in
            let scorer = try scorer(scripted.url, kind, template: template)
            let conformance = ScorerConformance(
                scorer: scorer, requests: requests(["a", "bcd", "ef", "ghijkl", ""]))
            #expect(await conformance.problems() == [])
            #expect(try await scorer.fingerprint().facts["model"] == "tiny-policy")
            #expect(scripted.requests.allSatisfy { $0.method == "GET" || $0.path == path })
            let score = await scorer.score(requests(["long enough to be more than one"]))
            #expect(try score[0].get().reward > 1)
        }
    }

    @Test(
        "A kind that a server does not have raw is refused",
        arguments: [
            (ScorerSpec.Kind.rerank, ServerKind.sglang, "cannot be told not to"),
            (.score(), .sglang, "no reward"), (.pooling(), .sglang, "`classify`"),
            (.pooling(), .tei, "`classify`"), (.classify(), .sglang, "set `template`"),
            (.classify(), .tei, "set `template`"),
        ])
    func refuses(_ kind: ScorerSpec.Kind, _ server: ServerKind, _ advice: String) async throws {
        let fake = FakeServer(kind: server)
        try await ScriptedServer.serving(fake.answer) { scripted in
            let scorer = try scorer(scripted.url, kind)
            await #expect { try await scorer.fingerprint() } throws: {
                "\($0)".contains(advice)
            }
            let answer = await scorer.score(requests(["x"]))[0]
            #expect(answer.message.contains(advice))
            if case .failure(let error) = answer { #expect(error.concernsEndpoint) }
        }
    }

    @Test(
        "A server that squashes rewards although it is told not to is found out",
        arguments: [
            (ScorerSpec.Kind.classify(), ServerKind.vLLM), (.pooling(), .vLLM),
            (.score(), .vLLM), (.rerank, .vLLM), (.score(), .tei), (.rerank, .tei),
        ])
    func findsSquashing(_ kind: ScorerSpec.Kind, _ server: ServerKind) async throws {
        let fake = FakeServer(kind: server, obeys: false)
        try await ScriptedServer.serving(fake.answer) { scripted in
            let scorer = try scorer(scripted.url, kind)
            await #expect { try await scorer.fingerprint() } throws: { error in
                (error as? ModelError)?.code == .misconfigured
                    && "\(error)".contains("no raw rewards")
            }
            _ = try await self.scorer(scripted.url, kind, checks: false).fingerprint()
        }
        // Small raw rewards are none the worse for it.
        let small = FakeServer(kind: server, isSmall: true)
        try await ScriptedServer.serving(small.answer) { scripted in
            _ = try await scorer(scripted.url, kind).fingerprint()
        }
    }

    @Test(
        "Of several labels one must be chosen",
        arguments: [
            (false, ServerKind.vLLM, "1"), (true, .vLLM, "1"), (false, .sglang, "1"),
            (false, .tei, "good"),
        ])
    func labels(_ isPooling: Bool, _ server: ServerKind, _ label: String) async throws {
        func kind(_ label: String?) -> ScorerSpec.Kind {
            isPooling ? .pooling(label: label) : .classify(label: label)
        }
        let fake = FakeServer(kind: server, hasLabels: true)
        try await ScriptedServer.serving(fake.answer) { scripted in
            let one = requests(["0123456789"])
            let template = Self.template
            let chosen = try scorer(scripted.url, kind(label), template: template)
            _ = try await chosen.fingerprint()
            let expected = Double(Samples.question.utf8.count + 1)
            #expect(await chosen.score(one) == [.success(Score(expected))])
            for wrong in [nil, "none"] {
                let answer = await (try scorer(scripted.url, kind(wrong), template: template))
                    .score(one)[0]
                #expect(answer.code == (wrong == nil ? .malformed : .misconfigured))
                #expect(answer.message.contains(label), "\(answer.message)")
            }
        }
    }

    @Test(
        "TEI's errors are understood",
        arguments: [
            (
                413,
                #"{"error":"batch size 64 > maximum allowed batch size 32","#
                    + #""error_type":"Validation"}"#,
                ModelError.Code.rejected
            ),
            (
                422,
                #"{"error":"`inputs` must have less than 512 tokens. Given: 600","#
                    + #""error_type":"Validation"}"#,
                .promptTooLong
            ),
            (424, #"{"error":"CUDA error","error_type":"Backend"}"#, .serverError),
            (429, #"{"error":"Model is overloaded","error_type":"Overloaded"}"#, .overloaded),
            (503, #"{"error":"unhealthy","error_type":"Unhealthy"}"#, .overloaded),
            (200, #"[[{"label":"L","score":null}]]"#, .notFinite), (200, "[[]]", .malformed),
            (200, "[]", .wrongCount), (200, "{}", .serverError),
            (200, #"[{"score":1}]"#, .malformed),
        ] as [(Int, String, ModelError.Code)])
    func errors(_ status: Int, _ body: String, _ code: ModelError.Code) async throws {
        let fake = FakeServer(kind: .tei)
        try await ScriptedServer.serving({ request in
            request.method == "GET" ? fake.answer(request) : .answer(status: status, body: body)
        }) { scripted in
            let answer = await (try scorer(scripted.url, .score())).score(requests(["x"]))[0]
            #expect(answer.code == code)
        }
    }

    @Test func anotherModelBehindTEIIsNoticed() async throws {
        let fake = FakeServer(kind: .tei)
        try await ScriptedServer.serving(fake.answer) { scripted in
            var endpoint = ScorerEndpoint(
                RewardModelAdapter(.rerank), model: "mine", url: scripted.url)
            endpoint.batchSize = 2
            let models = try ConfiguredModels(policies: [], scorers: [endpoint])
            await #expect { _ = try await models.offer() } throws: {
                ($0 as? ModelError)?.code == .wrongModel && "\($0)".contains("tiny-policy")
            }
        }
    }
}
