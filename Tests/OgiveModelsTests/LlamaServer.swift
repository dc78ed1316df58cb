import Foundation

/// A real llama.cpp server for tests, of this process alone; `nil` where none can be had.
final class LlamaServer {
    /// The models of the quickstart.
    enum Model: String {
        case policy, reward

        var files: [String] {
            self == .policy ? ["policy.gguf"] : ["reward.gguf", "reward-qwen3.gguf"]
        }
        var name: String { "tiny-\(rawValue)" }
    }

    let url: String
    private let process: Process

    /// Starts a server; `nil`, with the reason printed, when Python, the wheel or a model is
    /// missing.
    init?(_ model: Model, slots: Int = 8, apiKey: String? = nil) async throws {
        guard let python = Self.python else {
            print("skipped: no Python with xllamacpp (.venv/bin/python or OGIVE_PYTHON)")
            return nil
        }
        guard let file = Self.file(model) else {
            print("skipped: no \(model.files) in config/quickstart or ../shared/inference/models")
            return nil
        }
        process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", Self.script, file, model.name, "\(slots)", apiKey ?? ""]
        let output = Pipe()
        // The server ends with its standard input, so that a killed test leaves none behind.
        process.standardInput = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = Self.address(output.fileHandleForReading)
        guard let text else {
            process.terminate()
            print("skipped: the llama.cpp server did not start")
            return nil
        }
        url = text
    }

    /// Reads the server's output up to its address; `nil` when it ends before.
    private static func address(_ output: FileHandle) -> String? {
        var text = ""
        while !text.contains("\n") || !text.contains("listening on ") {
            let part = output.availableData
            if part.isEmpty { return nil }
            text += String(decoding: part, as: UTF8.self)
        }
        return text.components(separatedBy: "listening on ").last?
            .components(separatedBy: "\n").first
    }

    /// Stops the server.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static let python: String? = {
        let given = ProcessInfo.processInfo.environment["OGIVE_PYTHON"]
        let own = root.appending(path: ".venv/bin/python").path
        return [given, own].compactMap { $0 }.first { path in
            let probe = Process()
            probe.executableURL = URL(fileURLWithPath: path)
            probe.arguments = ["-c", "import xllamacpp"]
            probe.standardError = FileHandle.nullDevice
            guard FileManager.default.isExecutableFile(atPath: path),
                (try? probe.run()) != nil
            else { return false }
            probe.waitUntilExit()
            return probe.terminationStatus == 0
        }
    }()

    private static func file(_ model: Model) -> String? {
        let folders = [
            root.appending(path: "config/quickstart"),
            root.appending(path: "../shared/inference/models"),
        ]
        return folders.flatMap { folder in model.files.map { folder.appending(path: $0).path } }
            .first { FileManager.default.fileExists(atPath: $0) }
    }

    private static let script = """
        import sys, xllamacpp as x
        file, alias, slots, key = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
        p = x.CommonParams()
        p.model.path, p.model_alias, p.hostnames, p.port = file, {alias}, ["127.0.0.1"], 0
        p.n_parallel, p.n_ctx, p.ui, p.verbosity = slots, 512 * slots, False, 1
        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
        p.api_keys = [key] if key else []
        if alias == "tiny-reward":
            p.embedding, p.pooling_type = True, x.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
        server = x.Server(p)
        print("listening on", server.listening_address, flush=True)
        sys.stdin.read()
        """
}
