import Foundation
import OgiveModels

/// A real llama.cpp server for tests, each of one test alone.
enum LlamaServer {
    /// The models of the quickstart.
    enum Model: String {
        case policy, reward

        var files: [String] {
            self == .policy ? ["policy.gguf"] : ["reward.gguf", "reward-qwen3.gguf"]
        }
        var name: String { "tiny-\(rawValue)" }
    }

    /// Runs `body` with the address of a server; prints why not when Python, the wheel or a model
    /// is missing. With `isShared` it is the model of which there are weights for vLLM too.
    static func serving(
        _ model: Model, slots: Int = 8, apiKey: String? = nil, isShared: Bool = false,
        _ body: (String) async throws -> Void
    ) async throws {
        guard let python else {
            print("skipped: no Python with xllamacpp (.venv/bin/python or OGIVE_PYTHON)")
            return
        }
        guard let file = file(model, isShared: isShared) else {
            print("skipped: no \(model.files) in config/quickstart or ../shared/inference/models")
            return
        }
        let arguments = ["-c", script, file, model.name, "{port}", "\(slots)", apiKey ?? ""]
        let server = try ModelServer(
            ModelServerSpec(argv: [python] + arguments), supervisor: [])
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            try await server.waitUntilHealthy()
            try await body(server.url)
            group.cancelAll()
        }
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static let python: String? = {
        let given = ProcessInfo.processInfo.environment["OGIVE_PYTHON"]
        let own = root.appending(path: ".venv/bin/python").path
        return [given, own].compactMap { $0 }.first { path in
            guard FileManager.default.isExecutableFile(atPath: path) else { return false }
            // The wheel is a folder beside the interpreter's library.
            let library = URL(fileURLWithPath: path).deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "lib")
            let versions =
                (try? FileManager.default.contentsOfDirectory(atPath: library.path)) ?? []
            return versions.contains { version in
                FileManager.default.fileExists(
                    atPath: library.appending(path: "\(version)/site-packages/xllamacpp").path)
            }
        }
    }()

    private static func file(_ model: Model, isShared: Bool) -> String? {
        let shared = root.appending(path: "../shared/inference/models")
        let folders = isShared ? [shared] : [root.appending(path: "config/quickstart"), shared]
        return folders.flatMap { folder in model.files.map { folder.appending(path: $0).path } }
            .first { FileManager.default.fileExists(atPath: $0) }
    }

    private static let script = """
        import sys, threading, xllamacpp as x
        file, alias, port, slots, key = sys.argv[1:6]
        p = x.CommonParams()
        p.model.path, p.model_alias = file, {alias}
        p.hostnames, p.port = ["127.0.0.1"], int(port)
        p.n_parallel, p.n_ctx, p.ui, p.verbosity = int(slots), 512 * int(slots), False, 1
        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
        p.api_keys = [key] if key else []
        if alias == "tiny-reward":
            p.embedding, p.pooling_type = True, x.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
        server = x.Server(p)
        # Ends with its standard input, so that a killed test leaves no server behind.
        sys.stdin.read()
        """
}
