internal import FoundationEssentials
internal import Glibc
internal import OgiveCore

/// The file that a model server's output goes to.
///
/// The server writes to it itself, so that it never blocks on us and its last words survive it.
struct ServerLog: ~Copyable {
    /// The open file.
    let descriptor: Int32
    /// Where this server's lines begin: what is before is of an earlier run.
    private let start: off_t

    /// Most bytes that are read back.
    private static let tailBytesMax = 32_768

    private static var temporaryFolder: String {
        ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    }

    /// Opens `path` for appending, or a temporary file without a name.
    ///
    /// A line says what is started: many servers write nothing of their own.
    init(path: String?, starting command: String) throws(ModelError) {
        let flags = O_RDWR | O_CLOEXEC | O_APPEND
        // open reads the path only during the call.
        let descriptor =
            if let path {
                unsafe open(path, flags | O_CREAT, 0o644)
            } else {
                Self.openTemporary(flags)
            }
        guard descriptor >= 0 else {
            throw ModelError(
                .misconfigured,
                // strerror gives a text that lives until the next call.
                "the log file \(path ?? "in the temporary folder") cannot be opened: "
                    + "\(unsafe String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        if path != nil { Self.write("starting \(command)", to: descriptor) }
        start = lseek(descriptor, 0, SEEK_END)
    }

    /// A new file that only this process and its children see: its name is removed at once.
    private static func openTemporary(_ flags: Int32) -> Int32 {
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        let path = "\(temporaryFolder)/ogive-server-\(name).log"
        // open and unlink read the path only during the call.
        let descriptor = unsafe open(path, flags | O_CREAT | O_EXCL, 0o600)
        if descriptor >= 0 { unsafe unlink(path) }
        return descriptor
    }

    deinit { close(descriptor) }

    /// Adds how the server ended.
    func note(_ text: String) {
        Self.write(text, to: descriptor)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let line = Array("ogive: \(text)\n".utf8)
        // The kernel reads as many bytes as the array has. A log that cannot be written, on a full
        // disk, does not keep the server from running.
        _ = unsafe Glibc.write(descriptor, line, line.count)
    }

    /// The last lines, at most `count`, indented for a message.
    func tail(_ count: Int = 20) -> String {
        let size = lseek(descriptor, 0, SEEK_END)
        let from = max(start, size - off_t(Self.tailBytesMax))
        var bytes = [UInt8](repeating: 0, count: Self.tailBytesMax)
        // At most the array's size is written to it.
        let read = unsafe pread(descriptor, &bytes, bytes.count, from)
        let text = String(decoding: bytes.prefix(max(0, read)), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).suffix(count)
        return lines.isEmpty
            ? "it wrote nothing"
            : "its last lines:\n" + lines.map { "    " + $0.prefix(400) }.joined(separator: "\n")
    }
}
