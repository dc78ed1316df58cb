internal import Glibc
internal import OgiveCore

/// The bytes of a file, unpacked where they are gzip or zstd, piece by piece.
struct PackedSource: ~Copyable {
    /// The share of the file that has been read, 0…1; `nil` for standard input.
    var progress: Double? {
        source.byteCount.map { $0 == 0 ? 1 : min(1, Double(source.bytesRead) / Double($0)) }
    }

    private let file: String
    private var source: ByteSource
    private var gzip: GzipInflater?
    private var zstd: ZstdInflater?
    private var isFirstBlock = true
    private var hasher: SHA256Hasher?

    /// SHA-256 of the packed bytes that have been read; `nil` unless they are hashed.
    var digest: SHA256Digest? {
        var hasher = hasher
        return hasher?.finish()
    }

    /// Opens a file; `-` is standard input. `hashes` says whether its digest is wanted. Throws
    /// `.input` when it cannot be opened.
    init(path: String, file: String, hashes: Bool = false) throws(CommandError) {
        self.file = file
        hasher = hashes ? SHA256Hasher() : nil
        source = try ByteSource.open(path: path)
    }

    /// The next piece; empty at the end. Throws `.input` when the file is damaged or cut off.
    mutating func next() throws(CommandError) -> [UInt8] {
        do throws(UnpackingProblem) {
            while true {
                if let piece = try unpacked() { return piece }
                let block = isFirstBlock ? try firstBlock() : try read()
                isFirstBlock = false
                if block.isEmpty {
                    try gzip?.finish()
                    try zstd?.finish()
                    return []
                }
                if gzip == nil, zstd == nil { return block }
                gzip?.feed(block)
                zstd?.feed(block)
            }
        } catch {
            throw error.failure ?? CommandError(.input, "\(file): \(error.text)")
        }
    }

    private mutating func unpacked() throws(UnpackingProblem) -> [UInt8]? {
        if let piece = try gzip?.next() { return piece }
        return try zstd?.next()
    }

    /// The first block, of four bytes at least: a pipe may deliver its first byte alone.
    private mutating func firstBlock() throws(UnpackingProblem) -> [UInt8] {
        var block = try read()
        while block.count < ZstdInflater.magicBytes {
            let more = try read()
            if more.isEmpty { break }
            block += more
        }
        if block.starts(with: GzipInflater.magic) { gzip = try GzipInflater() }
        if ZstdInflater.begins(block) { zstd = try ZstdInflater() }
        return block
    }

    private mutating func read() throws(UnpackingProblem) -> [UInt8] {
        do throws(CommandError) {
            let block = try source.next()
            hasher?.update(block)
            return block
        } catch {
            throw UnpackingProblem(text: error.message, failure: error)
        }
    }
}

/// Why packed data cannot be unpacked.
struct UnpackingProblem: Error {
    /// What is wrong.
    var text: String
    /// The failure to read the file, when that is the reason.
    var failure: CommandError?
}

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
