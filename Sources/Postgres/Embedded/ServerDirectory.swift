internal import Glibc

/// The directory of a private server: `data`, `run` for the socket, `log`, and lock files.
struct ServerDirectory: Sendable {
    /// The absolute path.
    let path: String

    var data: String { path + "/data" }
    /// Locked while the server is started or stopped.
    var gate: String { path + "/gate.lock" }
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

    /// Throws `embedded` when less is free: what a server writes when it is made, or starts.
    func requireRoom(mebibytes needed: UInt64) throws(PostgresError) {
        var status = statvfs()
        // Sound: the call fills the structure that it is given, and keeps nothing of the text.
        guard unsafe statvfs(path, &status) == 0 else { return }
        let free = (UInt64(status.f_bavail) * UInt64(status.f_frsize)) >> 20
        guard free < needed else { return }
        throw PostgresError(
            .embedded,
            "Only \(free) MiB are free for the embedded database in \(path), and PostgreSQL "
                + "needs \(needed) MiB to start. Make room there, or choose another "
                + "folder for `database.embedded`.")
    }

    /// Makes what only the server's user may enter, and gives it to that user.
    func preparePrivate(_ name: String, _ identity: ServerIdentity) throws(PostgresError) {
        let folder = path + "/" + name
        try ServerDirectory.make(folder, mode: 0o700)
        try identity.takeOver(folder)
    }

    /// The directory for the socket: within the server's, unless its path would be too long for a
    /// socket's address (107 bytes); then a private temporary one, which is recorded.
    func socketDirectory(_ identity: ServerIdentity) throws(PostgresError) -> String {
        let near = path + "/run"
        if (near + "/.s.PGSQL.5432").utf8.count <= 107 {
            try preparePrivate("run", identity)
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
