internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Another place where PostgreSQL's programs may be, asked where the system has none that fit.
package struct ServerProgramSource: Sendable {
    /// The folders, best first.
    package var folders: @Sendable () async -> [String]
    /// How the programs get there, in words that end a message.
    package var advice: String

    /// Names the place.
    package init(advice: String, folders: @escaping @Sendable () async -> [String]) {
        self.advice = advice
        self.folders = folders
    }
}

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

    /// Looks in PATH, then where Debian keeps the versions, newest first, then in `elsewhere`.
    /// Existing data, made by `version`, wants the programs of that version.
    static func find(
        _ identity: ServerIdentity, version: String? = nil,
        elsewhere: ServerProgramSource? = nil
    ) async throws -> ServerPrograms {
        let base = "/usr/lib/postgresql"
        let path = PostgresConfiguration.environment("PATH") ?? "/usr/bin:/bin"
        var candidates = path.split(separator: ":").map(String.init)
        for number in stride(from: 30, through: 13, by: -1) {
            candidates.append("\(base)/\(number)/bin")
        }
        if let version { candidates = ["\(base)/\(version)/bin"] + candidates }
        let here = whole(candidates).map { ServerPrograms(directory: $0, identity: identity) }
        if let found = try await first(of: here, version) { return found }
        let others = await whole(elsewhere?.folders() ?? [])
            .map { ServerPrograms(directory: $0, identity: identity) }
        if let found = try await first(of: others, version) { return found }
        let advice = elsewhere.map { ", or \($0.advice)" } ?? ""
        guard let other = (here + others).first, let version else {
            throw PostgresError(
                .embedded,
                "PostgreSQL's programs (initdb, postgres, pg_ctl) are neither in PATH nor below "
                    + "\(base). Install the Debian package with: apt-get install postgresql"
                    + advice)
        }
        throw PostgresError(
            .embedded,
            "The embedded database was made by PostgreSQL \(version), and the programs in "
                + "\(other.directory) are of another version, or \(identity.name) cannot run "
                + "them. Install PostgreSQL \(version)\(advice)")
    }

    /// The folders that hold the programs, each once.
    private static func whole(_ folders: [String]) -> [String] {
        let needed = ["initdb", "postgres", "pg_ctl"]
        var seen: Set<String> = []
        return folders.filter { folder in
            // Sound: the text outlives the call.
            needed.allSatisfy { unsafe access(folder + "/" + $0, X_OK) == 0 }
                && seen.insert(folder).inserted
        }
    }

    /// The first installation of a version; without one, the first.
    private static func first(
        of installations: [ServerPrograms], _ version: String?
    ) async throws -> ServerPrograms? {
        guard let version else { return installations.first }
        for installation in installations {
            // Debian's folders say which version is in them.
            if installation.directory.hasSuffix("/postgresql/\(version)/bin") {
                return installation
            }
            if try await installation.version() == version { return installation }
        }
        return nil
    }

    /// What `postgres --version` says, as far as data must agree with it: `15` of `postgres
    /// (PostgreSQL) 15.14`.
    private func version() async throws -> String? {
        let outcome = try await run("postgres", ["--version"])
        guard outcome.isSuccess,
            let number = outcome.output.split(separator: " ").dropFirst(2).first
        else { return nil }
        return String(number.prefix { $0.isASCII && $0.isNumber })
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
        .custom([
            "PATH": "\(directory):/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/",
            // What a statement needs, glibc would give back to the system after it, and ask for
            // again, page by page, for the next one: a quarter of a COPY of a thousand texts.
            "MALLOC_TRIM_THRESHOLD_": "\(Self.memoryKept)",
            "MALLOC_MMAP_THRESHOLD_": "\(Self.memoryKept)",
        ])
    }

    /// Bytes that a process of the server may keep for its next statement.
    private static let memoryKept = 8 << 20
}

/// Starts a server together with its watchdog: a shell that outlives this process, gives the
/// directory's heartbeat, and stops the server when it had no user for some seconds.
struct ServerWatchdog: Sendable {
    let directory: ServerDirectory
    let identity: ServerIdentity
    let programs: ServerPrograms
    /// How long the server goes on when its last user was killed.
    let lingering: Duration

    /// Leaves with a server that accepts connections, or with what it or the shell said. `token`
    /// is the claim that the server runs under.
    func start(_ token: String) async throws -> ServerPrograms.Outcome {
        let arguments = [
            "-c", Self.script, "watchdog", directory.gate, directory.users, directory.host, token,
            programs.directory, directory.data, directory.log,
            String(lingering.components.seconds),
        ]
        return try await programs.run(["/bin/sh"] + arguments + identity.options)
    }

    /// The server ends with its watchdog, by the signal of a parent's death: a server without a
    /// heartbeat would be taken for gone. For the same reason the watchdog never waits for long; it
    /// stops a server that it could give no heartbeat for half a minute, or whose claim is another
    /// host's, which took over while this one was paused.
    ///
    /// A user who comes holds the gate first and then a lock on the file of users, so that the
    /// watchdog takes them in this order too, and waits for neither: a lock that somebody waits for
    /// can be lost when the last user makes its own the only one.
    ///
    /// The log is opened by the server's user, who may have put a link there.
    private static let script = """
        exec 8>>"$1" 9>>"$2" || exit
        host=$3 token=$4 programs=$5 data=$6 log=$7 seconds=$8
        shift 8
        said=$(
        (
            setpriv --pdeathsig INT "$@" -- /bin/sh -c \
                'exec "$0" -D "$1" </dev/null >>"$2" 2>&1' \
                "$programs/postgres" "$data" "$log" 2>&1 8>&- 9>&- &
            server=$! state=starting tries=0 free=0 missed=0
            while kill -0 "$server"; do
                claim=$(head -n 1 "$host")
                if [ "${claim:-$token}" != "$token" ]; then kill -QUIT "$server"; exit; fi
                if [ -n "$claim" ] && touch -h "$host"; then missed=0; fi
                if [ "$state" = starting ]; then
                    found=$(sed -n '1p;8p' "$data/postmaster.pid" | tr -d '\\n ')
                    if [ "$found" = "${server}ready" ]; then
                        printf ready
                        exec >/dev/null
                        state=serving
                    elif [ "$((tries += 1))" -gt 6000 ]; then
                        echo "not ready after 10 minutes"
                        kill -INT "$server"
                    fi
                    sleep 0.1
                    continue
                fi
                sleep 1
                if [ "$((missed += 1))" -gt 30 ]; then kill -INT "$server"; fi
                if [ "$state" = stopping ]; then continue; fi
                # Of a server that is gone the lock is others': a look at it would pass for a user.
                kill -0 "$server" || continue
                if flock -n 9; then free=$((free + 1)); flock -u 9; else free=0; fi
                if [ "$free" -gt "$seconds" ] && flock -n 8; then
                    if flock -n 9; then
                        state=stopping
                        kill -INT "$server"
                    else
                        flock -u 8
                    fi
                fi
            done
            if [ "$state" = stopping ] && [ "$(head -n 1 "$host")" = "$token" ]; then rm "$host"; fi
        ) 2>/dev/null &
        )
        case $said in *ready) exit 0 ;; esac
        printf '%s' "$said"
        exit 1
        """
}
