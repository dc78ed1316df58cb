internal import Glibc
internal import Subprocess

/// The unprivileged user that the server runs as; PostgreSQL refuses to run as root.
struct ServerIdentity: Sendable, Equatable {
    /// The user's name, for messages.
    let name: String
    /// The user's number, and its group's; nil for the user that runs this process.
    let ids: IDs?

    /// A user's and a group's number.
    struct IDs: Sendable, Equatable {
        let user: uid_t
        let group: gid_t
    }

    /// The owner of existing data; for root without data `postgres`, else `nobody`.
    static func find(directory: ServerDirectory) throws(PostgresError) -> ServerIdentity {
        var status = stat()
        // Sound: `status` outlives the call.
        let hasData = unsafe stat(directory.data, &status) == 0
        if geteuid() != 0 {
            if hasData, status.st_uid != geteuid() {
                throw PostgresError(
                    .embedded,
                    "The database in \(directory.path) belongs to user number \(status.st_uid): "
                        + "run as that user or as root, or choose another directory.")
            }
            return ServerIdentity(name: "the current user", ids: nil)
        }
        if hasData, status.st_uid != 0 {
            return ServerIdentity(
                name: "user number \(status.st_uid)",
                ids: IDs(user: status.st_uid, group: status.st_gid))
        }
        for name in ["postgres", "nobody"] {
            if let ids = lookUp(name) { return ServerIdentity(name: "user \(name)", ids: ids) }
        }
        throw PostgresError(
            .embedded,
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody. "
                + "Make one with: adduser --system postgres")
    }

    /// How to start a program as this user, out of reach of the terminal's Ctrl-C.
    var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        return options
    }

    /// The command that runs `command` as this user. `setpriv` changes the user: glibc's setgroups
    /// can hang for ever in the child of a process with threads.
    func command(_ command: [String]) -> [String] {
        ids == nil ? command : ["/usr/bin/setpriv"] + options + ["--"] + command
    }

    /// What `setpriv` is given so that it changes to this user.
    var options: [String] {
        guard let ids else { return [] }
        return ["--reuid=\(ids.user)", "--regid=\(ids.group)", "--clear-groups"]
    }

    /// The number of this user.
    var user: uid_t { ids?.user ?? geteuid() }

    /// Gives a file or directory to this user.
    func takeOver(_ path: String) throws(PostgresError) {
        guard let ids else { return }
        // Sound: the text outlives the call. A link is not followed, wherever it leads.
        guard unsafe lchown(path, ids.user, ids.group) == 0 else {
            throw PostgresError(
                .embedded, "\(path) cannot be given to \(name): \(SystemText.lastError).")
        }
    }

    /// Whether a directory exists, belongs to this user and nobody else may enter it.
    func owns(_ path: String) -> Bool {
        var status = stat()
        // Sound: `status` outlives the call; lstat follows no link that another user planted.
        guard unsafe lstat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFDIR && status.st_mode & 0o077 == 0
            && status.st_uid == user
    }

    /// The user's name for the system; nil where it has none, as in some containers.
    var login: String? {
        // Sound: entry, buffer and result outlive the call; the name is copied out of the buffer.
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let status = unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found)
        guard status == 0, unsafe found != nil else { return nil }
        return unsafe String(cString: entry.pw_name)
    }

    private static func lookUp(_ name: String) -> IDs? {
        // Sound: entry, buffer and result outlive the call; only numbers are read afterwards.
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let status = unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &found)
        guard status == 0, unsafe found != nil else { return nil }
        return unsafe IDs(user: entry.pw_uid, group: entry.pw_gid)
    }
}
