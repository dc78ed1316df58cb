internal import Glibc

/// Makes, starts and stops the server of one directory. The caller holds the directory's gate.
struct EmbeddedServer: Sendable {
    let directory: ServerDirectory
    let identity: ServerIdentity
    let programs: ServerPrograms
    /// Keeps the servers of other hosts out of the directory, and ours out of theirs.
    let claim: HostClaim
    let watchdog: ServerWatchdog

    /// The name of both the database and its superuser.
    static let name = "ogive"
    /// How long the server may take to stop.
    private static let patience = Duration.seconds(120)

    /// Leaves with a server that answers and has the database; `hasUsers` says that somebody else
    /// holds a lock on the file of users. Throws `embedded` when another host uses the directory.
    func ensureRunning(hasUsers: Bool) async throws -> PostgresConfiguration {
        let record = claim.current
        // What another host left says nothing about processes of this one.
        let isElsewhere = record.map { !$0.isHere } ?? false
        if !isElsewhere, directory.isInitialised {
            let configuration = try configuration()
            if try await isUsable(configuration, isOurs: record != nil, hasUsers: hasUsers) {
                try await ensureDatabase(configuration)
                return configuration
            }
        }
        let configuration = try await launch(hasUsers: hasUsers)
        try await ensureDatabase(configuration)
        return configuration
    }

    /// Stops the server: sessions are ended, everything committed is on disk.
    func stop() async throws {
        let record = claim.current
        // Its process numbers are another host's, which took over while this one was paused.
        if let record, !record.isHere { return }
        if try await isRunning() {
            let outcome = try await control("stop", ["-m", "fast"])
            if !outcome.isSuccess {
                throw failure(
                    "The private PostgreSQL in \(directory.path) could not be stopped", outcome)
            }
        }
        if let record { claim.release(record.token) }
    }

    /// Whether the server's process is there.
    func isRunning() async throws -> Bool {
        try await programs.run("pg_ctl", ["status", "-D", directory.data]).isSuccess
    }

    /// Whether a server of this host answers; one that cannot be reached is stopped. `isOurs` says
    /// that this host claimed the directory, which older versions of the program did not do.
    private func isUsable(
        _ configuration: PostgresConfiguration, isOurs: Bool, hasUsers: Bool
    ) async throws -> Bool {
        let isAnswering = await isAnswering(configuration)
        if isOurs {
            // A server without its socket, after /tmp was cleaned, is of no use.
            if !isAnswering, try await isRunning() { try await stop() }
            return isAnswering
        }
        guard isAnswering || hasUsers else { return false }
        guard isAnswering, try await isRunning() else {
            throw PostgresError(
                .embedded,
                "A process that this machine or container does not see uses the embedded database "
                    + "in \(directory.path): it holds \(directory.users). Find it, on each machine "
                    + "and in each container that uses the folder, with: fuser \(directory.users)")
        }
        return true
    }

    /// Starts the server under a claim of this host.
    private func launch(hasUsers: Bool) async throws -> PostgresConfiguration {
        try directory.requireRoom()
        let mine = try await claim.claim(hasUsers: hasUsers)
        do {
            if !directory.isInitialised { try await claim.beating { try await initialise() } }
            let configuration = try configuration()
            try await start(configuration["host"] ?? "", mine.token)
            return configuration
        } catch {
            // With users there was a server, whose processes the next one looks for.
            if !hasUsers { claim.release(mine.token) }
            throw error
        }
    }

