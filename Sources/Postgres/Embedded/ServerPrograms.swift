internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The programs of a PostgreSQL installation, and how programs are run.
struct ServerPrograms: Sendable {
    /// Where `initdb`, `postgres` and `pg_ctl` are.
    let directory: String
    private let identity: ServerIdentity

    /// What a program said and how it ended.
    struct Outcome: Sendable {
        let isSuccess: Bool
        let output: String
    }

    /// Looks in PATH, then where Debian keeps the versions, newest first. A version that made
    /// existing data must be used for it.
    static func find(
        _ identity: ServerIdentity, version: String? = nil
    ) throws(PostgresError) -> ServerPrograms {
        let base = "/usr/lib/postgresql"
        let path = PostgresConfiguration.environment("PATH") ?? "/usr/bin:/bin"
        var candidates = path.split(separator: ":").map(String.init)
        for number in stride(from: 30, through: 13, by: -1) {
            candidates.append("\(base)/\(number)/bin")
        }
        if let version { candidates = ["\(base)/\(version)/bin"] + candidates }
        let needed = ["initdb", "postgres", "pg_ctl"]
        let found = candidates.first { directory in
            // Sound: the text outlives the call.
            needed.allSatisfy { unsafe access(directory + "/" + $0, X_OK) == 0 }
        }
        guard let found else {
            throw PostgresError(
                .embedded,
                "PostgreSQL's programs (initdb, postgres, pg_ctl) are neither in PATH nor below "
                    + "\(base). Install the Debian package with: apt-get install postgresql")
        }
        return ServerPrograms(directory: found, identity: identity)
    }

    private init(directory: String, identity: ServerIdentity) {
        self.directory = directory
        self.identity = identity
    }

    /// Runs one of PostgreSQL's programs as the server's user to its end.
    func run(_ program: String, _ arguments: [String]) async throws -> Outcome {
        try await run(identity.command([directory + "/" + program] + arguments))
    }

    /// Runs any program to its end, as this process's own user; none of what it leaves behind may
    /// hold its standard output open.
    func run(_ command: [String]) async throws -> Outcome {
        let limit = 1 << 20
        let result = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: environment, workingDirectory: "/",
            platformOptions: identity.platformOptions,
            output: .string(limit: limit), error: .combinedWithOutput)
        return Outcome(
            isSuccess: result.terminationStatus.isSuccess,
            output: result.standardOutput.trimmed)
    }

    /// A fixed environment: PGPORT, PGDATA and their like must not reach the server.
    private var environment: Environment {
        .custom(["PATH": "\(directory):/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"])
    }
}
