import OgiveCore
import OgiveModels
import Testing

/// Each adapter over HTTP, put before a server that misbehaves.
enum FaultyAdapter: String, CaseIterable, Sendable {
    case policy, classify, pooling, rerank

    /// Asks for two draws or rewards; answers with what came of each.
    func ask(
        _ url: String, timeout: Duration = .seconds(30), answerBytesMax: Int = 1 << 20
    ) async throws -> [Result<Score, ModelError>] {
        let server = try Samples.connection(
            url, model: "tiny-policy", timeout: timeout, answerBytesMax: answerBytesMax)
        let requests = ["a", "b"].map { ScoreRequest(prompt: Samples.chat, completion: $0) }
        switch self {
        case .policy:
            let spec = PolicySpec(kind: .openai, model: "tiny-policy")
            return await CompletionPolicy(spec: spec, server: server, drawsPerRequest: 8)
                .sample(Samples.sampleRequest([0, 1]))
                .map { $0.map { Score($0.logProbability ?? 0) } }
        case .classify, .pooling:
            var settings = PoolingScorer.Settings()
            settings.template = try ScoreTemplate(PoolingScorerTests.template)
            return await PoolingScorer(
                server: server, api: self == .classify ? .classify : .pooling,
                settings: settings
            ).score(requests)
        case .rerank:
            return await RerankScorer(server: server, batchSize: 8).score(requests)
        }
    }

    /// Lets the profile be read and answers everything else by `reply`; gives what came of the
    /// two, and the number of requests for them.
    func ask(
        timeout: Duration = .seconds(30), answerBytesMax: Int = 1 << 20,
        _ reply: @escaping @Sendable (Int) -> ScriptedServer.Reply
    ) async throws -> (results: [Result<Score, ModelError>], requests: Int) {
        let pages = CompletionPolicyTests.script(vLLM: self != .rerank) { _ in "" }
        return try await ScriptedServer.serving({ $0.method == "GET" ? pages($0) : reply(0) }) {
            server in
            let results = try await ask(
                server.url, timeout: timeout, answerBytesMax: answerBytesMax)
            return (results, server.requests.count { $0.method == "POST" })
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct ServerFaultTests {
    private static let all = FaultyAdapter.allCases

    private func answer(
        _ status: Int, _ body: String = "", _ headers: [(String, String)] = []
    ) -> @Sendable (Int) -> ScriptedServer.Reply {
        { _ in .answer(status: status, body: body, headers: headers) }
    }

    @Test("Fault 34: 429 tells how long to wait, in seconds or as a date", arguments: all)
    func overloaded(_ adapter: FaultyAdapter) async throws {
        for (header, wait) in [
            ("7", Duration.seconds(7)), ("Fri, 31 Dec 9999 23:59:59 GMT", .seconds(3_600)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", .zero), ("99999999999999999999", .seconds(3_600)),
        ] {
            let (results, requests) = try await adapter.ask(
                answer(429, "slow down", [("Retry-After", header)]))
            #expect(results.map(\.code) == [.overloaded, .overloaded])
            #expect(requests == 1, "the adapter itself does not try again")
            for case .failure(let error) in results {
                #expect(error.retryAfter == wait)
                #expect(error.concernsEndpoint)
            }
        }
    }

    @Test("Fault 34: 503, 500 and a proxy's 502 are faults that may pass", arguments: all)
    func failing(_ adapter: FaultyAdapter) async throws {
        for (status, code) in [
            (503, ModelError.Code.overloaded), (500, .serverError), (502, .serverError),
        ] {
            let (results, requests) = try await adapter.ask(answer(status, "<html>no</html>"))
            #expect(results.map(\.code) == [code, code])
            #expect(requests == 1)
            for case .failure(let error) in results { #expect(error.isRetriable) }
        }
    }

    @Test("Fault 34: a hang ends at the deadline", arguments: all)
    func hanging(_ adapter: FaultyAdapter) async throws {
        let (results, _) = try await adapter.ask(timeout: .seconds(2)) { _ in .silence }
        #expect(results.map(\.code) == [.timeout, .timeout])
    }

    @Test("Fault 34: an answer that is broken off did not arrive", arguments: all)
    func brokenOff(_ adapter: FaultyAdapter) async throws {
        let (results, requests) = try await adapter.ask { _ in .hangUp }
        #expect(results.map(\.code) == [.serverError, .serverError])
        #expect(requests == 1)
    }

    @Test("Fault 34: a refused connection is the server's fault, not the item's", arguments: all)
    func refused(_ adapter: FaultyAdapter) async throws {
        // Nobody listens on the port of tcpmux.
        let results = try await adapter.ask("http://127.0.0.1:1")
        #expect(results.map(\.code) == [.unreachable, .unreachable])
        for case .failure(let error) in results { #expect(error.concernsEndpoint) }
    }

    @Test("Fault 34: a 500 about what was sampled is an answer, and final", arguments: all)
    func unspeakable(_ adapter: FaultyAdapter) async throws {
        let body = #"{"error":{"code":500,"message":"Failed to parse input at pos 12: <tool"}}"#
        let (results, _) = try await adapter.ask(answer(500, body))
        #expect(results.map(\.code) == [.malformed, .malformed])
        for case .failure(let error) in results { #expect(!error.isRetriable) }
    }

    @Test("Fault 35: what is no answer of a model server may pass", arguments: all)
    func foreign(_ adapter: FaultyAdapter) async throws {
        for body in ["<html>Sign in</html>", "", "[]", "null", "upstream error"] {
            let (results, requests) = try await adapter.ask(answer(200, body))
            #expect(results.map(\.code) == [.serverError, .serverError], "\(body)")
            #expect(requests == 1)
        }
    }

    @Test("Fault 35: a whole answer that breaks the contract is final", arguments: all)
    func malformed(_ adapter: FaultyAdapter) async throws {
        for body in [
            "{}", #"{"choices":[{"ind"#, #"{"data":{}}"#, #"{"results":[{"index":"x"}]}"#,
            String(repeating: #"{"a":"#, count: 513), "{" + String(repeating: "[", count: 600),
        ] {
            let (results, requests) = try await adapter.ask(answer(200, body))
            #expect(results.map(\.code) == [.malformed, .malformed], "\(body.prefix(50))")
            // A batch of completions is scored again one by one: only the culprit is to fail.
            #expect(requests == (adapter == .policy ? 1 : 3))
            for case .failure(let error) in results { #expect(!error.isRetriable) }
        }
    }

    @Test("Fault 35: an answer beyond the bound is not read to its end", arguments: all)
    func huge(_ adapter: FaultyAdapter) async throws {
        let body = String(repeating: " ", count: 50_000) + "{}"
        let (results, _) = try await adapter.ask(answerBytesMax: 20_000, answer(200, body))
        #expect(results.map(\.code) == [.malformed, .malformed])
    }

    @Test("Fault 35: another model behind the same address is noticed", arguments: all)
    func swapped(_ adapter: FaultyAdapter) async throws {
        let (results, _) = try await adapter.ask(
            answer(200, #"{"model":"other","choices":[],"data":[],"results":[]}"#))
        #expect(results.map(\.code) == [.wrongModel, .wrongModel])
        for case .failure(let error) in results { #expect(error.concernsEndpoint) }
    }
}
