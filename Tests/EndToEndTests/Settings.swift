import Foundation
import Harness

/// Configuration files of tests. Times are short, so that a lost process is noticed soon.
enum Settings {
    /// Where the database is.
    enum Place {
        case url(String)
        case embedded(String)

        var line: String {
            switch self {
            case .url(let url): "url: \"\(url)\""
            case .embedded(let folder): "embedded: \(folder)"
            }
        }
    }

    /// A run without models.
    static func synthetic(
        _ workspace: Workspace, database: Place, draws: Int = 8, latency: String = "0ms"
    ) throws -> String {
        try workspace.write(
            "synthetic.yaml",
            """
            run: {name: made, draws: \(draws)}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: prompts}
            policy:
              kind: synthetic
              synthetic: {distribution: normal, latency: \(latency), text_length: 40}
            scorer: {kind: synthetic}
            \(common(workspace, database))
              sample_concurrency: 16
              score_concurrency: 4
              prefetch: 16
            """)
    }

    /// GSM8K with the tiny model; `server` is its `url` or its `launch`, with `limits` beside it.
    static func gsm8k(
        _ workspace: Workspace, database: Place, server: String, limits: String = "",
        name: String = "gsm8k.yaml"
    ) throws -> String {
        try workspace.write(
            name,
            """
            run: {name: gsm8k, draws: 8}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: gsm8k}
            policy:
              kind: openai
              model: tiny-policy
              api: chat
              sampling: {temperature: 1, max_tokens: 64}
              draws_per_request: 2
              \(server)
              \(limits)
            scorer:
              kind: verifier
              verifier: {rule: final_number, field: answer}
            \(common(workspace, database))
              sample_concurrency: 1
              prefetch: 1
            """)
    }

    /// A run with the scripted models, whose scorer costs 3 for a million tokens.
    static func scripted(
        _ workspace: Workspace, database: Place, models: String
    ) throws -> String {
        try workspace.write(
            "scripted.yaml",
            """
            run: {name: scripted, draws: 4}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: scripted}
            policy:
              kind: openai
              model: scripted
              api: chat
              sampling: {max_tokens: 64}
              draws_per_request: 4
              url: \(models)
            scorer:
              kind: classify
              model: scripted
              template: "{query}\\n{document}"
              check_activation: false
              price_per_million_tokens: 3
              url: \(models)
            \(common(workspace, database))
              sample_concurrency: 2
              score_concurrency: 2
              prefetch: 2
            """)
    }

    /// The quickstart's models, which run at these addresses.
    static func served(
        _ workspace: Workspace, database: Place, policy: String, scorer: String, name: String
    ) throws -> String {
        try workspace.write(
            name,
            """
            run: {name: served, draws: 4}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: served}
            policy:
              kind: openai
              model: tiny-policy
              sampling: {temperature: 1, top_p: 0.95, max_tokens: 64}
              draws_per_request: 2
              url: \(policy)
            scorer:
              kind: rerank
              model: tiny-reward
              url: \(scorer)
            \(common(workspace, database))
              sample_concurrency: 2
              prefetch: 2
            """)
    }

    /// Starts a llama.cpp server of its own for each user of the configuration.
    static func launch(_ workspace: Workspace, python: String) throws -> String {
        let argv = try llamaServer(workspace, python: python).map { "\"\($0)\"" }
        return "launch: {command: [\(argv.joined(separator: ", "))], startup_timeout: 60s}"
    }

    /// The command of a llama.cpp server with the tiny policy, or another of the quickstart's
    /// models; two slots of 1 024 tokens.
    static func llamaServer(
        _ workspace: Workspace, python: String, model: String = "policy", context: Int = 2048,
        port: String = "{port}", options: [String] = []
    ) throws -> [String] {
        // By way of the test's folder, so that the server can be told to be the test's.
        let file = workspace.path(model + ".gguf")
        if !FileManager.default.fileExists(atPath: file) {
            try FileManager.default.createSymbolicLink(
                atPath: file,
                withDestinationPath: Checkout.root + "/config/quickstart/\(model).gguf")
        }
        return [
            python, Checkout.root + "/deploy/serve_llamacpp.py", "--model", file,
            "--alias", "tiny-\(model)", "--slots", "2", "--ctx", "\(context)", "--threads", "1",
            "--port", port,
        ] + options
    }

    /// Writes `count` plain prompts.
    static func writePrompts(_ workspace: Workspace, _ count: Int) throws {
        let rows = (0..<count).map { "{\"key\": \"p\($0)\", \"prompt\": \"Question \($0)?\"}\n" }
        try workspace.write("prompts.jsonl", rows.joined())
    }

    private static func common(_ workspace: Workspace, _ database: Place) -> String {
        """
        database: {\(database.line)}
        coordinator:
          listen: ipc://\(workspace.path("coordinator.sock"))
          poll_interval: 100ms
          heartbeat_interval: 200ms
          silence_max: 2s
          term_expiry: 3s
          renew_interval: 500ms
        worker:
          processes: 2
          resend_after: 500ms
          drain_timeout: 5s
        """
    }
}
