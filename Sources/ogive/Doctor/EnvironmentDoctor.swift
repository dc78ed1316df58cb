internal import FoundationEssentials
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight
internal import OgiveStore
internal import Postgres

/// Looks at what a run needs beside its models: the database, room on the disk, the address.
struct EnvironmentDoctor {
    /// The configuration.
    var configuration: Configuration
    /// Bytes that the run will store; `nil` when nobody knows.
    var bytes: Int?
    /// Bad rows of the file of prompts that were told before.
    var badRowsTold = 0

    /// The oldest PostgreSQL that the tests run on.
    private static let versionMin = 15

    /// All of it.
    func examine() async -> [Finding] {
        var findings: [Finding] = []
        if let database = configuration.database {
            findings += await examine(database)
            if case .embedded(let folder) = database.location {
                findings += space(
                    folder, toStart: EmbeddedPostgres.bytesToStart(directory: folder))
            }
        } else {
            findings.append(
                Finding(
                    .note, .database, at: configuration.source,
                    "names no database: right for a worker, and enough for nothing else"))
        }
        if configuration.coordinator.isListenGiven { findings += address() }
        return findings
    }

    private func examine(_ database: DatabaseConfiguration) async -> [Finding] {
        if case .embedded(let folder) = database.location, !database.isPresent {
            return [Self.newFolder(folder)]
        }
        do {
            return try await DatabaseSession.withStore(configuration, schema: .ignored) {
                store, session -> [Finding] in
                let (findings, isCurrent) = try await Self.examine(session)
                guard isCurrent, let prompts = configuration.prompts else { return findings }
                return findings
                    + (await PromptSetDoctor(prompts: prompts, badRowsTold: badRowsTold)
                        .examine(store))
            }
        } catch {
            let reason = CommandError(explaining: error)
            var finding = Finding(
                .error, .database, at: "database", "cannot be reached: \(reason.message)")
            switch reason.code {
            case .unavailable: finding.cause = .outage
            case .configuration: finding.cause = .configuration
            default: break
            }
            return [finding]
        }
    }

    private static func newFolder(_ folder: String) -> Finding {
        let parent = existingParent(folder)
        // Takes a path and keeps nothing of it.
        guard unsafe access(parent, W_OK) == 0 else {
            return Finding(
                .error, .database, at: folder, "cannot be made: \(parent) is not writable",
                advice: "choose another folder for `database.embedded`")
        }
        return Finding(.ok, .database, at: folder, "is new: the first run makes it")
    }

    /// What is to be said of a database, and whether its schema is this program's.
    private static func examine(
        _ session: DatabaseSession
    ) async throws -> (findings: [Finding], isCurrent: Bool) {
        let place = session.place
        let status = try await Migrator(session.connection, program: ProgramVersion.text).status()
        if status.isPreRelease {
            let finding = Finding(
                .error, .database, at: place, "has a schema from before the first release",
                advice: "use another database or folder, or `ogive migrate uninstall`")
            return ([finding], false)
        }
        guard status.unknown.isEmpty else {
            let finding = Finding(
                .error, .database, at: place,
                "was migrated by a newer ogive: \(status.unknown.joined(separator: ", "))",
                advice: "use that version")
            return ([finding], false)
        }
        let connection = try await PostgresConnection.connect(session.connection)
        let isNew = status.applied.isEmpty
        // Who migrates makes a schema; who runs is a member of the role that writes.
        let sql =
            "SELECT current_setting('server_version_num')::integer / 10000 AS version, "
            + (isNew
                ? "has_database_privilege(current_database(), 'CREATE')"
                : "pg_has_role(current_user, 'ogive_writer', 'MEMBER')") + " AS may"
        let row = try await connection.query(sql).one()
        let version: Int = try row.decode("version")
        let mayWrite: Bool = try row.decode("may")
        await connection.close()
        var findings = [
            Finding(
                version < versionMin ? .warning : .ok, .database, at: place,
                "PostgreSQL \(version) answers",
                advice: version < versionMin
                    ? "use PostgreSQL \(versionMin) or later: older ones are not tested" : nil)
        ]
        if !mayWrite {
            findings.append(
                Finding(
                    .error, .database, at: place,
                    isNew ? "this user may not create a schema" : "this user may not write",
                    advice: isNew
                        ? "let an owner run `ogive migrate up`"
                        : "GRANT ogive_writer TO the user of `database.url`"))
        }
        findings.append(
            status.isCurrent
                ? Finding(.ok, .database, at: place, "the schema is of this version")
                : Finding(
                    .note, .database, at: place,
                    "the schema is not of this version",
                    advice: "`ogive run` updates it; for services run `ogive migrate up`"))
        return (findings, status.isCurrent)
    }

