import Foundation
import NIOSSL
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// A server with a certificate for `localhost`, of an authority made for the test.
private struct SecureServer {
    let folder: String
    let server: ScriptedServer

    /// The server's address by the name in its certificate.
    var url: String { server.url.replacing("http://127.0.0.1", with: "https://localhost") }

    static func with(_ body: (SecureServer) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "/ogive-tls-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await makeCertificates(folder)
        let chain = try NIOSSLCertificate.fromPEMFile(folder + "/server.crt")
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(
                    NIOSSLPrivateKey(file: folder + "/server.key", format: .pem))))
        let script = DialectServer(kind: .vLLM).script
        try await ScriptedServer.serving(security: context, script) { server in
            try await body(SecureServer(folder: folder, server: server))
        }
    }

    /// A draw asked for at `url`, trusting the authority in `file`.
    func draw(_ url: String, trusting file: String?) async throws -> Result<Completion, ModelError>
    {
        let authorities = try file.map { try TrustedAuthorities(file: "\(folder)/\($0)") }
        let http = ModelHTTP(
            url: try ModelURL(url), apiKey: nil, requestTimeout: .seconds(30), connections: 1,
            authorities: authorities)
        let policy = CompletionPolicy(
            spec: PolicySpec(kind: .openai, model: "tiny-policy"),
            server: ServerConnection(http: http, model: "tiny-policy"), drawsPerRequest: 1)
        let answers = await policy.sample(Samples.sampleRequest([0, 1]))
        #expect(http.connectionsMade <= 1, "one connection is kept alive")
        return answers[0]
    }

    private static func makeCertificates(_ folder: String) async throws {
        try "subjectAltName=DNS:localhost".write(
            toFile: folder + "/names", atomically: true, encoding: .utf8)
        for name in ["ca", "unknown"] {
            try await openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                "/CN=\(name)", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt")
        }
        try await openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "\(folder)/server.key", "-out", "\(folder)/server.csr")
        try await openssl(
            "x509", "-req", "-days", "1", "-in", "\(folder)/server.csr", "-CA", "\(folder)/ca.crt",
            "-CAkey", "\(folder)/ca.key", "-CAcreateserial", "-extfile", "\(folder)/names", "-out",
            "\(folder)/server.crt")
    }

    private static func openssl(_ arguments: String...) async throws {
        let status = try await SystemProgram.run("/usr/bin/openssl", arguments).status
        try #require(status == 0, "openssl \(arguments)")
    }
}

/// TLS with a real server and authorities that are thrown away.
@Suite(.timeLimit(.minutes(10))) struct SecureServerTests {
    @Test func anAuthorityOfOnesOwnIsTrusted() async throws {
        try await SecureServer.with { secure in
            let answer = try await secure.draw(secure.url, trusting: "ca.crt")
            #expect(try answer.get().text == "s5")
        }
    }

    @Test(arguments: [nil, "unknown.crt"]) func anotherAuthorityIsNot(_ file: String?) async throws
    {
        try await SecureServer.with { secure in
            let answer = try await secure.draw(secure.url, trusting: file)
            #expect(answer.code == .misconfigured)
            #expect(answer.message.contains("authority that is not trusted"), "\(answer)")
            #expect(answer.message.contains("`ca_file`"))
        }
    }

    @Test func aCertificateForAnotherNameIsRefused() async throws {
        try await SecureServer.with { secure in
            let url = secure.url.replacing("localhost", with: "127.0.0.1")
            let answer = try await secure.draw(url, trusting: "ca.crt")
            #expect(answer.code == .misconfigured)
            #expect(answer.message.contains("for another name"), "\(answer)")
        }
    }

    @Test func aServerWithoutTLSIsNamedAsSuch() async throws {
        let script = DialectServer(kind: .vLLM).script
        try await ScriptedServer.serving(script) { server in
            let url = server.url.replacing("http://", with: "https://")
            let policy = try Samples.policy(url)
            let answer = await policy.sample(Samples.sampleRequest([0]))[0]
            #expect(answer.code == .misconfigured)
            #expect(answer.message.contains("does not speak TLS"), "\(answer)")
        }
    }

    @Test func aFileWithoutCertificatesIsAMisconfiguration() throws {
        let error = #expect(throws: ModelError.self) {
            try TrustedAuthorities(file: "/dev/null")
        }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("ca_file") == true)
    }
}
