internal import Glibc

/// A file or standard input, read block by block.
struct ByteSource: ~Copyable {
    /// Size of a block.
    static let blockBytes = 256 << 10

    /// Bytes read so far.
    private(set) var bytesRead = 0
    /// The size of the file; `nil` for a pipe.
    let byteCount: Int?
    private let descriptor: Int32
    private let name: String

    /// Opens a file; `-` is standard input. Throws `.input` when it cannot be opened.
    static func open(path: String) throws(CommandError) -> ByteSource {
        if path == "-" {
            return ByteSource(descriptor: STDIN_FILENO, name: "standard input", byteCount: nil)
        }
        // open reads the path only during the call.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandError(.input, "cannot open \(path): \(Self.reason(errno))")
        }
        var status = stat()
        // fstat fills the structure that it is given for the time of the call.
        let isKnown = unsafe fstat(descriptor, &status) == 0
        let format = status.st_mode & S_IFMT
        if format == S_IFDIR {
            close(descriptor)
            throw CommandError(.input, "\(path) is a folder, not a file")
        }
        return ByteSource(
            descriptor: descriptor, name: path,
            byteCount: isKnown && format == S_IFREG ? Int(status.st_size) : nil)
    }

    private init(descriptor: Int32, name: String, byteCount: Int?) {
        self.descriptor = descriptor
        self.name = name
        self.byteCount = byteCount
    }

    deinit {
        if descriptor > STDIN_FILENO { close(descriptor) }
    }

    /// The next block; empty at the end. Throws `.input` when reading fails.
    mutating func next() throws(CommandError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            // read writes at most the buffer's size into it and says how much that was.
            let block = unsafe [UInt8](unsafeUninitializedCapacity: Self.blockBytes) {
                buffer, count in
                let result = unsafe read(descriptor, buffer.baseAddress, buffer.count)
                if result < 0 { failure = errno }
                count = max(0, result)
            }
            if failure == EINTR { continue }
            guard failure == 0 else {
                throw CommandError(.input, "cannot read \(name): \(Self.reason(failure))")
            }
            bytesRead += block.count
            return block
        }
    }

    /// What the system says about an error number.
    static func reason(_ code: Int32) -> String {
        // strerror answers with a text that lives until its next call on this thread.
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
