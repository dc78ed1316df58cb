import Foundation
import Harness
import Testing

/// A coordinator with keys on TCP, and workers with theirs.
struct KeyedFleet {
    let workspace: Workspace
    let database: Database
    let config: String

    /// Makes the coordinator's keys and the configuration, and submits the run.
    init(_ workspace: Workspace, prompts: Int = 400, latency: String = "100ms") async throws {
        self.workspace = workspace
        try Settings.writePrompts(workspace, prompts)
        database = try await Database.make()
        config = try Settings.synthetic(
            workspace, database: .url(database.url), latency: latency)
        try FileManager.default.createDirectory(
            atPath: workspace.path("authorized"), withIntermediateDirectories: false)
        try await new("coordinator")
        try await workspace.ogive(["submit", config])
    }

    /// Makes a pair of keys in the workspace.
    func new(_ name: String) async throws {
        try await workspace.ogive(["keys", "new", name, "--folder", workspace.folder])
    }

    /// Authorises a worker's key.
    func authorize(_ name: String) async throws {
        try await workspace.ogive(
            ["keys", "authorize", workspace.path("\(name).pub")] + authorized)
    }

    /// Revokes a worker's key.
    func revoke(_ name: String) async throws {
        try await workspace.ogive(["keys", "revoke", name] + authorized)
    }

    /// The options that name the folder of authorised keys.
    var authorized: [String] { ["--authorized", workspace.path("authorized")] }

    /// Starts a coordinator with the keys of `name`; gives its address once it leads.
    func coordinator(
        _ name: String = "coordinator", listen: String = "tcp://127.0.0.1:*"
    ) async throws -> (program: Program, address: String) {
        let program = try workspace.start(
            [
                "coordinator", config, "-o", "coordinator.listen=\"\(listen)\"", "-o",
                "coordinator.key=\(workspace.path("\(name).key"))", "-o",
                "coordinator.authorized_keys=\(workspace.path("authorized"))", "-o",
                "log.level=info",
            ])
        try await program.says("leading")
        // The address is logged by another task, often a moment later.
        try await program.says("address=tcp")
        let words = program.errors.split(whereSeparator: \.isWhitespace)
        let address = try #require(words.first { $0.hasPrefix("address=") })
        return (program, String(address.dropFirst("address=".count)))
    }

    /// Starts a worker with the keys of `name` that expects one of the coordinator's keys.
    func worker(
        _ name: String?, at address: String, expecting coordinators: [String] = ["coordinator"],
        patience: String = "60s"
    ) throws -> Program {
        var arguments = [
            "worker", config, "-o", "worker.connect=\(address)", "-o",
            "worker.registration_timeout=\(patience)", "-o", "worker.sample_concurrency=2", "-o",
            "worker.prefetch=2",
        ]
        if let name {
            let keys = coordinators.map { workspace.path("\($0).pub") }.joined(separator: ", ")
            arguments += [
                "-o", "worker.key=\(workspace.path("\(name).key"))", "-o",
                "worker.coordinator_key=[\(keys)]",
            ]
        }
        return try workspace.start(arguments)
    }

    /// Waits until more draws have landed than now.
    func landsMore() async throws {
        let before = try await database.landed()
        try await eventually("more draws to land") { try await database.landed() > before }
    }
}
