internal import Foundation
internal import Glibc
internal import OgiveModels
internal import Synchronization

/// A real vLLM with one of the tiny models, for tests whose suite has `VLLM` in its name.
///
/// Each is started when a test first asks for it, serves all tests of the process, and ends with
/// the process, however that ends: its supervisor notices that the process is gone.
package enum VLLMServer: String, CaseIterable {
    /// Samples: `/v1/chat/completions`, `/v1/completions`.
    case policy
    /// Scores: `/classify`, `/pooling`, `/score`, `/v1/rerank`.
    case reward

    /// The model's name at the server.
    package var model: String { "tiny-\(rawValue)" }

    /// The folder of the model.
    package var folder: String {
        URL(fileURLWithPath: Checkout.root).deletingLastPathComponent().path
            + "/shared/inference/models/" + (self == .policy ? "policy-hf" : "reward-llama-hf")
    }

    /// The command that serves it, for `launch` too: there the port is `{port}`. A link to the
    /// folder may stand in for it.
    package func command(port: String, link: String? = nil) -> [String] {
        [Checkout.root + "/deploy/serve_vllm", link ?? folder, model, port]
            + ["--max-model-len", "512"]
            + (self == .policy ? [] : ["--runner", "pooling"])
    }

    /// Why it cannot be served here; `nil` when it can.
    package var obstacle: String? {
        guard FileManager.default.isExecutableFile(atPath: python) else {
            return "\(python) is not there; deploy/setup --vllm makes it"
        }
        guard FileManager.default.fileExists(atPath: folder + "/config.json") else {
            return "\(folder) is not there"
        }
        return nil
    }

    /// The address, once it is healthy; prints why not and gives `nil` where it cannot be served.
    package func url() async throws -> String? {
        if let obstacle {
            print("skipped: \(obstacle)")
            return nil
        }
        let server = try Self.started.withLock { started in
            let server = try started[self] ?? Started(self)
            started[self] = server
            return server
        }
        try await server.waitUntilHealthy()
        return server.url
    }

    private var python: String { Checkout.root + "/.venv-vllm/bin/python" }

    private static let started = Mutex<[VLLMServer: Started]>([:])

    /// A server that was started.
    private final class Started: Sendable {
        let url: String
        private let process: ChildProcess
        private let http: ModelHTTP
        private let log: String

        /// Twice what it took on a busy machine.
        private static let startTimeout = Duration.seconds(240)

        init(_ server: VLLMServer) throws {
            let port = try Port.free()
            let temporary = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
            log = "\(temporary)/ogive-vllm-\(server.rawValue)-\(getpid()).log"
            url = "http://127.0.0.1:\(port)"
            http = ModelHTTP(
                url: try ModelURL(url), apiKey: nil, requestTimeout: .seconds(5), connections: 1)
            process = try ChildProcess(
                [try Checkout.program, "supervise", "--"]
                    + ["/bin/sh", "-c", #"log=$1; shift; exec "$@" >"$log" 2>&1"#, "sh", log]
                    + server.command(port: "\(port)"))
        }

        func waitUntilHealthy() async throws {
            try await eventually("vLLM", within: Self.startTimeout, detail: { said }) {
                guard process.isRunning else { throw Unexpected("vLLM ended; \(said)") }
                return (try? await http.get("/health")) != nil
            }
            // It writes on, to a file that goes with it; another test may have been here before.
            try? FileManager.default.removeItem(atPath: log)
        }

        private var said: String {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            return "the end of \(log):\n\(text.suffix(3000))"
        }
    }
}
