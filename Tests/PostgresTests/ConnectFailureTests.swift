import Glibc
import Postgres
import Testing

extension WithServer {
    @Suite(.timeLimit(.minutes(10))) struct ConnectFailures {
        @Test func aMissingDatabaseIsNamed() async throws {
            var configuration = try #require(PrivateServer.configuration)
            configuration.database = "no_such_database"
            let error = try await postgresError {
                _ = try await PostgresConnection.connect(configuration)
            }
            #expect(error.code == .databaseMissing)
            #expect(error.sqlState == "3D000")
            #expect(error.message.contains("no_such_database"))
            #expect(!error.isRetriable)
        }

        @Test func aRefusedUserIsNamed() async throws {
            var configuration = try #require(PrivateServer.configuration)
            configuration.user = "no_such_role"
            let error = try await postgresError {
                _ = try await PostgresConnection.connect(configuration)
            }
            #expect(error.code == .authenticationFailed)
            #expect(error.message.contains("no_such_role"))
        }

        @Test func aHostThatDoesNotAnswerDoesNotHideTheNextOne() async throws {
            let listener = SilentListener()
            defer { listener.end() }
            var configuration = try #require(PrivateServer.configuration)
            let (host, port) = (configuration["host"], configuration["port"])
            configuration["host"] = "127.0.0.1,\(try #require(host))"
            configuration["port"] = "\(listener.port),\(try #require(port))"
            configuration.connectTimeout = .seconds(8)
            let connection = try await PostgresConnection.connect(configuration)
            #expect(try await connection.query("SELECT 1").count == 1)
            await connection.close()
        }

        @Test func allHostsThatFailAreNamed() async throws {
            var configuration = try #require(PrivateServer.configuration)
            configuration["host"] = "/nonexistent/one,/nonexistent/two"
            let error = try await postgresError {
                _ = try await PostgresConnection.connect(configuration)
            }
            #expect(error.code == .serverUnreachable)
            #expect(error.message.contains("accepts writes"))
            #expect(error.detail?.contains("/nonexistent/one/") == true)
            #expect(error.detail?.contains("/nonexistent/two/") == true)
        }

        @Test func aServerWithoutAPoolerGivesEachConnectionItsSession() async throws {
            try await PostgresConnection.requireSessions(
                try #require(PrivateServer.configuration))
        }
    }
}

/// A port of this machine at which nobody answers.
private struct SilentListener {
    let port: UInt16
    private let descriptor: Int32

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Sound: the address lives through the calls and has the length that is passed.
        port = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe bind(listener, generic, length)
                _ = unsafe getsockname(listener, generic, &length)
            }
            return unsafe UInt16(bigEndian: pointer.pointee.sin_port)
        }
        descriptor = listener
        let isListening = listen(listener, 5) == 0
        #expect(isListening)
    }

    func end() { close(descriptor) }
}

@Suite(.timeLimit(.minutes(10))) struct ConnectWithoutServer {
    @Test func anUnreachableServerIsNamedWithItsSocket() async throws {
        let configuration = PostgresConfiguration(
            socketDirectory: "/nonexistent/ogive", user: "u", database: "d")
        let error = try await postgresError {
            _ = try await PostgresConnection.connect(configuration)
        }
        #expect(error.code == .serverUnreachable)
        #expect(error.recovery == .reconnect)
        #expect(error.message.contains("/nonexistent/ogive/.s.PGSQL.5432"))
        // libpq asks the same, once for each address.
        #expect(error.summary.split(separator: "Is the server running").count == 2)
        #expect(error.summary.hasSuffix("right? (\(error.detail ?? ""))"))
        #expect(error.summary.contains("No such file or directory"))
        var full = PostgresError(.server, "no room")
        full.hint = "Check free disk space.\n"
        #expect(full.summary == "no room; Check free disk space")
    }

    @Test func aSilentServerEndsAtTheDeadline() async throws {
        let listener = SilentListener()
        defer { listener.end() }
        let port = listener.port
        var configuration = try PostgresConfiguration("postgresql://u:sesame@127.0.0.1:\(port)/d")
        configuration.connectTimeout = .milliseconds(200)
        let error = try await postgresError {
            _ = try await PostgresConnection.connect(configuration)
        }
        #expect(error.code == .connectTimeout)
        #expect(error.message.contains("127.0.0.1:\(port)"))
        #expect(!error.description.contains("sesame"))
    }

    @Test(arguments: ["postgresql://u:sesame@h:x:y/d%", "hostt=a password=sesame", "host='a"])
    func anUnreadableAddressIsRefusedWithoutThePassword(text: String) async throws {
        let error = try await postgresError { _ = try PostgresConfiguration(text) }
        #expect(error.code == .configuration)
        #expect(!error.description.contains("sesame"))
    }

    @Test func thePasswordIsNeverShown() throws {
        let configuration = try PostgresConfiguration("postgresql://u:sesame@db.example:6432/d")
        #expect("\(configuration)" == "db.example:6432, database \"d\"")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("sesame"))
        #expect(!String(reflecting: configuration).contains("sesame"))
        #expect(!configuration.isLocal)
    }

    @Test(arguments: [
        ("postgresql:///d?host=/tmp", true), ("host=127.0.0.1", true), ("host=::1", true),
        ("host=localhost,10.0.0.1", false), ("host=localhost hostaddr=10.0.0.1", false),
        ("postgresql://example.org/d", false),
    ])
    func onlyThisMachineIsLocal(text: String, expected: Bool) throws {
        #expect(try PostgresConfiguration(text).isLocal == expected)
    }

    @Test(arguments: [
        ("40001", PostgresError.Recovery.retry), ("40P01", .retry), ("25006", .reconnect),
        ("57P01", .reconnect), ("57P02", .reconnect), ("53100", .pause), ("23505", .none),
        ("42601", .none),
    ])
    func theSQLStateTellsWhatToDo(state: String, recovery: PostgresError.Recovery) {
        var error = PostgresError(.server, "x")
        error.sqlState = state
        #expect(error.recovery == recovery)
    }
}
