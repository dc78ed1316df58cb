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
