import Foundation
import Glibc
import Harness
import OgiveTesting
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Credentials {}
}

extension EndToEndTests.Credentials {
    private static let secret = "sesame-\(UInt32.random(in: 0 ... .max))"

    private func file(_ id: pid_t, _ name: String) -> String {
        guard let data = FileManager.default.contents(atPath: "/proc/\(id)/\(name)") else {
            return ""
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The unix sockets and TCP peers that a process is connected to, by the names of /proc/net.
    private func sockets(_ id: pid_t) throws -> Set<String> {
        let folder = "/proc/\(id)/fd"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return Set(
            names.compactMap { name in
                guard
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "\(folder)/\(name)"), target.hasPrefix("socket:[")
                else { return nil }
                return String(target.dropFirst(8).dropLast())
            })
    }

    /// Sockets of the database's server processes with their peers: `ss` names both ends.
    private func databasePeers(_ database: Database) async throws -> Set<String> {
        let socket = (database.configuration["host"] ?? "") + "/.s.PGSQL."
        let text = try await SystemProgram.run("/bin/ss", ["-xH"]).output
        // Netid State Recv-Q Send-Q Local:inode Peer:inode
        var peers: Set<String> = []
        for line in text.split(separator: "\n") where line.contains(socket) {
            if let peer = line.split(separator: " ", omittingEmptySubsequences: true).last {
                peers.insert(String(peer))
            }
        }
        return peers
    }

    private func expectNoWay(
        _ worker: pid_t, into database: Database, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let environment = file(worker, "environ")
        #expect(environment.contains("PATH="), sourceLocation: sourceLocation)
        #expect(!environment.contains(Self.secret), sourceLocation: sourceLocation)
        #expect(!file(worker, "cmdline").contains(Self.secret), sourceLocation: sourceLocation)
        if FileManager.default.isExecutableFile(atPath: "/bin/ss") {
            let peers = try await databasePeers(database)
            #expect(!peers.isEmpty, "the coordinator is connected", sourceLocation: sourceLocation)
            #expect(
                try sockets(worker).isDisjoint(with: peers), "the worker is connected",
                sourceLocation: sourceLocation)
        }
    }

    private func settings(_ workspace: Workspace, _ database: Database) throws -> String {
        try Settings.writePrompts(workspace, 200)
        let config = try Settings.synthetic(
            workspace, database: .url(database.url), latency: "300ms")
        let text = try String(contentsOfFile: config, encoding: .utf8).replacingOccurrences(
            of: "database: {url", with: "database: {password: \"${THE_SECRET}\", url")
        return try workspace.write("synthetic.yaml", text)
    }

    @Test func `A worker has no way into the database, started by run or by hand`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try settings(workspace, database)
            let secrets = ["THE_SECRET": Self.secret, "PGPASSWORD": Self.secret]
            let run = try workspace.start(["run", "--no-preflight", config], environment: secrets)
            try await eventually("some draws to land", detail: { run.transcript }) {
                try await database.landed() > 0
            }
            #expect(file(run.id, "environ").contains(Self.secret), "the check can see it")
            let workers = workspace.processes.filter { $0.argv.contains("worker") }
            #expect(workers.count == 2)
            for worker in workers { try await expectNoWay(worker.id, into: database) }
            run.signal(SIGTERM)
            #expect(try await run.status() == 130, "\(run.transcript)")

            let coordinator = try workspace.start(["coordinator", config], environment: secrets)
            // The very same configuration, without the variable that it names.
            let worker = try workspace.start(["worker", config])
            let before = try await database.landed()
            try await eventually("more draws to land", detail: { worker.transcript }) {
                try await database.landed() > before
            }
            try await expectNoWay(worker.id, into: database)
            for process in [worker, coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
        }
    }
}
