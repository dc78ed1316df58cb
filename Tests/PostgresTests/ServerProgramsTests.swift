import Foundation
import Glibc
import Testing

@testable import Postgres

/// Where PostgreSQL's programs are found.
@Suite(.timeLimit(.minutes(5))) struct ServerProgramsTests {
    /// Runs `body` with a folder of programs that say they are of a version no system has.
    private func withPrograms(
        version: String, _ body: (_ folder: String) async throws -> Void
    ) async throws {
        let folder = "/tmp/ogive-programs-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        for name in ["initdb", "postgres", "pg_ctl"] {
            let script = "#!/bin/sh\necho '\(name) (PostgreSQL) \(version)'\n"
            try script.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: "\(folder)/\(name)")
        }
        try await body(folder)
        try FileManager.default.removeItem(atPath: folder)
    }

    private func identity(_ folder: String) throws -> ServerIdentity {
        try ServerIdentity.find(directory: try ServerDirectory.prepare(folder))
    }

    @Test func dataWantsTheProgramsOfTheirVersion() async throws {
        try await withPrograms(version: "99.1 (made up)") { folder in
            let source = ServerProgramSource(advice: "elsewhere") { ["/nowhere", folder] }
            let found = try await ServerPrograms.find(
                identity(folder), version: "99", elsewhere: source)
            #expect(found.directory == folder)
        }
    }

    @Test func newDataIsMadeByTheSystemsPrograms() async throws {
        try await withPrograms(version: "99.1") { folder in
            let source = ServerProgramSource(advice: "elsewhere") { [folder] }
            let found = try await ServerPrograms.find(identity(folder), elsewhere: source)
            #expect(found.directory != folder)
        }
    }

    @Test func programsOfAnotherVersionAreNotUsed() async throws {
        try await withPrograms(version: "99.1") { folder in
            let source = ServerProgramSource(advice: "ask elsewhere") { [folder] }
            let error = try await postgresError {
                _ = try await ServerPrograms.find(
                    identity(folder), version: "98", elsewhere: source)
            }
            #expect(error.code == .embedded)
            #expect(error.message.contains("made by PostgreSQL 98"), "\(error.message)")
            #expect(error.message.contains("ask elsewhere"), "\(error.message)")
        }
    }
}
