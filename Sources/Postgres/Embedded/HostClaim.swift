internal import Glibc

/// Lets the processes of one host alone start a server in a directory. Locks do not do this: they
/// may be known to one machine only, as `flock` is on many shared file systems.
///
/// A host claims the directory with the file `host`, which its server's watchdog touches each
/// second. Whoever finds another host's claim watches that heartbeat by a clock of its own. The
/// caller holds the directory's gate.
struct HostClaim: Sendable {
    let directory: ServerDirectory
    /// After which time without a heartbeat a host is taken for gone.
    let silence: Duration
    /// Notifies a person of what is waited for.
    let notify: @Sendable (String) -> Void

    private static let pause = Duration.milliseconds(250)
    /// The silence after which processes of this host, which would be seen, are gone.
    private static let ownSilence = Duration.seconds(2)
    /// For how long a new claim must stand in the place of an old one: another host may have
    /// looked at the old one just before.
    private static let claimDelay = Duration.seconds(1)
    /// For how long a lock that nobody's claim explains is looked at again.
    private static let momentMax = Duration.seconds(3)
    /// Looks before a person is notified: a host that is alive shows it within a second or two.
    private static let looksBeforeNotice = 16
    /// How often somebody may take or leave the directory while it is looked at.
    private static let triesMax = 20

    /// The directory's claim, if there is one.
    var current: HostRecord? { sighting?.record }

    /// Whether somebody holds a lock on the file of users. Where nobody claims the directory there
    /// is no server as a rule, and whoever holds the lock may be the watchdog of one that has just
    /// ended, which takes it for a moment: then it counts only when it is held for some seconds.
    func hasUsers() async throws -> Bool {
        let deadline = ContinuousClock.now + Self.momentMax
        while try FileLock.isHeld(directory.users) {
            guard current == nil, ContinuousClock.now < deadline else { return true }
            try await Task.sleep(for: .milliseconds(25))
        }
        return false
    }

    /// Claims the directory for a server of this host that is about to start; `hasUsers` says that
    /// somebody else holds a lock on the file of users. Throws `embedded` when another host uses
    /// it.
    func claim(hasUsers: Bool) async throws -> HostRecord {
        let mine = HostRecord.here()
        for _ in 0..<Self.triesMax {
            guard let old = current else {
                if try TextFile.create(directory.host, mine.text) { return mine }
                try await Task.sleep(for: Self.pause)
                continue
            }
            if hasUsers, !old.isHere {
                throw inUse(old, "a process there holds \(directory.users)")
            }
            guard try await outwait(old) else { continue }
            return try await replace(old, by: mine)
        }
        throw PostgresError(
            .embedded,
            "The folder \(directory.path) changes hands again and again: end what runs there on "
                + "other hosts, and try again.")
    }

    /// Gives the directory back, when the claim is still this one.
    func release(_ token: String) {
        guard current?.token == token else { return }
        // Sound: the text outlives the call. A claim that cannot be removed becomes silent.
        _ = unsafe unlink(directory.host)
    }

    /// Runs `body` with a heartbeat, for as long as no watchdog gives one.
    func beating(_ body: () async throws -> Void) async throws {
        let file = directory.host
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    // Sound: the text outlives the call; no time is the time of now. A disk that
                    // takes no heartbeat takes no database either: `body` says so.
                    _ = unsafe utimensat(AT_FDCWD, file, nil, AT_SYMLINK_NOFOLLOW)
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Waits until a claim's host was silent for long enough; false when it gave the directory
    /// back. Throws `embedded` when it is alive.
    private func outwait(_ old: HostRecord) async throws -> Bool {
        let silence = old.isHere ? Self.ownSilence : self.silence
        var watch = HeartbeatWatch(silentLooks: Int(silence / Self.pause))
        for look in 0... {
            guard let now = sighting else { return false }
            if look == Self.looksBeforeNotice, !old.isHere {
                notify(
                    "the database in \(directory.path) was last used by host \(old.name), since "
                        + "\(old.since), and was not stopped there; it is taken over after "
                        + "\(silence.components.seconds) seconds without a heartbeat")
            }
            switch watch.look("\(now.record.token) \(now.beat)") {
            case .alive: throw inUse(now.record, "its heartbeat goes on")
            case .silent: return true
            case .undecided: try await Task.sleep(for: Self.pause)
            }
        }
        return false
    }

    private func replace(_ old: HostRecord, by mine: HostRecord) async throws -> HostRecord {
        try TextFile.write(mine.text, to: directory.host)
        guard !old.isHere else { return mine }
        try await Task.sleep(for: Self.claimDelay)
        guard let now = current, now.token == mine.token else {
            throw inUse(current ?? old, "it took the folder over at the same time")
        }
        // It names a process of the other host, whose number may be anybody's here.
        // Sound: the text outlives the call.
        guard unsafe unlink(directory.data + "/postmaster.pid") == 0 || errno == ENOENT else {
            throw PostgresError(
                .embedded,
                "\(directory.data)/postmaster.pid, of a host that is gone, cannot be removed: "
                    + "\(SystemText.lastError).")
        }
        return mine
    }

    /// The error for a person whom another host keeps from the directory.
    func inUse(_ record: HostRecord, _ sign: String) -> PostgresError {
        PostgresError(
            .embedded,
            "The embedded database in \(directory.path) is in use by host \(record.name) since "
                + "\(record.since) (process \(record.process) there, another machine or container "
                + "than this one): \(sign). One host at a time can use the folder: run the command "
                + "there, or end what runs there and try again. If that host crashed, just try "
                + "again: the folder is taken over after \(silence.components.seconds) seconds "
                + "without a heartbeat. For several hosts, run a PostgreSQL server and give its "
                + "address as `database.url`.")
    }

    /// The claim and the time of its last heartbeat, which is only compared with itself.
    private var sighting: (record: HostRecord, beat: String)? {
        // Opened anew for each look: a network file system asks its server then.
        // Sound: the text outlives the call.
        let file = unsafe open(directory.host, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            return errno == ENOENT ? nil : (HostRecord(""), "")
        }
        defer { close(file) }
        var status = stat()
        var buffer = [UInt8](repeating: 0, count: 1024)
        // Sound: `status` and the buffer outlive the calls, which fill no more than their size.
        let known = unsafe fstat(file, &status) == 0
        let count = unsafe read(file, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let beat = known ? "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" : ""
        return (HostRecord(text), beat)
    }
}

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
