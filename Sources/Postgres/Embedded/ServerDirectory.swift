internal import Glibc

/// The directory of a private server: `data`, `run` for the socket, `log`, `host`, and lock files.
struct ServerDirectory: Sendable {
    /// The absolute path.
    let path: String

    var data: String { path + "/data" }
    /// Locked while the server is started or stopped.
    var gate: String { path + "/gate.lock" }
    /// Names the host that may run the server; its age is that host's heartbeat.
    var host: String { path + "/host" }
    /// Locked, shared, by each user of the server.
    var users: String { path + "/users.lock" }
    var log: String { path + "/log/postgres.log" }
    /// Where the path of a socket directory elsewhere is recorded.
    var socketRecord: String { path + "/socket-directory" }
    var isInitialised: Bool { ServerDirectory.exists(data + "/PG_VERSION") }

    /// Makes the directory when it is missing; throws `embedded` when that or writing fails.
    static func prepare(_ path: String) throws(PostgresError) -> ServerDirectory {
        let path = try absolute(path)
        try make(path, mode: 0o755)
        // Sound: the text outlives the call.
        guard unsafe access(path, W_OK | X_OK) == 0 else {
            throw PostgresError(
                .embedded,
                "The directory \(path) cannot be written to: \(SystemText.lastError). Choose "
                    + "another directory for the embedded database or change its permissions.")
        }
        return ServerDirectory(path: path)
    }

    /// Bytes that a server writes when it is made, or starts.
    var bytesToStart: UInt64 { (isInitialised ? 32 : 128) << 20 }

    /// Throws `embedded` when fewer bytes are free than a server needs to start.
    func requireRoom() throws(PostgresError) {
        guard let free = freeBytes, free < bytesToStart else { return }
        throw PostgresError(
            .embedded,
            "Only \(free >> 20) MiB are free for the embedded database in \(path), and PostgreSQL "
                + "needs \(bytesToStart >> 20) MiB to start. Make room there, or choose another "
                + "folder for `database.embedded`.")
    }

    /// Makes what only the server's user may enter, or corrects it. Throws `embedded` when another
    /// user may have made it, or the files in it.
    func preparePrivate(
        _ name: String, _ identity: ServerIdentity, files: [String] = []
    ) throws(PostgresError) {
        let folder = path + "/" + name
        try ServerDirectory.make(folder, mode: 0o700)
        // Sound: the text outlives the call.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            let isLink = errno == ENOTDIR || errno == ELOOP
            throw foreign(
                folder, isLink ? "is a symbolic link or a file" : SystemText.lastError)
        }
        defer { close(descriptor) }
        for path in [folder] + files.map({ folder + "/" + $0 }) {
            guard let owner = ServerDirectory.owner(path) else { continue }
            guard [identity.user, geteuid()].contains(owner) else {
                throw foreign(path, "belongs to user number \(owner)")
            }
        }
        if let ids = identity.ids, fchown(descriptor, ids.user, ids.group) != 0 {
            throw foreign(folder, "cannot be given to \(identity.name): \(SystemText.lastError)")
        }
        guard fchmod(descriptor, 0o700) == 0 else {
            throw foreign(folder, "cannot be closed to others: \(SystemText.lastError)")
        }
    }

    /// The number of the user whom a file, a folder or a link belongs to; nil when it is not there.
    private static func owner(_ path: String) -> uid_t? {
        var status = stat()
        // Sound: `status` outlives the call.
        return unsafe lstat(path, &status) == 0 ? status.st_uid : nil
    }

    private func foreign(_ path: String, _ reason: String) -> PostgresError {
        PostgresError(
            .embedded,
            "\(path) of the embedded database \(reason): only the server's user may have made it. "
                + "See who did, remove it, and try again.")
    }

    /// Throws `embedded` when the server's user cannot enter the directory, and says which folder
    /// on the way keeps it out.
    func requireEntry(
        _ identity: ServerIdentity, _ programs: ServerPrograms
    ) async throws {
        guard identity.ids != nil else { return }
        // Asked of the kernel as that user: the modes alone do not tell.
        func canEnter(_ folder: String) async throws -> Bool {
            try await programs.run(identity.command(["/usr/bin/test", "-x", folder])).isSuccess
        }
        guard try await !canEnter(path) else { return }
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/" + part
            if try await !canEnter(folder) { break }
        }
        throw PostgresError(
            .embedded,
            "PostgreSQL does not run as root, and \(identity.name), as which it would run, cannot "
                + "enter \(folder) on the way to the embedded database in \(path). Choose another "
                + "folder for `database.embedded`, or let that user in: chmod o+x \(folder)")
    }

    /// The directory for the socket: within the server's, unless its path would be too long for a
    /// socket's address (107 bytes); then a private temporary one, which is recorded.
    func socketDirectory(_ identity: ServerIdentity) throws(PostgresError) -> String {
        let near = path + "/run"
        if (near + "/.s.PGSQL.5432").utf8.count <= 107 {
            try preparePrivate(
                "run", identity, files: [".s.PGSQL.5432", ".s.PGSQL.5432.lock"])
            return near
        }
        if let recorded = TextFile.read(socketRecord), identity.owns(recorded) {
            return recorded
        }
        var template = Array("/tmp/ogive-XXXXXX".utf8CString)
        // Sound: the template ends with a NUL byte and is changed in place.
        guard unsafe mkdtemp(&template) != nil else {
            throw PostgresError(
                .embedded,
                "No directory for the server's socket can be made in /tmp: "
                    + "\(SystemText.lastError).")
        }
        let made = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try identity.takeOver(made)
        try TextFile.write(made, to: socketRecord)
        return made
    }

    /// Bytes that the disk still takes; `nil` when nobody knows.
    var freeBytes: UInt64? {
        var status = statvfs()
        // Sound: fills the structure that it is given for the time of the call.
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Whether something is at `path`.
    static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    private static func make(_ path: String, mode: mode_t) throws(PostgresError) {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/" + part
            // Sound: the text outlives the call.
            if unsafe mkdir(prefix, prefix == path ? mode : 0o755) == 0 || errno == EEXIST {
                continue
            }
            // What cannot be made may still be there, on a read-only file system for example.
            if exists(prefix) { continue }
            throw PostgresError(
                .embedded,
                "The directory \(prefix) cannot be made: \(SystemText.lastError). Choose another "
                    + "directory for the embedded database.")
        }
    }

    private static func absolute(_ path: String) throws(PostgresError) -> String {
        var whole = path
        if !path.hasPrefix("/") {
            // Sound: getcwd allocates the text for the caller.
            guard let here = unsafe getcwd(nil, 0) else {
                throw PostgresError(
                    .embedded, "The working directory is unknown: \(SystemText.lastError).")
            }
            // Sound: the text ends with a NUL, and is freed once, after it was copied.
            whole = unsafe String(cString: here) + "/" + path
            unsafe free(here)
        }
        let parts = whole.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }
}
