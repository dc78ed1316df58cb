internal import Glibc

/// Writes bad rows to a side file of JSON Lines: `line`, `reason`, `detail`, `raw`.
///
/// The file appears with its first row; one of an earlier import is replaced then.
struct BadRowFile: ~Copyable {
    /// Where the rows go.
    let path: String
    private var pending: [UInt8] = []
    private var descriptor: Int32 = -1
    private static let flushBytes = 1 << 20

    /// Names the file without creating it.
    init(path: String) {
        self.path = path
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The side file of an imported file: `FILE.bad.jsonl`.
    static func path(for file: String) -> String {
        file == "-" ? "stdin.bad.jsonl" : "\(file).bad.jsonl"
    }

    /// Adds a row; what is not valid UTF-8 in its text is replaced. Throws `.input` when the
    /// file cannot be written.
    mutating func add(_ row: BadRow, raw: [UInt8]) throws(CommandError) {
        let fields: JSONFields = [
            "line": .number("\(row.line)"), "reason": .string(row.reason.rawValue),
            "detail": .string(row.detail), "raw": .string(String(decoding: raw, as: UTF8.self)),
        ]
        pending += JSONValue.object(fields).json.utf8
        pending.append(UInt8(ascii: "\n"))
        if pending.count >= Self.flushBytes { try flush() }
    }

    /// Writes what is pending. Throws `.input` when the file cannot be written.
    mutating func flush() throws(CommandError) {
        guard !pending.isEmpty else { return }
        if descriptor < 0 {
            try open()
        }
        var start = 0
        while start < pending.count {
            // write reads at most the buffer's size from it.
            let count = unsafe pending[start...].withUnsafeBytes { bytes in
                unsafe write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno != EINTR { throw failure() }
            start += max(0, count)
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Opens the file itself, never what a link or a pipe of that name leads to.
    private mutating func open() throws(CommandError) {
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        // open reads the path only during the call.
        descriptor = unsafe Glibc.open(path, flags, 0o644)
        if descriptor < 0, errno == ELOOP {
            throw CommandError(
                .input,
                "cannot write the bad rows to \(path): it is a symbolic link; remove it, or "
                    + "import the file from another folder")
        }
        if descriptor < 0 { throw failure() }
        var status = stat()
        // fstat fills the structure that it is given for the time of the call.
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CommandError(
                .input, "cannot write the bad rows to \(path): it is not an ordinary file")
        }
        if ftruncate(descriptor, 0) < 0 { throw failure() }
    }

    private func failure() -> CommandError {
        CommandError(
            .input, "cannot write the bad rows to \(path): \(ByteSource.reason(errno))")
    }
}
