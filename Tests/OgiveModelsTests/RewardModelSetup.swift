import Foundation
import Glibc
import Harness
import OgiveCore
import OgiveModels

/// `deploy/scorers/reward_model.py` with a tiny reward model.
struct RewardModelSetup: Sendable {
    private static let root = Checkout.root
    private static let script = root + "/deploy/scorers/reward_model.py"
    private static let checks = root + "/Tests/OgiveModelsTests/reward_model_checks.py"
    /// One thread each: several that wait for each other by spinning starve a busy machine.
    private static let environment = ["OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"]

    private let python: String
    /// The model, below a folder of this test by which its processes are known.
    private let model: String

    /// Prints why not and gives `nil` where torch or the models are not there.
    init?(_ name: String) {
        python = Self.root + "/.venv-vllm/bin/python"
        let libraries = Self.root + "/.venv-vllm/lib"
        let folder =
            URL(filePath: Self.root).deletingLastPathComponent().path
            + "/shared/inference/models/\(name)"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
        let hasTorch = versions.contains {
            FileManager.default.fileExists(atPath: "\(libraries)/\($0)/site-packages/torch")
        }
        guard hasTorch, FileManager.default.isExecutableFile(atPath: python) else {
            print("skipped: no torch in \(libraries); deploy/setup --vllm installs it")
            return nil
        }
        guard FileManager.default.fileExists(atPath: folder + "/config.json") else {
            print("skipped: \(folder) is not there")
            return nil
        }
        let own = FileManager.default.temporaryDirectory
            .appending(path: "reward-model-\(UInt64.random(in: 0 ... .max))")
        model = own.appending(path: name).path
        do {
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: model, withDestinationPath: folder)
        } catch {
            print("skipped: \(error)")
            return nil
        }
    }

    /// Runs `body` with the scorer behind its command.
    func withScorer(
        _ options: [String] = [], batchSize: Int = 64,
        _ body: (CommandScorer) async throws -> Void
    ) async throws {
        var command = CommandAdapter(
            [python, Self.script, "--model", model, "--batch-tokens", "2000"] + options)
        command.environment = Self.environment
        command.announcesFacts = true
        var endpoint = ScorerEndpoint(command, model: "mine")
        endpoint.requestTimeout = .seconds(300)
        endpoint.batchSize = batchSize
        let scorer = try CommandScorer(command, endpoint: endpoint, clock: .machine)
        try await withThrowingTaskGroup { group in
            group.addTask { await scorer.run() }
            defer { group.cancelAll() }
            try await body(scorer)
        }
    }

    /// Runs `body` with the scorer as an HTTP server.
    func withServer(_ body: (ModelHTTP) async throws -> Void) async throws {
        let port = try Port.free()
        let child = try ChildProcess(
            ["/usr/bin/env", "OMP_NUM_THREADS=1", python, Self.script, "--model", model]
                + ["--http", "127.0.0.1:\(port)"])
        let http = ModelHTTP(
            url: try ModelURL("http://127.0.0.1:\(port)"), apiKey: nil,
            requestTimeout: .seconds(120), connections: 8)
        let result: Result<Void, any Error>
        do {
            try await eventually("the reward model", within: .seconds(300)) {
                (try? await http.get("/health")) != nil
            }
            result = .success(try await body(http))
        } catch {
            result = .failure(error)
        }
        child.terminate()
        let status = await child.wait()
        try result.get()
        guard status == 0 else { throw Unexpected("SIGTERM ends it with \(status)") }
    }

    /// What transformers give, one by one.
    func plain(_ requests: [ScoreRequest]) async throws -> [Double] {
        let (status, output) = try await check(
            "plain",
            input: try requests.map { request in
                String(decoding: try JSONEncoder().encode(RewardItem(request)), as: UTF8.self)
            }.joined(separator: "\n"))
        let rewards = output.split(separator: "\n").compactMap { Double($0) }
        guard status == 0, rewards.count == requests.count else {
            throw Unexpected("\(rewards.count) rewards: \(output.suffix(1000))")
        }
        return rewards
    }

    /// Runs a check of `reward_model_checks.py`.
    func check(_ what: String, input: String) async throws -> (status: Int32, output: String) {
        let file = URL(filePath: model).deletingLastPathComponent().appending(path: "items")
        try Data(input.utf8).write(to: file)
        let child = try ChildProcess(
            ["/bin/sh", "-c", #"exec env OMP_NUM_THREADS=1 "$@" <"$0" >"$0.out" 2>&1"#, file.path]
                + [python, Self.checks, Self.script, model, what])
        let status = await child.wait()
        return (status, try String(contentsOfFile: file.path + ".out", encoding: .utf8))
    }

    /// Kills the scorer's processes; how many there were.
    func kill() -> Int {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter { id in
            let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
            let isOurs = data.split(separator: 0).contains(Data(model.utf8))
            return isOurs && Glibc.kill(id, SIGKILL) == 0
        }.count
    }
}

/// A request as the protocols have it, without its id.
struct RewardItem: Encodable, Sendable {
    var prompt: String?
    var messages: [ChatMessage]?
    var completion: String?

    init(_ request: ScoreRequest) {
        switch request.prompt.content {
        case .text(let text): prompt = text
        case .chat(let turns, _): messages = turns
        }
        completion = request.completion
    }
}

/// An answer of the scorer over HTTP.
struct RewardAnswer: Decodable {
    struct Failure: Decodable, Equatable {
        let code: String
    }
    let rewards: [Double?]
    let errors: [Failure?]
}

extension ModelHTTP {
    /// Asks for the rewards of items.
    func rewards(_ items: [RewardItem]) async throws -> RewardAnswer {
        try JSONDecoder().decode(
            RewardAnswer.self, from: try await post("/score", ["items": items]))
    }
}