    private func configuration() throws -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            socketDirectory: try directory.socketDirectory(identity), user: EmbeddedServer.name,
            database: EmbeddedServer.name)
        // Who may change the folder could put a server of its own in the place of this one.
        configuration["requirepeer"] = identity.login
        configuration.folder = directory.path
        return configuration
    }

    private func initialise() async throws {
        // Made under another name, so that a half-made one is never taken for whole.
        let draft = directory.path + "/data.new"
        let removal = try await programs.run(["/bin/rm", "-rf", "--", draft])
        guard removal.isSuccess else {
            throw failure("The half-made database \(draft) could not be removed", removal)
        }
        try directory.preparePrivate("data.new", identity)
        let outcome = try await programs.run(
            "initdb",
            [
                "--pgdata=\(draft)", "--username=\(EmbeddedServer.name)", "--encoding=UTF8",
                "--locale=C.UTF-8", "--data-checksums", "--auth-local=trust",
                "--auth-host=reject", "--no-instructions",
            ])
        guard outcome.isSuccess else {
            throw failure(
                "The embedded database could not be made in \(directory.path) as "
                    + "\(identity.name) (that user must be able to enter the directory)", outcome)
        }
        // Sound: both texts outlive the call.
        guard unsafe rename(draft, directory.data) == 0 else {
            throw PostgresError(
                .embedded, "\(draft) cannot be renamed: \(SystemText.lastError).")
        }
    }

    private func start(_ socket: String, _ token: String) async throws {
        try directory.preparePrivate("log", identity, files: ["postgres.log"])
        try await writeSettings(socket)
        let outcome = try await watchdog.start(token)
        guard outcome.isSuccess else {
            throw failure(
                "The private PostgreSQL in \(directory.path) did not start", outcome,
                withLog: true)
        }
    }

    private func control(_ verb: String, _ more: [String]) async throws -> ServerPrograms.Outcome {
        let seconds = EmbeddedServer.patience.components.seconds
        return try await programs.run(
            "pg_ctl", [verb, "-D", directory.data, "-w", "-s", "-t", String(seconds)] + more)
    }

    /// Processes that help with one query, so that a trainer's join of a million rows has the
    /// machine; PostgreSQL starts fewer when it has none left.
    private static let parallelWorkers = min(
        8, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1))

    /// How pages are compressed that go into the log whole, as each one does the first time that a
    /// vacuum or a reader marks its rows: with pglz that takes as long as landing them did.
    private func logCompression() async throws -> String {
        let hasLZ4 = try await programs.run(
            "postgres",
            ["-C", "wal_compression", "-D", directory.data, "-c", "wal_compression=lz4"])
        return hasLZ4.isSuccess ? "lz4" : "off"
    }

    private func writeSettings(_ socket: String) async throws {
        let quoted = socket.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "''")
        let settings = """
            # Written at each start. Settings of your own belong behind the line in
            # postgresql.conf that includes this file.
            listen_addresses = ''
            port = 5432
            unix_socket_directories = '"\(quoted)"'
            unix_socket_permissions = 0700
            shared_buffers = 256MB
            max_connections = 200
            max_wal_size = 4GB
            wal_compression = \(try await logCompression())
            synchronous_commit = on
            checkpoint_timeout = 15min
            max_parallel_workers_per_gather = \(Self.parallelWorkers)
            work_mem = 16MB
            jit = off

            """
        let main = directory.data + "/postgresql.conf"
        let own = directory.data + "/ogive.conf"
        try TextFile.write(settings, to: own)
        try identity.takeOver(own)
        let include = "include 'ogive.conf'"
        guard let text = TextFile.read(main) else {
            throw PostgresError(.embedded, "\(main) is missing: is \(directory.path) damaged?")
        }
        if text.split(separator: "\n").contains(Substring(include)) { return }
        // Behind what initdb wrote, before what the user may add.
        try TextFile.write(text + "\n" + include + "\n", to: main)
        try identity.takeOver(main)
    }

    /// Whether the server accepts connections, or refuses them for a reason that only a running
    /// server has.
    private func isAnswering(_ configuration: PostgresConfiguration) async -> Bool {
        var configuration = configuration
        configuration.database = "postgres"
        do {
            try await PostgresConnection.connect(configuration).close()
            return true
        } catch {
            return error.code == .tooManyConnections
        }
    }

    private func ensureDatabase(_ configuration: PostgresConfiguration) async throws {
        var maintenance = configuration
        maintenance.database = "postgres"
        let connection = try await PostgresConnection.connect(maintenance)
        let known = try await connection.query(
            "SELECT 1 FROM pg_database WHERE datname = $1", [.string(EmbeddedServer.name)])
        if known.isEmpty {
            try await connection.execute("CREATE DATABASE \(EmbeddedServer.name)")
        }
        await connection.close()
    }

    private func failure(
        _ text: String, _ outcome: ServerPrograms.Outcome, withLog: Bool = false
    ) -> PostgresError {
        // What pg_ctl says beside the log's lines is that there is a log.
        let output = outcome.output.split(separator: "\n").map(\.trimmed)
            .filter { !$0.isEmpty && !$0.hasPrefix("Examine the log output") }
        var message = "\(text): \(output.joined(separator: "; "))"
        if let room = directory.freeBytes, room < Self.roomMin {
            message +=
                "; the disk of \(directory.path) is full (\(room >> 20) MiB are free): make "
                + "room, or choose another folder"
        }
        if withLog {
            message += "; its log is \(directory.log)"
            if let log = TextFile.tail(directory.log, bytes: 8192) {
                let lines = log.split(separator: "\n").suffix(Self.logLines)
                message += lines.map { "\n    \($0)" }.joined()
            }
        }
        return PostgresError(.embedded, message)
    }

    /// Lines of the log that a message ends with.
    private static let logLines = 6
    /// With less room than a segment of its write-ahead log, PostgreSQL cannot start.
    private static let roomMin: UInt64 = 32 << 20
}
