import Foundation
import Glibc
import Harness

/// Two network namespaces, joined by a cable that can be cut: one for a coordinator, one for a
/// worker and its models. Needs nothing but `ip`.
struct NetworkSpaces {
    /// Which way nothing passes.
    enum Cut: Sendable, CaseIterable {
        /// Neither way: the cable is unplugged.
        case both
        /// From the worker to the coordinator.
        case up
        /// From the coordinator to the worker.
        case down
    }

    /// One end of the cable: the namespace's name, and its address.
    struct End {
        let name: String
        let address: String

        /// What a command begins with that runs there.
        var prefix: [String] { [NetworkSpaces.ip, "netns", "exec", name] }
    }

    /// The coordinator's end.
    let coordinator: End
    /// The worker's end.
    let worker: End
    private let workspace: Workspace

    private static let ip = "/usr/sbin/ip"
    private static let cable = "cable"

    /// Runs `body` with the two namespaces, removed afterwards also when it throws. Prints why not
    /// where they are not permitted.
    static func with(_ body: (NetworkSpaces) async throws -> Void) async throws {
        try await Workspace.with { workspace in
            let id = UInt32.random(in: 0 ... .max)
            let spaces = NetworkSpaces(
                coordinator: End(name: "ogive-c-\(id)", address: "10.1.1.1"),
                worker: End(name: "ogive-w-\(id)", address: "10.1.1.2"), workspace: workspace)
            if let reason = try await spaces.reasonAgainst() {
                print("skipped: fault 10 between network namespaces: \(reason)")
                return
            }
            let result: Result<Void, any Error>
            do {
                try await spaces.join()
                result = .success(try await body(spaces))
            } catch {
                result = .failure(error)
            }
            for end in [spaces.worker, spaces.coordinator] {
                try await spaces.run("netns", "delete", end.name)
            }
            try result.get()
        }
    }

    /// Lets nothing pass in some directions.
    func cut(_ cut: Cut) async throws {
        switch cut {
        case .both: try await run("-n", coordinator.name, "link", "set", Self.cable, "down")
        case .up: try await mislead(worker, to: coordinator)
        case .down: try await mislead(coordinator, to: worker)
        }
    }

    /// Lets everything pass again.
    func heal(_ cut: Cut) async throws {
        switch cut {
        case .both: try await run("-n", coordinator.name, "link", "set", Self.cable, "up")
        case .up: try await forget(coordinator, in: worker)
        case .down: try await forget(worker, in: coordinator)
        }
    }

    /// Makes both namespaces; gives the reason when that is not permitted.
    private func reasonAgainst() async throws -> String? {
        guard geteuid() == 0 else { return "it takes root" }
        guard FileManager.default.isExecutableFile(atPath: Self.ip) else {
            return "\(Self.ip) is not installed"
        }
        for end in [coordinator, worker] {
            let trial = try workspace.run([Self.ip, "netns", "add", end.name])
            guard try await trial.status() == 0 else {
                if end.name == worker.name { try await run("netns", "delete", coordinator.name) }
                return trial.errors
            }
        }
        return nil
    }

    private func join() async throws {
        try await run(
            "link", "add", Self.cable, "netns", coordinator.name, "type", "veth", "peer", "name",
            Self.cable, "netns", worker.name)
        for end in [coordinator, worker] {
            let address = "\(end.address)/24"
            try await run("-n", end.name, "address", "add", address, "dev", Self.cable)
            try await run("-n", end.name, "link", "set", Self.cable, "up")
            try await run("-n", end.name, "link", "set", "lo", "up")
        }
    }

    /// Sends what goes from one end to the other to a card that nobody has: it leaves, and never
    /// arrives.
    private func mislead(_ from: End, to: End) async throws {
        try await run(
            "-n", from.name, "neighbour", "replace", to.address, "lladdr", "02:00:00:00:00:01",
            "dev", Self.cable, "nud", "permanent")
    }

    private func forget(_ end: End, in other: End) async throws {
        try await run("-n", other.name, "neighbour", "delete", end.address, "dev", Self.cable)
    }

    private func run(_ arguments: String...) async throws {
        let program = try workspace.run([Self.ip] + arguments)
        guard try await program.status() == 0 else { throw Unexpected(program.transcript) }
    }
}
