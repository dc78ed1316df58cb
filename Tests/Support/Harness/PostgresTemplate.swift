internal import Foundation
internal import Glibc
internal import OgiveStore
internal import Postgres

/// A migrated database in a stopped PostgreSQL, to be copied by each test. It writes to disk as a
/// server in earnest does.
package struct PostgresTemplate: Sendable {
    /// The folder of the data.
    package let data: String
    /// Where `initdb` and `postgres` are.
    let programs: String

    /// The name of the database that is migrated.
    static let database = "faults"

    /// Makes a template, and removes it after `body`.
    package static func with(_ body: (PostgresTemplate) async throws -> Void) async throws {
        try await Workspace.with { workspace in
            let programs = try findPrograms()
            let folder = workspace.path("template")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            try takeOver(folder)
            let template = PostgresTemplate(data: folder + "/data", programs: programs)
            let made = try workspace.run(
                command([
                    programs + "/initdb", "--pgdata=\(template.data)", "--username=postgres",
                    "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8",
                    "--wal-segsize=1",
                ]))
            guard try await made.status() == 0 else { throw Unexpected(made.transcript) }
            let server = try PostgresServer(
                workspace, data: template.data, programs: programs, port: Port.free())
            try await server.start()
            let admin = try await server.database("postgres").connect()
            try await admin.execute("CREATE DATABASE \(database)")
            await admin.close()
            try await Migrator(server.database.configuration).up()
            try await server.stop()
            try await body(template)
        }
    }

    /// A server with a copy of the data in the folder of `workspace`, not started yet.
    package func server(_ workspace: Workspace) async throws -> PostgresServer {
        let copy = try workspace.run(["/bin/cp", "-a", data, workspace.path("data")])
        guard try await copy.status() == 0 else { throw Unexpected(copy.transcript) }
        return try PostgresServer(
            workspace, data: workspace.path("data"), programs: programs, port: Port.free())
    }

    /// PostgreSQL refuses to run as root.
    static func command(_ argv: [String]) -> [String] {
        guard geteuid() == 0 else { return argv }
        return ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
            + argv
    }

    private static func takeOver(_ path: String) throws {
        guard geteuid() == 0 else { return }
        try FileManager.default.setAttributes(
            [.ownerAccountName: "postgres", .groupOwnerAccountName: "postgres"], ofItemAtPath: path)
    }

    private static func findPrograms() throws -> String {
        let base = "/usr/lib/postgresql"
        let versions = try FileManager.default.contentsOfDirectory(atPath: base)
            .compactMap(Int.init).sorted()
        guard let version = versions.last else { throw Unexpected("no PostgreSQL below \(base)") }
        return "\(base)/\(version)/bin"
    }
}
