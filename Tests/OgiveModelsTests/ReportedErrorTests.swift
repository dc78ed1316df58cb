import OgiveCore
import OgiveModels
import Testing

/// Errors that say more than their status, or come inside a 200.
@Suite(.timeLimit(.minutes(10))) struct ReportedErrorTests {
    private static let all = FaultyAdapter.allCases

    @Test(arguments: all)
    func `An account without credit is an outage of the endpoint`(_ adapter: FaultyAdapter)
        async throws
    {
        for (status, body) in [
            (402, #"{"error":{"code":402,"message":"Insufficient credits. Add more."}}"#),
            (200, #"{"error":{"code":402,"message":"Insufficient credits. Add more."}}"#),
            (429, #"{"error":{"code":"insufficient_quota","message":"Insufficient credits."}}"#),
        ] {
            let (results, requests) = try await adapter.ask { _ in
                .answer(status: status, body: body)
            }
            #expect(results.map { $0.code?.rawValue } == ["out_of_credit", "out_of_credit"])
            #expect(requests == 1)
            for case .failure(let error) in results {
                #expect(error.concernsEndpoint && error.isRetriable)
                #expect(error.message.contains("Insufficient credits"))
            }
        }
    }

    @Test(arguments: all)
    func `An error inside a 200 is classified by its own code`(_ adapter: FaultyAdapter)
        async throws
    {
        for (body, code) in [
            (
                #"{"choices":null,"error":{"code":429,"message":"upstream says no"}}"#,
                ModelError.Code.overloaded
            ),
            (#"{"error":{"code":"503","message":"upstream says no"}}"#, .overloaded),
            (#"{"error":{"code":502,"message":"upstream says no"}}"#, .serverError),
            (#"{"error":{"type":"server_error","message":"upstream says no"}}"#, .serverError),
            (#"{"error":"upstream says no"}"#, .serverError),
            (#"{"error":{"code":401,"message":"upstream says no"}}"#, .unauthorized),
            (#"{"object":"error","message":"upstream says no","code":500}"#, .serverError),
            (
                #"{"choices":[],"data":[],"results":[],"#
                    + #""error":{"code":429,"message":"upstream says no"}}"#,
                .overloaded
            ),
        ] {
            let (results, requests) = try await adapter.ask { _ in .json(body) }
            #expect(results.map(\.code) == [code, code], "\(body)")
            #expect(requests == 1)
            for case .failure(let error) in results {
                #expect(error.message.contains("upstream says no"))
            }
        }
    }

    @Test func `A generic service's error inside a 200 is classified too`() async throws {
        let spec = HTTPScorerSpec(
            path: "/score", request: #"{"text": {{completion}}}"#, score: "/reward")
        let adapter = HTTPAdapter()
        let endpoint = ScorerEndpoint(adapter, model: "service")
        for (body, code) in [
            (#"{"error":{"code":429,"message":"says no"}}"#, ModelError.Code.overloaded),
            (#"{"error":"says no"}"#, .serverError), (#"{"other":1}"#, .malformed),
        ] {
            try await ScriptedServer.serving({ _ in .json(body) }) { server in
                let http = ModelHTTP(
                    url: try ModelURL(server.url), apiKey: nil, requestTimeout: .seconds(30),
                    connections: 2)
                let scorer = try HTTPScorer(
                    http: http, spec: spec, adapter: adapter, endpoint: endpoint)
                let answer = await scorer.score([
                    ScoreRequest(prompt: Samples.chat, completion: "a")
                ])[0]
                #expect(answer.code == code, "\(body)")
            }
        }
    }

    @Test func `A judge's error inside a 200 is classified too`() async throws {
        let script = CompletionPolicyTests.script(vLLM: true) { _ in
            #"{"choices":[],"error":{"code":429,"message":"says no"}}"#
        }
        try await ScriptedServer.serving(script) { server in
            let spec = JudgeSpec(prompt: "{{completion}}", minimum: 0, maximum: 1)
            let scorer = try JudgeScorer(
                server: try Samples.connection(server.url, model: "tiny-policy"), spec: spec,
                connections: 1)
            let answer = await scorer.score([
                ScoreRequest(prompt: Samples.chat, completion: "a")
            ])[0]
            #expect(answer.code == .overloaded)
        }
    }

    @Test func `A prompt that moderation flags costs itself, not the key`() async throws {
        let body =
            #"{"error":{"code":403,"message":"Your input was flagged","metadata":"#
            + #"{"reasons":["violence"],"flagged_input":"…"}}}"#
        let (results, _) = try await FaultyAdapter.policy.ask { _ in
            .answer(status: 403, body: body)
        }
        #expect(results.map { $0.code?.rawValue } == ["filtered", "filtered"])
    }

    @Test func `A prompt that is too long is so whatever the status says`() async throws {
        let body = #"{"error":{"message":"This model's maximum context length is 512 tokens."}}"#
        for status in [404, 403, 422, 500] {
            let (results, _) = try await FaultyAdapter.policy.ask { _ in
                .answer(status: status, body: body)
            }
            #expect(results.map(\.code) == [.promptTooLong, .promptTooLong], "\(status)")
        }
    }
}
