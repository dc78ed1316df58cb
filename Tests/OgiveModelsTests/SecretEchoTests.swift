import Foundation
import NIOHTTP1
import OgiveCore
import OgiveModels
import Testing

/// A server that writes the request's key back, in errors of every kind.
@Suite(.timeLimit(.minutes(10))) struct SecretEchoTests {
    private static let key = "sk-Echo/41+Za9_bQ7c8D0eF"

    /// What a server makes of the header `Authorization`.
    enum Writing: String, CaseIterable, Sendable {
        case raw, escaped, percent, base64, cut

        func text(_ header: String) -> String {
            switch self {
            case .raw: header
            case .escaped: header.utf16.map { String(format: "\\\\u%04x", $0) }.joined()
            case .percent: header.utf8.map { String(format: "%%%02X", $0) }.joined()
            case .base64: Data(header.utf8).base64EncodedString()
            // The bound of an excerpt falls into the key.
            case .cut: String(repeating: "x", count: 470) + " " + header
            }
        }
    }

    /// The shapes of answers.
    static let shapes: [(status: Int, body: String)] = [
        (401, #"{"error": {"message": "bad key: @"}}"#), (400, #"{"detail": "got @"}"#),
        (400, "no JSON: @"), (500, #"{"error": "@"}"#), (200, #"{"error": {"message": "@"}}"#),
        (200, "<html>@</html>"), (404, #"{"message": "@"}"#), (429, "@"),
    ]

    @Test(
        "Fault 50: a key that a server echoes is in no error", arguments: Writing.allCases,
        shapes.map(\.body))
    func echo(_ writing: Writing, body: String) async throws {
        let status = try #require(Self.shapes.first { $0.body == body }).status
        try await ScriptedServer.serving { request in
            let header = request.headers.first(name: "Authorization") ?? ""
            return .answer(
                status: status, body: body.replacing("@", with: writing.text(header)))
        } _: { server in
            let http = ModelHTTP(
                url: try ModelURL(server.url), apiKey: Self.key, requestTimeout: .seconds(60),
                connections: 1)
            let connection = ServerConnection(http: http, model: "m", kind: .other)
            let error = try #require(
                await #expect(throws: ModelError.self) { try await connection.refresh() })
            let header = ["Bearer \(Self.key)"]
            #expect(server.requests.contains { $0.headers["Authorization"] == header })
            expectNothing(of: writing, in: error.message)
        }
    }

    @Test("Fault 50: a key that a server echoes is in no fact of the fingerprint")
    func facts() async throws {
        try await ScriptedServer.serving { request in
            let header = request.headers.first(name: "Authorization") ?? ""
            return .json(#"{"version": "\#(header)", "data": [{"id": "m", "root": "\#(header)"}]}"#)
        } _: { server in
            let http = ModelHTTP(
                url: try ModelURL(server.url), apiKey: Self.key, requestTimeout: .seconds(60),
                connections: 1)
            let profile = try await ServerProfile.read(http, model: "m", kind: .vLLM)
            #expect(profile.facts["version"] == "Bearer [hidden]")
            for fact in profile.facts.values { expectNothing(of: .raw, in: fact) }
        }
    }

    /// No stretch of the key's beginning, as it would be written.
    private func expectNothing(of writing: Writing, in text: String) {
        let written = writing == .cut ? Self.key : writing.text(Self.key)
        let length = writing == .raw || writing == .cut || writing == .base64 ? 12 : 40
        for start in stride(from: 0, to: written.count - length, by: 1) {
            let part = written.dropFirst(start).prefix(length)
            // Base64 of the header begins elsewhere than that of the key.
            if writing == .base64, start > 0 { break }
            #expect(!text.contains(part), "\(text)")
        }
        if writing == .base64 {
            let header = Data("Bearer \(Self.key)".utf8).base64EncodedString()
            #expect(!text.contains(header.dropFirst(10).prefix(14)), "\(text)")
        }
    }
}
