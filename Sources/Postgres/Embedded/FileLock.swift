internal import CLinux
internal import Glibc

/// A `flock` on a file: it ends with the process that holds it, however that dies.
final class FileLock: Sendable {
    private let descriptor: Int32
    private let path: String

    private init(_ path: String) throws(PostgresError) {
        self.path = path
        // Sound: the text outlives the call. Closed on exec, or the server would
        // inherit the lock and hold it for ever. No link: its target might be anybody's.
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw PostgresError(
                .embedded, "The lock file \(path) cannot be opened: \(SystemText.lastError).")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Waits for the only lock on the file, at most for `patience`.
    static func exclusive(_ path: String, patience: Duration) async throws -> FileLock {
        let lock = try FileLock(path)
        try await lock.acquire(LOCK_EX, patience)
        return lock
    }

    /// Waits for a lock that others may hold as well.
    static func shared(_ path: String, patience: Duration) async throws -> FileLock {
        let lock = try FileLock(path)
        try await lock.acquire(LOCK_SH, patience)
        return lock
    }

    /// Whether anybody holds a lock on the file.
    static func isHeld(_ path: String) throws(PostgresError) -> Bool {
        let lock = try FileLock(path)
        defer { lock.unlock() }
        return !lock.upgrade()
    }

    /// Makes a shared lock the only one; false when others hold it too.
    func upgrade() -> Bool {
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    /// Gives the lock back.
    func unlock() {
        flock(descriptor, LOCK_UN)
    }

    private func acquire(_ kind: Int32, _ patience: Duration) async throws {
        let deadline = ContinuousClock.now + patience
        while flock(descriptor, kind | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw PostgresError(
                    .embedded, "\(path) cannot be locked: \(SystemText.lastError).")
            }
            guard ContinuousClock.now < deadline else {
                throw PostgresError(
                    .embedded,
                    "Another process has been starting or stopping the server for \(patience) "
                        + "(it holds \(path)). Find it, on each machine and in each container that "
                        + "uses the folder, with: fuser \(path)")
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }
}

/// Texts of the operating system.
enum SystemText {
    /// What the last failed call said.
    static var lastError: String {
        // Sound: the text lives until the next call and is copied at once.
        unsafe String(cString: strerror(errno))
    }
}
