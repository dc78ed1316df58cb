internal import Glibc

/// Says which host a directory's server runs on, in the file `host` of the directory.
struct HostRecord: Sendable, Equatable {
    /// Drawn for each start of a server, so that no two records are equal.
    let token: String
    /// Which processes the writer could see.
    let space: String
    /// The host's name, for people.
    let name: String
    /// When the record was written, by the writer's clock; for people.
    let since: String
    /// The writer's process there.
    let process: String

    /// A new record of this process.
    static func here() -> HostRecord {
        HostRecord(
            token: String(UInt64.random(in: 0 ... .max), radix: 16), space: ownSpace,
            name: ownName, since: now, process: String(getpid()))
    }

    private init(token: String, space: String, name: String, since: String, process: String) {
        self.token = token
        self.space = space
        self.name = name
        self.since = since
        self.process = process
    }

    /// Reads a record's file. A damaged one, as a crash may leave it, is a record all the same: of
    /// a host that nobody knows.
    init(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(Self.shown)
        func line(_ index: Int) -> String {
            index < lines.count && !lines[index].isEmpty ? lines[index] : "(unknown)"
        }
        self.init(
            token: line(0), space: line(1), name: line(2), since: line(3), process: line(4))
    }

    /// The file's text.
    var text: String { [token, space, name, since, process].joined(separator: "\n") + "\n" }

    /// Whether this process sees the processes of the record's writer: it is on the same boot of
    /// the same kernel and in the same PID namespace.
    var isHere: Bool { space == Self.ownSpace }

    /// The boot, the PID namespace and the start of its first process, since the number of a
    /// namespace is given again. Where these are hidden, the host's name must do.
    private static let ownSpace: String = {
        let boot = TextFile.read("/proc/sys/kernel/random/boot_id") ?? "host \(ownName)"
        var buffer = [CChar](repeating: 0, count: 64)
        // Sound: at most the buffer's size is written into it.
        let count = unsafe readlink("/proc/self/ns/pid", &buffer, buffer.count)
        let namespace = text(buffer.prefix(max(0, count)))
        // Behind the name in parentheses, which may hold anything, the start is the 20th field.
        let first = TextFile.read("/proc/1/stat")?.split(separator: ")").last?
            .split(separator: " ").dropFirst(19).first
        return "\(boot) \(namespace) \(first ?? "?")"
    }()

    private static let ownName: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        // Sound: at most the buffer's size is written into it.
        guard unsafe gethostname(&buffer, buffer.count) == 0 else { return "(unnamed)" }
        return shown(Substring(text(buffer.prefix { $0 != 0 })))
    }()

    private static var now: String {
        // Sound: the structures are filled during the calls, and the text up to its size.
        var seconds = time(nil)
        var parts = unsafe tm()
        var buffer = [CChar](repeating: 0, count: 32)
        _ = unsafe gmtime_r(&seconds, &parts)
        let count = unsafe strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
        return text(buffer.prefix(count))
    }

    private static func text(_ bytes: ArraySlice<CChar>) -> String {
        String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Printable and short: the file may be anybody's who can write to the folder.
    private static func shown(_ line: Substring) -> String {
        String(
            line.unicodeScalars.prefix(128).map { scalar in
                (0x20...0x7E).contains(scalar.value) ? Character(scalar) : "?"
            })
    }
}

/// Decides from looks at a heartbeat whether its host is alive. Only changes count, and each look
/// counts alike: neither the other's clock nor a pause of one's own matters.
struct HeartbeatWatch: Sendable {
    /// What the looks say.
    enum Verdict: Sendable { case undecided, alive, silent }

    /// After how many looks without a change nobody is there.
    let silentLooks: Int
    private var last: String?
    private var unchanged = 0
    private var changes = 0

    /// One change may be the last beat of a host that ends just now.
    private static let changesOfTheLiving = 2

    init(silentLooks: Int) {
        self.silentLooks = silentLooks
    }

    /// Takes the heartbeat as it was read now.
    mutating func look(_ beat: String) -> Verdict {
        guard let last else {
            self.last = beat
            return .undecided
        }
        if beat == last {
            unchanged += 1
        } else {
            self.last = beat
            unchanged = 0
            changes += 1
        }
        if changes >= Self.changesOfTheLiving { return .alive }
        return unchanged >= silentLooks ? .silent : .undecided
    }
}
