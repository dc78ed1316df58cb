import Glibc

/// A small regular file, read and examined by one descriptor, so that what was checked is what was
/// read.
struct SmallFile {
    /// The most bytes that a file of keys may have.
    static let bytesMax = 4096

    let text: String
    let status: FileStatus

    /// Reads the file at `path`; links are followed.
    init(_ path: String) throws(TransportError) {
        // Not blocking: a pipe in the file's place must not hold anybody up.
        // Sound: a terminated path; nothing is kept of it.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .file("cannot read", path) }
        defer { close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor) else {
            throw .file("cannot examine", path)
        }
        guard status.isRegular else { throw TransportError(.key, "\(path) is not a file") }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax + 1)
        var count = 0
        while count < bytes.count {
            // Sound: a live array, not used otherwise meanwhile.
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                // Sound: the kernel writes at most the rest of the live buffer.
                unsafe read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + count },
                    buffer.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .file("cannot read", path) }
            if got == 0 { break }
            count += got
        }
        guard count <= Self.bytesMax else {
            throw TransportError(
                .key, "\(path) has more than \(Self.bytesMax) bytes: it is no file of a key")
        }
        text = String(decoding: bytes.prefix(count), as: UTF8.self)
        self.status = status
    }

    /// Makes a new file; throws `key` when there is one already.
    static func create(_ path: String, _ text: String, mode: mode_t) throws(TransportError) {
        // Sound: a terminated path; nothing is kept of it.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            guard errno != EEXIST else {
                throw TransportError(
                    .key, "\(path) exists and is not overwritten: remove it or choose another name")
            }
            throw .file("cannot write", path)
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        // Sound: as many bytes as the array has. The mask of the process must not widen the mode.
        guard fchmod(descriptor, mode) == 0,
            unsafe write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0
        else {
            let error = TransportError.file("cannot write", path)
            // Sound: a terminated path; nothing is kept of it.
            unsafe unlink(path)
            throw error
        }
    }
}

/// What the system knows of a file.
struct FileStatus: Hashable, Sendable {
    let isRegular: Bool
    let mode: mode_t
    let owner: uid_t
    private let inode: ino_t
    private let size: Int
    private let changed: [Int]

    /// Examines an open file.
    init?(descriptor: Int32) {
        var status = stat()
        // Sound: the kernel fills a live local.
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Examines what a path leads to.
    init?(path: String) {
        var status = stat()
        // Sound: as above; the path is terminated.
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        inode = status.st_ino
        size = Int(status.st_size)
        changed = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
            status.st_ctim.tv_nsec,
        ]
    }
}

extension TransportError {
    /// An error of the system about a file.
    static func file(_ action: String, _ path: String) -> TransportError {
        let number = errno
        // Sound: returns a terminated text that is copied at once.
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "\(number)"
        return TransportError(.key, "\(action) \(path): \(reason)")
    }
}
