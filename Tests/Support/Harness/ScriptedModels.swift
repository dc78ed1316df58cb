internal import Foundation
internal import Glibc

/// The scripted policy and reward model, a process of its own.
package final class ScriptedModels {
    /// What goes wrong with requests to one of the two.
    package struct Fault: Hashable {
        /// What happens; see `scripted_models.py`.
        package var name: String
        /// Each how many-th request it happens to.
        package var every = 1
        /// To how many requests at most.
        package var most: Int?
        /// Only to requests that hold this text.
        package var text: String?
        /// Only to requests of this client.
        package var client: String?
        /// The HTTP status, for `status`.
        package var status: Int?
        /// The header `Retry-After`.
        package var retryAfter: String?

        /// Names a fault.
        package init(
            _ name: String, every: Int = 1, most: Int? = nil, text: String? = nil,
            client: String? = nil, status: Int? = nil, retryAfter: String? = nil
        ) {
            self.name = name
            self.every = every
            self.most = most
            self.text = text
            self.client = client
            self.status = status
            self.retryAfter = retryAfter
        }
    }

    /// What it does now.
    package struct Script {
        /// What identifies the weights.
        package var root = "weights-1"
        /// Other texts and rewards for another text.
        package var salt = ""
        /// Seconds for each request.
        package var latency = 0.0
        /// Requests to the policy that take only that. Each later one takes five seconds, so that
        /// much is left to be drawn however slow the machine is; `nil`: all take only that.
        package var quick: Int?
        /// Faults of the policy, the first that fits.
        package var policy: [Fault] = []
        /// Faults of the scorer.
        package var scorer: [Fault] = []
    }

    /// One request that came.
    package struct Request: Decodable {
        /// `policy` or `scorer`.
        package var kind: String
        /// Which worker asked.
        package var client: String
        /// The fault that it met, or nothing.
        package var fault: String
        /// When it came, in seconds from some moment.
        package var time: Double
        /// The prompt, of a request to the policy.
        package var prompt: String?
        /// The seed of the first draw, of a request to the policy.
        package var seed: Int?
        /// How many draws or rewards were asked for.
        package var n: Int
        /// The tokens that an answer tells, of a request to the scorer.
        package var tokens: Int?
    }

    /// Where it listens.
    package private(set) var port = 0
    private let workspace: Workspace
    private let prefix: [String]
    private var process: Program?
    private var rules: [Fault: Int] = [:]

    /// What it does; takes effect with the next request.
    package private(set) var script = Script()

    /// Starts it. `prefix` is what its command begins with.
    package init(_ workspace: Workspace, prefix: [String] = []) async throws {
        self.workspace = workspace
        self.prefix = prefix
        try write()
        try await start()
    }

    /// The address for one client.
    package func url(client: String) -> String { "http://127.0.0.1:\(port)/\(client)" }

    /// Starts it, again at the same port.
    package func start() async throws {
        let python =
            FileManager.default.isExecutableFile(atPath: Checkout.root + "/.venv/bin/python")
            ? Checkout.root + "/.venv/bin/python" : "/usr/bin/python3"
        let argv = [
            python, "-B", Checkout.root + "/Tests/Support/Harness/scripted_models.py",
            "--port", "\(port)", "--control", control, "--log", log,
        ]
        let process = try workspace.run(prefix + argv)
        self.process = process
        try await eventually("the scripted models to listen", detail: { process.transcript }) {
            guard process.isRunning else { throw Unexpected(process.transcript) }
            return process.output.hasSuffix("\n")
        }
        let words = process.output.split(whereSeparator: \.isWhitespace)
        port = words.last.flatMap { Int($0) } ?? 0
    }

    /// Kills it.
    package func kill() async throws {
        process?.signal(SIGKILL)
        try await process?.status()
    }

    /// Changes what it does.
    package func change(_ change: (inout Script) -> Void) throws {
        change(&script)
        try write()
    }

    /// The requests so far, in order.
    package var requests: [Request] {
        get throws {
            let data = FileManager.default.contents(atPath: log) ?? Data()
            // The last line may be half written.
            let lines = data.split(separator: 10)
            return try lines.prefix(data.last == 10 ? lines.count : max(0, lines.count - 1))
                .map { try JSONDecoder().decode(Request.self, from: $0) }
        }
    }

    private var control: String { workspace.path("models.json") }
    private var log: String { workspace.path("models.log") }

    private func write() throws {
        var object: [String: Any] = [
            "root": script.root, "salt": script.salt, "latency": script.latency,
            "policy": script.policy.map(rule), "scorer": script.scorer.map(rule),
        ]
        if let quick = script.quick { object["quick"] = quick }
        let data = try JSONSerialization.data(withJSONObject: object)
        try data.write(to: URL(fileURLWithPath: control), options: .atomic)
    }

    private func rule(_ fault: Fault) -> [String: Any] {
        // The same fault stays the same: who it holds is held until it is gone.
        let id = rules[fault] ?? rules.count + 1
        rules[fault] = id
        var rule: [String: Any] = ["id": id, "fault": fault.name, "every": fault.every]
        rule["most"] = fault.most
        rule["text"] = fault.text
        rule["client"] = fault.client
        rule["status"] = fault.status
        rule["retry_after"] = fault.retryAfter
        return rule
    }
}
