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

/// Small text files of a private server.
enum TextFile {
    /// The file's text without the white space around it; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        tail(path, bytes: 1 << 16)?.trimmed
    }

    /// The end of a file; nil when it cannot be read.
    static func tail(_ path: String, bytes: Int) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        // Sound: `file` is open, and at most the buffer's size is read into it. Seeking fails
        // when the file is shorter, which then is read from its beginning.
        _ = unsafe fseek(file, -bytes, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: bytes)
        let count = unsafe fread(&buffer, 1, bytes, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Writes a new file in the place of an old one, at once.
    static func write(_ text: String, to path: String) throws(PostgresError) {
        // A name that nobody can foresee, or put a link at.
        let draft = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        guard try create(draft, text), unsafe rename(draft, path) == 0 else {
            throw failure(path)
        }
    }

    /// Writes a file that is not there yet; false when it is.
    static func create(_ path: String, _ text: String) throws(PostgresError) -> Bool {
        // Sound: the text outlives the call, which fails at a link as it does at a file.
        guard let file = unsafe fopen(path, "wxe") else {
            guard errno == EEXIST else { throw failure(path) }
            return false
        }
        let bytes = Array(text.utf8)
        // Sound: `file` is open until it is closed here, whatever the write gave.
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let closed = unsafe fclose(file)
        guard written == bytes.count, closed == 0 else {
            let error = failure(path)
            // Sound: the text outlives the call. What is left is an incomplete draft.
            _ = unsafe unlink(path)
            throw error
        }
        return true
    }

    private static func failure(_ path: String) -> PostgresError {
        PostgresError(
            .embedded,
            "\(path) cannot be written: \(SystemText.lastError). Check the permissions and the "
                + "free space of the disk.")
    }
}
