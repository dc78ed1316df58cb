import Foundation
import Glibc
import Harness
import Postgres
import Testing

extension FaultTests.Databases {
    @Test("Fault 31: the database's disk is full for a while")
    func fullDisk() async throws {
        guard let disk = try await SmallDisk.find() else { return }
        try await withstands(prefix: disk.command) { installation in
            try await disk.take(installation.postgres)
            try await installation.getUnderWay()
            let ballast = try disk.fill(installation.postgres)
            try await installation.coordinator?.says("No space left on device")
            let landed = try await installation.landed()
            #expect(landed < installation.total)
            try FileManager.default.removeItem(atPath: ballast)
            try installation.hurry()
            try await installation.finished()
            try installation.expectNothingAskedTwice()
        }
    }
}

/// A small disk in memory that only one PostgreSQL sees, for its tables.
private struct SmallDisk {
    private static let path = "/mnt"

    /// What the command of PostgreSQL begins with.
    let command: [String]

    /// Prints why not where mounting is not permitted.
    static func find() async throws -> SmallDisk? {
        let options = "size=32m,mode=0700,uid=$(id -u postgres),gid=$(id -g postgres)"
        let mount = "mount -t tmpfs -o \(options) ogive \(path) && exec \"$@\""
        let command = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount, "sh"]
        var reason = "it takes root"
        if geteuid() == 0 {
            try await Workspace.with { workspace in
                let trial = try workspace.run(command + ["/bin/true"])
                reason = try await trial.status() == 0 ? "" : trial.errors
            }
        }
        if reason.isEmpty { return SmallDisk(command: command) }
        print("skipped: fault 31: a small disk cannot be mounted here: \(reason)")
        return nil
    }

    /// Moves the database there.
    func take(_ server: PostgresServer) async throws {
        let admin = try await server.database("postgres").connect()
        try await admin.execute("CREATE TABLESPACE small LOCATION '\(Self.path)'")
        try await admin.execute(
            "ALTER DATABASE \(server.database.configuration.database) SET TABLESPACE small")
        await admin.close()
    }

    /// Fills it to the last byte and gives the path of the file that does.
    func fill(_ server: PostgresServer) throws -> String {
        let id = try #require(server.id)
        let ballast = "/proc/\(id)/root\(Self.path)/ballast"
        try #require(FileManager.default.createFile(atPath: ballast, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: ballast))
        for size in [1 << 16, 1 << 12, 1] {
            let piece = Data(count: size)
            while (try? file.write(contentsOf: piece)) != nil {}
        }
        try file.close()
        return ballast
    }
}
