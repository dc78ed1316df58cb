import Foundation
import OgiveTesting
import Postgres
import Testing

/// A server that speaks TLS on a loopback address of its own, under the name `db.ogive.test`.
private struct TLSServer {
    let configuration: PostgresConfiguration
    let folder: String

    /// Runs `body` with it; certificates lie in its folder: `ca.crt` and `unknown.crt`.
    static func with(_ body: (TLSServer) async throws -> Void) async throws {
        let folder = "/tmp/ogive-postgres-tls-\(UInt32.random(in: 0 ... .max))"
        let result: Result<Void, any Error>
        do {
            // Made, and stopped again: what it listens on is read at its start.
            try await EmbeddedPostgres.with(directory: folder) { _ in }
            let address = "127.\((1...254).map { $0 }.randomElement() ?? 9).77.13"
            try await makeCertificates(folder)
            try configure(folder, address)
            result = try await EmbeddedPostgres.with(directory: folder) { server in
                var configuration = server
                configuration["host"] = "db.ogive.test"
                configuration["hostaddr"] = address
                do {
                    return .success(
                        try await body(TLSServer(configuration: configuration, folder: folder)))
                } catch {
                    return .failure(error)
                }
            }
        }
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    /// The configuration with another name or authority.
    func changed(host: String = "db.ogive.test", authority: String?) -> PostgresConfiguration {
        var changed = configuration
        changed["host"] = host
        changed["sslrootcert"] = authority.map { "\(folder)/\($0)" }
        return changed
    }

    private static func makeCertificates(_ folder: String) async throws {
        try "subjectAltName=DNS:db.ogive.test".write(
            toFile: folder + "/names", atomically: true, encoding: .utf8)
        for name in ["ca", "unknown"] {
            try await openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                "/CN=\(name)", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt")
        }
        try await openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=db.ogive.test", "-keyout",
            "\(folder)/data/server.key", "-out", "\(folder)/server.csr")
        try await openssl(
            "x509", "-req", "-days", "1", "-in", "\(folder)/server.csr", "-CA", "\(folder)/ca.crt",
            "-CAkey", "\(folder)/ca.key", "-CAcreateserial", "-extfile", "\(folder)/names", "-out",
            "\(folder)/data/server.crt")
    }

    private static func openssl(_ arguments: String...) async throws {
        let status = try await SystemProgram.run("/usr/bin/openssl", arguments).status
        try #require(status == 0, "openssl \(arguments)")
    }

    private static func configure(_ folder: String, _ address: String) throws {
        let files = FileManager.default
        let data = folder + "/data"
        let owner = try files.attributesOfItem(atPath: data)
        for name in ["server.key", "server.crt"] {
            try files.setAttributes(
                [
                    .posixPermissions: 0o600,
                    .ownerAccountID: try #require(owner[.ownerAccountID]),
                    .groupOwnerAccountID: try #require(owner[.groupOwnerAccountID]),
                ], ofItemAtPath: "\(data)/\(name)")
        }
        try append("listen_addresses = '\(address)'\nssl = on\n", to: data + "/postgresql.conf")
        // Before what `initdb` wrote, which refuses 127.0.0.1, where the client is.
        let rules = data + "/pg_hba.conf"
        let former = try String(contentsOfFile: rules, encoding: .utf8)
        let file = try #require(FileHandle(forWritingAtPath: rules))
        try file.write(
            contentsOf: Data(("hostssl all all 127.0.0.0/8 trust\n" + former).utf8))
        try file.close()
    }

    private static func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}

@Suite(.timeLimit(.minutes(10))) struct TLS {
    @Test func anotherHostIsVerifiedByNameAndAuthority() async throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl") else { return }
        try await TLSServer.with { server in
            let right = try await PostgresConnection.connect(server.changed(authority: "ca.crt"))
            let isEncrypted: Bool = try await right.query(
                "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).one().decode(0)
            #expect(isEncrypted)
            await right.close()
            let wrong = [
                server.changed(host: "other.ogive.test", authority: "ca.crt"),
                server.changed(authority: "unknown.crt"),
                // The system's authorities, which nothing of ours needs to name.
                server.changed(authority: nil),
            ]
            for configuration in wrong {
                let error = try await postgresError {
                    await (try PostgresConnection.connect(configuration)).close()
                }
                #expect(error.description.contains("certificate"), "\(error)")
            }
        }
    }
}
