internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The programs of a PostgreSQL installation, run as the server's user.
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

    /// Runs one of PostgreSQL's programs to its end.
    func run(_ program: String, _ arguments: [String]) async throws -> Outcome {
        try await run(path: directory + "/" + program, arguments)
    }

    /// Starts the keeper of a running server: a process that outlives this one, and stops the
    /// server when it had no user for some seconds. It ends with the server.
    func keep(_ directory: ServerDirectory, seconds: Int) async throws -> Outcome {
        // The keeper takes the locks of the users' own, so it runs as they do.
        let stop = identity.command(
            [self.directory + "/pg_ctl", "stop", "-D", directory.data, "-m", "fast", "-w", "-s"])
        // Its outputs go nowhere: a pipe would be held open for as long as it lives.
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(
                [
                    "-c", Self.keeper, "keeper", directory.gate, directory.users,
                    directory.data + "/postmaster.pid", String(seconds),
                ] + stop),
            environment: environment, workingDirectory: "/",
            platformOptions: identity.platformOptions, output: .discarded, error: .discarded)
        return Outcome(isSuccess: result.terminationStatus.isSuccess, output: "see its lock files")
    }

    /// A user who comes holds the gate first and then a lock on the file of users, so that the
    /// keeper takes them in this order too. It asks instead of waiting for the second: a lock that
    /// somebody waits for can be lost when the last user makes its own the only one.
    private static let keeper = """
        exec 8>>"$1" 9>>"$2" && file=$3 seconds=$4 server=$(head -n 1 "$3") && shift 4 || exit
        (
            free=0
            while sleep 1 && [ "$(head -n 1 "$file" 2>/dev/null)" = "$server" ]; do
                if flock -n 9; then free=$((free + 1)); flock -u 9; else free=0; fi
                if [ "$free" -gt "$seconds" ]; then
                    flock 8
                    if flock -n 9; then exec "$@"; fi
                    flock -u 8
                fi
            done
        ) &
        """

    /// Runs any program as the server's user to its end.
    func run(path: String, _ arguments: [String]) async throws -> Outcome {
        let command = identity.command([path] + arguments)
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
