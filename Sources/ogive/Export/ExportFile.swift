internal import CZlib
internal import Glibc
internal import OgiveCore

/// A file of an export: written under another name, and there under its own only when it is whole.
final class ExportFile {
    /// Bytes that are collected before they are written.
    private static let bufferBytes = 256 << 10

    /// What was written.
    struct Receipt: Hashable, Sendable {
        /// Size of the file.
        var bytes: Int
        /// Checksum of the file.
        var sha256: String
    }

    private let path: String
    private let descriptor: Int32
    private let isStandardOutput: Bool
    private var hasher = SHA256Hasher()
    private var deflater: GzipDeflater?
    private var buffer: [UInt8] = []
    private var bytes = 0
    private var isWhole = false

    /// Begins a file; `-` is standard output. Throws `.input` when it cannot be made.
    init(path: String, isGzip: Bool) throws(CommandError) {
        self.path = path
        isStandardOutput = path == "-"
        if isStandardOutput {
            descriptor = STDOUT_FILENO
        } else {
            // open reads the path only during the call.
            descriptor = unsafe open(
                path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        guard descriptor >= 0 else {
            throw CommandError(.input, "cannot write \(path): \(ByteSource.reason(errno))")
        }
        if isGzip { deflater = try GzipDeflater() }
    }

    deinit {
        if isStandardOutput || descriptor < 0 { return }
        close(descriptor)
        // unlink reads the path only during the call.
        if !isWhole { _ = unsafe unlink(path + ".partial") }
    }

    /// Adds to the file. Throws `.input` when it cannot be written.
    func write(_ piece: [UInt8]) throws(CommandError) {
        buffer += piece
        if buffer.count >= Self.bufferBytes { try flush(isLast: false) }
    }

    /// Ends the file: on the disk, and under its own name.
    func finish() throws(CommandError) -> Receipt {
        try flush(isLast: true)
        if !isStandardOutput {
            guard fsync(descriptor) == 0 else {
                throw CommandError(.input, "cannot write \(path): \(ByteSource.reason(errno))")
            }
            try Self.rename(path + ".partial", to: path)
            isWhole = true
        }
        return Receipt(bytes: bytes, sha256: hasher.finish().hex)
    }

    private func flush(isLast: Bool) throws(CommandError) {
        let data = deflater?.pack(buffer, isLast: isLast) ?? buffer
        buffer.removeAll(keepingCapacity: true)
        hasher.update(data)
        bytes += data.count
        var offset = 0
        while offset < data.count {
            // write reads at most `count` bytes of the array, which lives for the whole call.
            let written = unsafe data.withUnsafeBytes { source in
                unsafe Glibc.write(
                    descriptor, source.baseAddress?.advanced(by: offset), source.count - offset)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw CommandError(.input, "cannot write \(path): \(ByteSource.reason(errno))")
            }
            offset += written
        }
    }

    /// Writes a small file as a whole.
    static func write(_ text: String, to path: String) throws(CommandError) {
        let file = try ExportFile(path: path, isGzip: false)
        try file.write(Array(text.utf8))
        _ = try file.finish()
    }

    /// The checksum of a file that is there. Throws `.input` when it cannot be read.
    static func sha256(of path: String) throws(CommandError) -> String {
        var source = try ByteSource.open(path: path)
        var hasher = SHA256Hasher()
        while true {
            let block = try source.next()
            if block.isEmpty { return hasher.finish().hex }
            hasher.update(block)
        }
    }

    private static func rename(_ from: String, to path: String) throws(CommandError) {
        // rename and open read the paths only during the calls.
        guard unsafe Glibc.rename(from, path) == 0 else {
            throw CommandError(.input, "cannot write \(path): \(ByteSource.reason(errno))")
        }
        // The name itself is on the disk only when the folder is.
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let name = folder.isEmpty ? "." : folder == [""] ? "/" : folder.joined(separator: "/")
        // As above.
        let descriptor = unsafe open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }
}

// Safe to use: the pointer never leaves this value, which alone owns what it points to.
/// Packs data into one member of gzip, piece by piece; the same data gives the same bytes.
@safe struct GzipDeflater: ~Copyable {
    private static let blockBytes = 256 << 10
    // zlib keeps a pointer to the stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Begins a member. Throws `.unavailable` when there is no memory.
    init() throws(CommandError) {
        // The allocation is owned by this value alone and freed in `deinit` or right here.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // `stream` is initialized, and its size is what is told.
        // 15 bits of window and 16 for the gzip format, whose header then has no time.
        let code = unsafe deflateInit2_(
            stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            // Nobody else has the pointer yet.
            unsafe stream.deallocate()
            throw CommandError(.unavailable, "zlib cannot start (code \(code))")
        }
        // Freed in `deinit` from here on.
        unsafe self.stream = unsafe stream
    }

    deinit {
        // Frees what deflateInit2_ took, then the stream itself; nobody else has the pointer.
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// What the piece packs to so far; with `isLast` all that is left, and the end of the member.
    mutating func pack(_ piece: [UInt8], isLast: Bool = false) -> [UInt8] {
        var packed: [UInt8] = []
        // deflate reads only `avail_in` bytes of the source and writes only `avail_out` into the
        // target; both buffers outlive the calls, and the source is never written to.
        let stream = unsafe self.stream
        unsafe piece.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
                mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            var isFull = true
            while isFull {
                // As above: one block of output at a time.
                packed += unsafe [UInt8](unsafeUninitializedCapacity: Self.blockBytes) {
                    target, count in
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(target.count)
                    // As above.
                    _ = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    count = unsafe target.count - Int(stream.pointee.avail_out)
                    isFull = count == Self.blockBytes
                }
            }
        }
        return packed
    }
}