    /// Room for what the run stores, in the folder of a private database, and for what its server
    /// needs `toStart`.
    func space(_ folder: String, toStart least: Int = 0) -> [Finding] {
        let parent = Self.existingParent(folder)
        var status = statvfs()
        // Fills the structure that it is given for the time of the call.
        guard unsafe statvfs(parent, &status) == 0 else { return [] }
        let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
        let has = "\(ByteCountText.rough(free)) are free"
        guard free >= least else {
            return [
                Finding(
                    .error, .diskSpace, at: folder,
                    "\(has); PostgreSQL needs \(ByteCountText.rough(least)) to start",
                    advice: "make room, or choose another folder for `database.embedded`")
            ]
        }
        guard let bytes else { return [Finding(.ok, .diskSpace, at: folder, has)] }
        // Beside rows and indexes there is the write-ahead log.
        let needs = "the run stores about \(ByteCountText.rough(bytes))"
        let severity: Finding.Severity =
            free < bytes ? .error : free / 2 < bytes ? .warning : .ok
        return [
            Finding(
                severity, .diskSpace, at: folder, "\(has); \(needs)",
                advice: severity == .ok ? nil : "make room, or choose another folder")
        ]
    }

    private static func existingParent(_ folder: String) -> String {
        var path = folder
        while !FileManager.default.fileExists(atPath: path), path.count > 1 {
            path = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            if path.isEmpty { path = "/" }
        }
        return path
    }

    /// Whether the coordinator could listen now.
    private func address() -> [Finding] {
        let address = configuration.coordinator.listen
        guard address.hasPrefix("tcp://"),
            let colon = address.lastIndex(of: ":"),
            let port = UInt16(address[address.index(after: colon)...])
        else {
            return [Finding(.ok, .coordinator, at: address, "is free for the taking")]
        }
        let host = String(address.dropFirst("tcp://".count).prefix { $0 != ":" })
        guard let code = LocalPort.bind(host: host, port: port) else {
            return [
                Finding(
                    .note, .coordinator, at: address,
                    "was not tried: only IPv4 addresses of this machine can be")
            ]
        }
        switch code {
        case 0: return [Finding(.ok, .coordinator, at: address, "is free")]
        case EADDRINUSE:
            return [
                Finding(
                    .warning, .coordinator, at: address, "is taken",
                    advice: "right if it is this database's coordinator that runs; else choose "
                        + "another port for `coordinator.listen`")
            ]
        default:
            // strerror gives a text that lives until the next call.
            let reason = unsafe String(cString: strerror(code))
            return [
                Finding(
                    .error, .coordinator, at: address, "cannot be listened on: \(reason)",
                    advice: "give an address of this machine as `coordinator.listen`")
            ]
        }
    }
}

/// Tries whether one may listen on an address of this machine.
enum LocalPort {
    /// 0 when one may, else the error; `nil` for what is no IPv4 address.
    static func bind(host: String, port: UInt16) -> Int32? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        // Reads a text and fills the four bytes that it is given.
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        var yes: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        // Takes `length` bytes of an integer; a port in its waiting time is free for a listener.
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, length)
        // sockaddr_in is the form that the call takes for AF_INET.
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe Glibc.bind(
                    socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 ? 0 : errno
    }
}

/// Looks at the commands of the servers that Ogive launches.
struct LaunchDoctor {
    /// The configuration.
    var configuration: Configuration
    /// The cores that the servers may use.
    var cores = UsableCores.count

    /// A warning when the servers are told to use more threads than there are cores.
    func examine() -> [Finding] {
        let launches = [
            ("policy.launch", configuration.policy?.endpoint.launch),
            ("scorer.launch", configuration.scorer?.endpoint.launch),
        ]
        let asked = launches.compactMap { key, launch in
            launch.flatMap(Self.threads).map { (key: key, threads: $0) }
        }
        let sum = asked.map(\.threads).reduce(0, +)
        guard let first = asked.first, sum > cores else { return [] }
        let keys = asked.map { "`\($0.key)`" }.joined(separator: " and ")
        return [
            Finding(
                .warning, .throughput, at: first.key,
                "\(keys) ask for \(sum) threads, and this process may use \(cores) "
                    + "\(cores == 1 ? "core" : "cores"): the threads wait for each other, and a "
                    + "run can take ten times as long",
                advice:
                    "write \"{threads}\" in place of each number: Ogive puts the server's share "
                    + "of the cores there")
        ]
    }

    /// The threads that a command asks for by a number; `nil` when it says nothing.
    static func threads(_ launch: ModelServerSpec) -> Int? {
        var found = launch.environment["OMP_NUM_THREADS"].flatMap { Int($0) }
        for (name, value) in zip(launch.argv, launch.argv.dropFirst() + [""]) {
            let number =
                ["--threads", "-t"].contains(name)
                ? Int(value)
                : name.hasPrefix("--threads=") ? Int(name.dropFirst("--threads=".count)) : nil
            if let number { found = max(found ?? 0, number) }
        }
        return found
    }
}
