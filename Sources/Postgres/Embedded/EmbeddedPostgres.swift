internal import Glibc

/// A private PostgreSQL server in a directory, reachable through a unix socket only.
///
/// Several processes may use the same directory at once: the first starts the server, the last one
/// stops it. When the last user is killed, a watchdog stops the server a few seconds later, unless
/// another user has come. Processes of another host, which may see the directory but not the
/// server, are refused.
package actor EmbeddedPostgres {
    /// How to connect to the database `ogive` as a superuser of the private server.
    package nonisolated let configuration: PostgresConfiguration
    private let server: EmbeddedServer
    private let gate: String
    private var presence: FileLock?

    /// How long another process may take to start or stop the same server.
    private static let gatePatience = Duration.seconds(120)

    private init(
        _ configuration: PostgresConfiguration, _ server: EmbeddedServer, gate: String,
        presence: FileLock
    ) {
        self.configuration = configuration
        self.server = server
        self.gate = gate
        self.presence = presence
    }

    /// Makes the server when there is none, starts it when it does not run, and counts the caller
    /// as one of its users until `stop`.
    ///
    /// Throws `embedded` when PostgreSQL is not installed, another host uses the directory, it
    /// cannot be used or the server does not start; then with the last lines of its log.
    /// `lingering` is how long a server that is started goes on when its last user was killed, in
    /// whole seconds. `silence` is how long the server of another host must have given no sign of
    /// life before it is taken for gone; `notify` gets a message when that is waited for.
    /// `elsewhere` is asked for PostgreSQL's programs when the system has none that fit.
    package static func start(
        directory: String, elsewhere: ServerProgramSource? = nil,
        lingering: Duration = .seconds(3), silence: Duration = .seconds(60),
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> EmbeddedPostgres {
        let directory = try ServerDirectory.prepare(directory)
        let gate = directory.gate
        let entry = try await FileLock.exclusive(gate, patience: gatePatience)
        defer { entry.unlock() }
        let claim = HostClaim(directory: directory, silence: silence, notify: notify)
        let hasUsers = try await claim.hasUsers()
        let presence = try await FileLock.shared(directory.users, patience: gatePatience)
        let identity = try ServerIdentity.find(directory: directory)
        let programs = try await ServerPrograms.find(
            identity, version: TextFile.read(directory.data + "/PG_VERSION"),
            elsewhere: elsewhere)
        try await directory.requireEntry(identity, programs)
        let server = EmbeddedServer(
            directory: directory, identity: identity, programs: programs,
            claim: claim,
            watchdog: ServerWatchdog(
                directory: directory, identity: identity, programs: programs, lingering: lingering))
        let configuration = try await server.ensureRunning(hasUsers: hasUsers)
        return EmbeddedPostgres(configuration, server, gate: gate, presence: presence)
    }

    /// Ends the caller's use of the server; the last user stops it. Stopping twice is harmless.
    package func stop() async throws {
        guard let presence = self.presence else { return }
        self.presence = nil
        let entry = try await FileLock.exclusive(gate, patience: Self.gatePatience)
        defer { entry.unlock() }
        // Whoever else uses the server holds the lock shared, and cannot come while we are here.
        let isLast = presence.upgrade()
        defer { presence.unlock() }
        if isLast { try await server.stop() }
    }

    /// Bytes that must be free for a server to start in `directory`: more where there is none yet.
    package static func bytesToStart(directory: String) -> Int {
        Int(ServerDirectory(path: directory).bytesToStart)
    }

    /// Runs `body` with a server in `directory`, stopped afterwards unless others use it.
    package static func with<T>(
        directory: String, _ body: (PostgresConfiguration) async throws -> T
    ) async throws -> T {
        let server = try await start(directory: directory)
        let value: T
        do {
            value = try await body(server.configuration)
        } catch {
            do {
                try await server.stop()
            } catch let second {
                throw PostgresError(
                    .embedded, "The private server could not be stopped: \(second)", cause: error)
            }
            throw error
        }
        try await server.stop()
        return value
    }
}
