internal import Glibc
internal import OgiveCore

/// A row that cannot be imported, and why.
struct BadRow: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of trouble, by which rows are counted.
    enum Reason: String, Sendable, CaseIterable {
        case tooLong = "too long"
        case notUTF8 = "not UTF-8"
        case notJSON = "not JSON"
        case unstorable = "U+0000 or half of a surrogate pair"
        case notObject = "not a JSON object"
        case unknownShape = "unknown shape"
        case wrongType = "wrong type"
        case emptyPrompt = "empty prompt"
        case unsupportedContent = "content other than text"
        case lastAssistant = "ends with the assistant's turn"
        case badKey = "unusable key"
        case inconsistent = "prompt and candidates do not fit"
    }

    /// The file's name.
    var file: String
    /// The line from 1.
    var line: Int
    /// The kind of trouble.
    var reason: Reason
    /// What is wrong with this row, and what to do.
    var detail: String

    var description: String { "\(file):\(line): \(detail)" }
}

/// A line of an imported file.
enum ImportedRow: Hashable, Sendable {
    /// A good one, with its line number from 1.
    case prompt(line: Int, ImportedPrompt, notes: [ImportNote])
    /// A bad one, with the first bytes of its text.
    case bad(BadRow, raw: [UInt8])
}

/// Why a row is bad, or a file cannot be read, before its place is known.
struct RowProblem: Error {
    /// The kind of trouble.
    var reason: BadRow.Reason
    /// What is wrong and what to do.
    var detail: String
    /// The failure to read the file, when that is the reason.
    var failure: CommandError?

    /// Describes a problem.
    init(_ reason: BadRow.Reason, _ detail: String, failure: CommandError? = nil) {
        self.reason = reason
        self.detail = detail
        self.failure = failure
    }
}

/// Collects bad rows: those with the same trouble together, all of them by number.
struct BadRowReport {
    /// How many different troubles are shown.
    static let shownMax = 20

    /// Bad rows with one and the same trouble.
    private struct Group {
        var first: BadRow
        var count = 1
    }

    /// Number of bad rows by reason.
    private(set) var counts: [BadRow.Reason: Int] = [:]
    private var groups: [Group] = []
    private var places: [String: Int] = [:]

    /// Begins without rows.
    init() {}

    /// Number of bad rows.
    var count: Int { counts.values.reduce(0, +) }

    /// Adds a row.
    mutating func add(_ row: BadRow) {
        counts[row.reason, default: 0] += 1
        if let place = places[row.detail] {
            groups[place].count += 1
        } else if groups.count < Self.shownMax {
            places[row.detail] = groups.count
            groups.append(Group(first: row))
        }
    }

    /// The report as lines of text: troubles with their first rows, then counts; empty without
    /// bad rows.
    var lines: [String] {
        guard count > 0 else { return [] }
        var lines = groups.map { group in
            group.count == 1
                ? group.first.description
                : "\(group.first) (and \(NumberText.count(group.count - 1)) more like it)"
        }
        let rest = count - groups.reduce(0) { $0 + $1.count }
        if rest > 0 { lines.append("… and \(NumberText.count(rest)) more") }
        let reasons = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \(NumberText.count($0.value))" }
        lines.append(
            "\(NumberText.count(count)) bad \(count == 1 ? "row" : "rows"): "
                + reasons.joined(separator: ", "))
        return lines
    }
}

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
        pending += ExactJSON.object(fields).json.utf8
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
