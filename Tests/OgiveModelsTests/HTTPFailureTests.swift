import FoundationEssentials
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// Each way in which a model server refuses or breaks, as a typed failure with a useful message.
@Suite(.timeLimit(.minutes(10))) struct HTTPFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var status: Int
        var body: String
        var code: ModelError.Code
        var says: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "llama.cpp key", status: 401,
            body: #"{"error":{"message":"Invalid API Key","type":"authentication_error"}}"#,
            code: .unauthorized, says: "Invalid API Key"),
        Case(
            name: "vLLM key, error is a string", status: 401, body: #"{"error":"Unauthorized"}"#,
            code: .unauthorized, says: "Unauthorized"),
        Case(
            name: "forbidden without a body", status: 403, body: "", code: .unauthorized,
            says: "api_key"),
        Case(
            name: "vLLM model", status: 404,
            body: #"{"error":{"message":"The model `nope` does not exist.","#
                + #""type":"NotFoundError","param":"model","code":404}}"#,
            code: .wrongModel, says: "`nope` does not exist"),
        Case(
            name: "vLLM path", status: 404, body: #"{"detail":"Not Found"}"#, code: .unsupported,
            says: "Not Found"),
        Case(
            name: "llama.cpp path", status: 404,
            body: #"{"error":{"message":"File Not Found","type":"not_found_error"}}"#,
            code: .unsupported, says: "File Not Found"),
        Case(
            name: "wrong method", status: 405, body: #"{"detail":"Method Not Allowed"}"#,
            code: .unsupported, says: "Method Not Allowed"),
        Case(
            name: "not enabled", status: 501,
            body: #"{"error":{"code":501,"message":"This server does not support reranking."}}"#,
            code: .unsupported, says: "reranking"),
        Case(
            name: "llama.cpp long prompt", status: 400,
            body: #"{"error":{"code":400,"message":"request (1802 tokens) exceeds the available "#
                + #"context size (512 tokens)","type":"exceed_context_size_error"}}"#,
            code: .promptTooLong, says: "1802 tokens"),
        Case(
            name: "vLLM long prompt", status: 400,
            body: #"{"error":{"message":"This model's maximum context length is 512 tokens.","#
                + #""type":"BadRequestError","param":"input_tokens","code":400}}"#,
            code: .promptTooLong, says: "512 tokens"),
        Case(
            name: "n too big", status: 400,
            body: #"{"error":{"message":"Field 'n': Value must be between 1 <= value <= 8"}}"#,
            code: .rejected, says: "between 1"),
        Case(
            name: "validation list", status: 422,
            body: #"{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}"#,
            code: .rejected, says: "Field required"),
        Case(
            name: "HTML of a proxy", status: 502, body: "<html>Bad Gateway</html>",
            code: .serverError, says: "Bad Gateway"),
        Case(
            name: "redirection", status: 307, body: "", code: .misconfigured, says: "final"),
        Case(name: "teapot", status: 418, body: "", code: .rejected, says: "418"),
    ]

    @Test(arguments: cases) func statusAndBodyGiveTheCode(_ sample: Case) async throws {
        try await ScriptedServer.serving({ _ in
            .answer(status: sample.status, body: sample.body)
        }) { server in
            let policy = try Samples.policy(server.url, apiKey: "very-secret")
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == sample.code)
            #expect(error?.message.contains(sample.says) == true)
            #expect(error?.message.contains(server.url) == true)
            #expect(error?.message.contains("very-secret") == false)
        }
    }

    @Test func longErrorIsCut() {
        let body = ServerErrorBody(Data(String(repeating: "x", count: 100_000).utf8))
        #expect(body.message.utf8.count <= ServerErrorBody.messageBytesMax + 3)
    }

    @Test func retryAfterIsHandedOn() async throws {
        try await ScriptedServer.serving({ _ in
            .answer(status: 429, body: "slow down", headers: [("Retry-After", "7")])
        }) { server in
            let policy = try Samples.policy(server.url)
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == .overloaded)
            #expect(error?.retryAfter == .seconds(7))
        }
    }

    @Test func closedPortIsUnreachable() async throws {
        // Nobody listens on the port of tcpmux.
        let url = "http://127.0.0.1:1"
        let policy = try Samples.policy(url)
        let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
        #expect(error?.code == .unreachable)
        #expect(
            error?.message.contains("\(url)/v1/models: connection refused; check that") == true,
            "\(error?.message ?? "")")
    }

    @Test func unknownHostIsUnreachable() async throws {
        let policy = try Samples.policy("http://no-such-host.invalid:1")
        let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
        #expect(error?.code == .unreachable)
    }

    @Test func silenceIsATimeout() async throws {
        try await ScriptedServer.serving({ _ in .silence }) { server in
            let policy = try Samples.policy(server.url, timeout: .seconds(3))
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == .timeout)
        }
    }

    @Test("An unused connection is closed before a server would") func idleConnection() async throws
    {
        try await ScriptedServer.serving({ _ in .json("{}") }) { server in
            let http = ModelHTTP(
                url: try ModelURL(server.url), apiKey: nil, requestTimeout: .seconds(30),
                connections: 1)
            _ = try await http.get("/")
            // Less than the HTTP client's own 60 s, and much more than 3 s.
            try await eventually("the connection's end", within: .seconds(40)) {
                server.closedConnections == 1
            }
            #expect(http.connectionsMade == 1)
        }
    }

    @Test func brokenOffAnswerIsAServerError() async throws {
        try await ScriptedServer.serving({ _ in .hangUp }) { server in
            let policy = try Samples.policy(server.url)
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == .serverError)
            #expect(error?.isServerGone == true)
        }
    }

    @Test func endlessAnswerIsMalformed() async throws {
        try await ScriptedServer.serving({ _ in .json(String(repeating: " ", count: 5_000)) }) {
            server in
            let policy = try Samples.policy(server.url, answerBytesMax: 1_000)
            let error = await #expect(throws: ModelError.self) { try await policy.fingerprint() }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains("1000") == true)
        }
    }

    @Test(arguments: ["", "ftp://x", "localhost:80", "http://", "http://user:pw@host"])
    func badAddressIsMisconfigured(_ text: String) {
        let error = #expect(throws: ModelError.self) { try ModelURL(text) }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("pw") == false)
    }

    @Test(arguments: ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"])
    func addressLosesItsEnd(_ text: String) throws {
        #expect(try ModelURL(text).base == "http://a:1")
    }

    @Test func retryAfterReadsSecondsAndDates() {
        let now = 1_445_412_480.0 - 60
        #expect(RetryAfter.duration("120", now: now) == .seconds(120))
        #expect(RetryAfter.duration("Wed, 21 Oct 2015 07:28:00 GMT", now: now) == .seconds(60))
        #expect(
            RetryAfter.duration("Thu, 29 Feb 2024 00:00:00 GMT", now: 1_709_164_799) == .seconds(1))
        #expect(RetryAfter.duration("Wed, 21 Oct 2015 07:28:00 GMT", now: now + 99) == .zero)
        #expect(RetryAfter.duration("99999999999999999999", now: now) == .seconds(3_600))
        for text in ["", "-1", "soon", "nan", "Wed, 41 Oct 2015 07:28:00 GMT", "1 2 3 4 5 GMT"] {
            #expect(RetryAfter.duration(text, now: now) == nil)
        }
    }
}
