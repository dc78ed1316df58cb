internal import FoundationEssentials
import Glibc
internal import ZeroMQ

/// Files of keys: plain text, a line `public DIGITS` in `NAME.pub`, `secret DIGITS` and
/// `public DIGITS` in `NAME.key`; empty lines and those that begin with `#` say nothing.
package enum KeyFile {
    /// The ending of a file with a secret key.
    package static let secretEnding = ".key"
    /// The ending of a file with a public key.
    package static let publicEnding = ".pub"

    /// Whether a text may name a key: letters, digits, `.`, `_` and `-`, the first a letter or
    /// digit, 64 at most.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
        let isPlain = { (byte: UInt8) in
            Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
        }
        return first < 0x80 && isPlain(first)
            && text.utf8.allSatisfy { $0 < 0x80 && (isPlain($0) || "._-".utf8.contains($0)) }
    }

    /// The name in a path: its last part without the ending.
    package static func name(of path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [secretEnding, publicEnding] where last.hasSuffix(ending) {
            return String(last.dropLast(ending.count))
        }
        return last
    }

    /// Reads a public key; throws `key`.
    package static func publicKey(_ path: String) throws(TransportError) -> PublicKey {
        let fields = try fields(of: try SmallFile(path).text, path)
        guard fields["secret"] == nil else {
            throw TransportError(
                .key, "\(path) holds a secret key, which only its owner needs: give the .pub file")
        }
        return try publicKey(in: fields, path)
    }

    /// Reads a pair; throws `key`, also when others could read the file.
    package static func pair(_ path: String) throws(TransportError) -> KeyPair {
        let file = try SmallFile(path)
        try checkPrivacy(file.status, path)
        let fields = try fields(of: file.text, path)
        guard let digits = fields["secret"] else {
            throw TransportError(
                .key, "\(path) holds no secret key: give the .key file that `ogive keys new` made")
        }
        guard let bytes = Hexadecimal.bytes(digits), let secret = ZeroMQSecretKey(bytes: bytes)
        else {
            throw TransportError(.key, "the secret key in \(path) is not 64 hexadecimal digits")
        }
        let pair: ZeroMQKeyPair
        do {
            pair = ZeroMQKeyPair(publicKey: try secret.publicKey(), secretKey: secret)
        } catch {
            throw TransportError(.key, "cannot use the secret key in \(path): \(error)")
        }
        if fields["public"] != nil, try publicKey(in: fields, path) != PublicKey(pair.publicKey) {
            throw TransportError(
                .key, "the public key in \(path) does not belong to the secret key there")
        }
        return KeyPair(name: name(of: path), value: pair)
    }

    /// Makes the folder when it is missing, for its owner alone (mode 700), and those above it;
    /// answers whether it did. Throws `key` when it cannot.
    package static func makeFolder(_ folder: String) throws(TransportError) -> Bool {
        guard FileStatus(path: folder) == nil else { return false }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw .file("cannot make the folder", folder)
        }
        return true
    }

    /// Writes `NAME.key` and `NAME.pub` into a folder; throws `key` when either exists.
    package static func write(
        _ pair: KeyPair, in folder: String
    ) throws(TransportError) -> (secret: String, open: String) {
        let (secret, open) = (
            "\(folder)/\(pair.name)\(secretEnding)", "\(folder)/\(pair.name)\(publicEnding)"
        )
        guard FileStatus(path: open) == nil else {
            throw TransportError(
                .key, "\(open) exists and is not overwritten: remove it or choose another name")
        }
        try SmallFile.create(
            secret,
            """
            # The secret key "\(pair.name)" of Ogive: nobody else may read it (chmod 600).
            secret \(Hexadecimal.text(pair.value.secretKey.bytes))
            public \(pair.publicKey.text)

            """, mode: 0o600)
        try SmallFile.create(open, text(pair.publicKey, name: pair.name), mode: 0o644)
        return (secret, open)
    }

    /// What stands in a file with a public key.
    static func text(_ key: PublicKey, name: String) -> String {
        """
        # The public key "\(name)" of Ogive.
        public \(key.text)

        """
    }

    /// As libpq: only the owner may read a file of the process's user; a group may read one of
    /// root, which is how Kubernetes hands out secrets.
    private static func checkPrivacy(
        _ status: FileStatus, _ path: String
    ) throws(TransportError) {
        let user = geteuid()
        guard status.owner == user || status.owner == 0 else {
            throw TransportError(
                .key,
                "\(path) belongs to user \(status.owner), and this process is user \(user):"
                    + " secret keys must be its own")
        }
        let isShared = status.owner == 0 && user != 0
        guard status.mode & (isShared ? 0o037 : 0o077) == 0 else {
            throw TransportError(
                .key,
                "others may use the secret key \(path) (mode"
                    + " \(String(status.mode, radix: 8))): chmod 600 \(path)")
        }
    }

    private static func publicKey(
        in fields: [String: String], _ path: String
    ) throws(TransportError) -> PublicKey {
        guard let digits = fields["public"] else {
            throw TransportError(.key, "\(path) holds no line `public DIGITS`")
        }
        guard let key = PublicKey(digits) else {
            throw TransportError(.key, "the public key in \(path) is not 64 hexadecimal digits")
        }
        return key
    }

    private static func fields(
        of text: String, _ path: String
    ) throws(TransportError) -> [String: String] {
        var fields: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 2, ["secret", "public"].contains(first),
                fields.updateValue(String(words[1]), forKey: String(first)) == nil
            else {
                // The line itself stays unsaid: it may hold a secret.
                throw TransportError(
                    .key,
                    "\(path), line \(index + 1): expected `public DIGITS` or"
                        + " `secret DIGITS`, once each")
            }
        }
        return fields
    }
}

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
