internal import Foundation
package import Glibc
internal import Postgres

/// A PostgreSQL on loopback that can be stopped, crashed and started again.
package final class PostgresServer {
    /// Where it listens.
    package let port: Int
    /// The folder of its data.
    package let data: String
    private let workspace: Workspace
    private let programs: String
    private var process: Program?

    init(_ workspace: Workspace, data: String, programs: String, port: Int) throws {
        self.workspace = workspace
        self.data = data
        self.programs = programs
        self.port = port
    }

    /// The migrated database, not by way of a proxy.
    package var database: Database { database(PostgresTemplate.database) }

    /// One of its databases.
    package func database(_ name: String) -> Database { Self.database(name, port: port) }

    /// The same database at another port, that of a proxy.
    package func database(at port: Int) -> Database {
        Self.database(PostgresTemplate.database, port: port)
    }

    /// The migrated database by its Unix socket, which other networks reach too.
    package var databaseBySocket: Database {
        Self.database(PostgresTemplate.database, host: data, port: port)
    }

    private static func database(
        _ name: String, host: String = "127.0.0.1", port: Int
    ) -> Database {
        var configuration = PostgresConfiguration(
            socketDirectory: host, port: port, user: "postgres", database: name)
        configuration.connectTimeout = .seconds(60)
        // Tests look at it in whatever state it is.
        configuration["target_session_attrs"] = "any"
        return Database(configuration: configuration)
    }

    /// Starts it and waits until it takes connections. `prefix` is what the command begins with.
    package func start(prefix: [String] = []) async throws {
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(data)",
            "fsync=on", "synchronous_commit=on", "shared_buffers=16MB", "max_connections=60",
        ]
        let argv = [programs + "/postgres", "-D", data] + settings.flatMap { ["-c", $0] }
        let process = try workspace.run(prefix + PostgresTemplate.command(argv))
        self.process = process
        try await eventually("PostgreSQL to start", detail: { process.transcript }) {
            guard process.isRunning else {
                throw Unexpected("PostgreSQL did not start\n\(process.transcript)")
            }
            do {
                try await database("postgres").connect().close()
                return true
            } catch {
                // Not there yet: looked at again until the time limit.
                return false
            }
        }
    }

    /// Whether it runs.
    package var isRunning: Bool { process?.isRunning ?? false }

    /// What it said.
    package var transcript: String { process?.transcript ?? "not started" }

    /// Stops it as an operator does: sessions are ended, everything is written.
    package func stop() async throws {
        process?.signal(SIGINT)
        try await gone()
    }

    /// Kills all of its processes at once, as a power cut would.
    package func crash() async throws {
        try await eventually("PostgreSQL's processes to be gone") {
            let left = processes
            for id in left { kill(id, SIGKILL) }
            return left.isEmpty
        }
        try await gone()
    }

    private func gone() async throws {
        try await process?.status()
        try await eventually("PostgreSQL's processes to be gone") { processes.isEmpty }
    }

    /// The id of the first process, whose namespaces are the server's.
    package var id: pid_t? { process?.id }

    /// The server's processes: those whose working directory is its data.
    private var processes: [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let id = pid_t(entry),
                let folder = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/\(entry)/cwd")
            else { return nil }
            return folder == data ? id : nil
        }
    }
}
