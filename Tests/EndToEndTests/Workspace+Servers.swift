import Foundation
import Harness
import Testing

extension Workspace {
    /// Starts a llama.cpp server with the tiny policy, or another model of the quickstart's, and
    /// gives its address. It ends with the workspace.
    func llamaServer(
        python: String, model: String = "policy", options: [String] = []
    ) async throws -> String {
        let server = try run(
            try Settings.llamaServer(
                self, python: python, model: model, port: "0", options: options))
        try await eventually("the server to listen", detail: { server.transcript }) {
            server.output.contains("listening on ") && server.output.hasSuffix("\n")
        }
        let words = server.output.split(whereSeparator: \.isWhitespace)
        let address = try #require(words.last)
        return address.hasPrefix("http") ? "\(address)" : "http://\(address)"
    }

    /// Waits until only servers that the test itself started are left.
    func expectOnlyServers() async throws {
        try await eventually("all but the servers to be gone", detail: { "\(self.processes)" }) {
            processes.allSatisfy { $0.argv.contains { $0.hasSuffix("serve_llamacpp.py") } }
        }
    }
}
