import Foundation
import Glibc
import OgiveTesting
import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct EmbeddedPostgresTests {
    /// A directory for one test, with a path that is longer than a socket's address may be.
    private func directory(_ name: String) -> String {
        "/tmp/ogive-embedded-\(name)-\(UInt64.random(in: 0 ... .max))"
    }

    @Test func theLastOfTwoUsersStopsTheServer() async throws {
        let path = directory(String(repeating: "long", count: 20))
        let first = try await EmbeddedPostgres.start(directory: path)
        let second = try await EmbeddedPostgres.start(directory: path)
        #expect(first.configuration == second.configuration)
        try await first.stop()
        let db = try await PostgresConnection.connect(second.configuration)
        let row = try await db.query(
            "SELECT current_setting('synchronous_commit') AS c, current_setting('data_checksums') "
                + "AS s, current_setting('listen_addresses') AS l, current_database() AS d"
        ).one()
        #expect(try row.decode("c", as: String.self) == "on")
        #expect(try row.decode("s", as: String.self) == "on")
        #expect(try row.decode("l", as: String.self).isEmpty)
        #expect(try row.decode("d", as: String.self) == "ogive")
        await db.close()
        try await second.stop()
        try await second.stop()
        let gone = try await postgresError {
            _ = try await PostgresConnection.connect(second.configuration)
        }
        #expect(gone.code == .serverUnreachable)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func theServerOfAKilledUserIsFoundAndReused() async throws {
        let path = directory("killed")
        // Letting the user go without `stop` closes its lock files, as the kernel does for a
        // killed process.
        let before = try await startTime(
            try await EmbeddedPostgres.start(directory: path, lingering: .seconds(3_600)))
        let next = try await EmbeddedPostgres.start(directory: path)
        #expect(try await startTime(next) == before)
        try await next.stop()
        let again = try await EmbeddedPostgres.start(directory: path)
        #expect(try await startTime(again) != before)
        try await again.stop()
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func theServerEndsWhenItsLastUserIsKilled() async throws {
        let path = directory("abandoned")
        // Let go without `stop`, as above.
        let configuration = try await EmbeddedPostgres.start(directory: path).configuration
        try await eventually("the server to end") {
            do {
                try await PostgresConnection.connect(configuration).close()
                return false
            } catch {
                // The watchdog ends after the server, and takes the claim away then.
                return ["/data/postmaster.pid", "/host"].allSatisfy {
                    !FileManager.default.fileExists(atPath: path + $0)
                }
            }
        }
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func theServerGoesOnWhileItHasAUser() async throws {
        let path = directory("kept")
        let first = try await EmbeddedPostgres.start(directory: path, lingering: .zero)
        let before = try await startTime(first)
        let clock = ContinuousClock.now
        // Several looks of the watchdog, which finds a user each time.
        try await eventually("three seconds") { ContinuousClock.now - clock > .seconds(3) }
        #expect(try await startTime(first) == before)
        try await first.stop()
        try FileManager.default.removeItem(atPath: path)
    }

    private func startTime(_ server: EmbeddedPostgres) async throws -> String {
        let db = try await PostgresConnection.connect(server.configuration)
        let row = try await db.query("SELECT pg_postmaster_start_time()").one()
        let time: String = try row.decode(0)
        await db.close()
        return time
    }

    private func set(_ key: FileAttributeKey, _ value: Int, of path: String) throws {
        try FileManager.default.setAttributes([key: value], ofItemAtPath: path)
    }

    @Test func aRunFolderThatOthersMayEnterIsClosedToThem() async throws {
        let path = directory("open")
        try await EmbeddedPostgres.with(directory: path) { _ in }
        try set(.posixPermissions, 0o777, of: path + "/run")
        try await EmbeddedPostgres.with(directory: path) { _ in
            let mode = try FileManager.default.attributesOfItem(atPath: path + "/run")[
                .posixPermissions]
            #expect(mode as? Int == 0o700)
        }
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aRunFolderThatIsALinkIsRefused() async throws {
        let path = directory("link")
        try await EmbeddedPostgres.with(directory: path) { _ in }
        try FileManager.default.moveItem(atPath: path + "/run", toPath: path + "/elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: path + "/run", withDestinationPath: path + "/elsewhere")
        let error = try await postgresError {
            try await EmbeddedPostgres.with(directory: path) { _ in }
        }
        #expect(error.message.contains(path + "/run"))
        #expect(error.message.contains("symbolic link"), "\(error.message)")
        try FileManager.default.removeItem(atPath: path)
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root"))
    func aSocketThatAnotherUserPlantedIsRefused() async throws {
        let path = directory("planted")
        try await EmbeddedPostgres.with(directory: path) { _ in }
        try set(.posixPermissions, 0o777, of: path + "/run")
        let socket = path + "/run/.s.PGSQL.5432"
        try "".write(toFile: socket, atomically: false, encoding: .utf8)
        try set(.ownerAccountID, 12_345, of: socket)
        let error = try await postgresError {
            try await EmbeddedPostgres.with(directory: path) { _ in }
        }
        #expect(error.message.contains(socket), "\(error.message)")
        #expect(error.message.contains("12345"), "\(error.message)")
        try FileManager.default.removeItem(atPath: path)
    }

    @Test(.enabled(if: geteuid() == 0, "it takes root"))
    func whoCannotEnterWhichFolderIsSaid() async throws {
        let closed = directory("closed")
        try FileManager.default.createDirectory(
            atPath: closed + "/within", withIntermediateDirectories: true)
        try set(.posixPermissions, 0o700, of: closed)
        let error = try await postgresError {
            try await EmbeddedPostgres.with(directory: closed + "/within") { _ in }
        }
        #expect(error.message.contains("cannot enter \(closed) "), "\(error.message)")
        #expect(error.message.contains("user postgres"), "\(error.message)")
        #expect(error.message.contains("chmod o+x \(closed)"), "\(error.message)")
        try FileManager.default.removeItem(atPath: closed)
    }

    @Test func aHalfMadeDatabaseIsMadeAnew() async throws {
        let path = directory("half")
        try await EmbeddedPostgres.with(directory: path) { _ in }
        // As if the program that made it had been killed.
        try FileManager.default.moveItem(atPath: path + "/data", toPath: path + "/data.new")
        try await EmbeddedPostgres.with(directory: path) { _ in }
        #expect(!FileManager.default.fileExists(atPath: path + "/data.new"))
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aDirectoryThatCannotBeMadeIsNamed() async throws {
        let error = try await postgresError {
            _ = try await EmbeddedPostgres.start(directory: "/proc/ogive/database")
        }
        #expect(error.code == .embedded)
        #expect(error.message.contains("/proc/ogive"))
    }
}
