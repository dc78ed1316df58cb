internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import NIOCore
package import OgiveCore

/// A child process in a process group of its own, so that it and all it starts can be ended
/// together, and an interrupt from the terminal does not reach it.
///
/// Slurm and systemd signal every process that they know of, whatever its group: a *shielded* child
/// does not hear what these send to begin an end, and ends by SIGINT or SIGKILL.
struct SpawnedProcess: Sendable {
    /// How a process ended.
    enum End: Sendable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let status): "exited with status \(status)"
            case .signalled(let signal): "was ended by signal \(signal)"
            }
        }

        /// The status that a shell would report.
        var status: Int32 {
            switch self {
            case .exited(let status): status
            case .signalled(let signal): 128 + signal
            }
        }
    }

    /// The process and its group.
    let id: pid_t

    /// Starts `argv`; the program is looked up in PATH. The descriptors become its standard input
    /// and (both) outputs; `nil` is /dev/null, and for the output the one of this process. A
    /// shielded child begins with SIGTERM blocked, which its own handler of the signal does not
    /// undo, and with those signals ignored that this process ignores.
    static func start(
        _ argv: [String], environment additions: [String: String] = [:],
        withheld: Set<String> = [], input: Int32?, output: Int32?, isShielded: Bool = false
    ) throws(ModelError) -> SpawnedProcess {
        guard let program = argv.first, !argv.contains(where: { $0.utf8.contains(0) }) else {
            throw ModelError(.misconfigured, "the command to start is empty or holds a zero byte")
        }
        var environment = ProcessInfo.processInfo.environment.filter {
            !withheld.contains($0.key) && !Self.own.contains($0.key)
        }
        environment.merge(additions) { _, new in new }
        let variables = environment.map { "\($0.key)=\($0.value)" }

        // Both are initialised by the calls below and destroyed once, at the end of this scope.
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe configure(&actions, input: input, output: output)
        configure(&attributes, isShielded: isShielded)

        var id = pid_t()
        // All pointers live until posix_spawnp returns, which copies what they point to.
        let code = unsafe withCStrings(argv) { arguments in
            unsafe withCStrings(variables) { variables in
                unsafe posix_spawnp(
                    &id, program, &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else {
            // strerror gives a text that lives until the next call.
            throw ModelError(
                .processDied,
                "`\(program)` cannot be started: \(unsafe String(cString: strerror(code))); "
                    + "check that the program is installed and its path is right")
        }
        return SpawnedProcess(id: id)
    }

    /// What systemd says to this process alone.
    private static let own: Set<String> = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"]

    /// How it ended; `nil` while it runs. The process stays a zombie, and its id its own, until
    /// `waitForEnd()`.
    func end() -> End? {
        var info = unsafe siginfo_t()
        // The structure is written by the call and read after it.
        let code = unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT)
        guard code == 0 else { return .exited(-1) }
        guard unsafe info._sifields._sigchld.si_pid == id else { return nil }
        let status = unsafe info._sifields._sigchld.si_status
        return unsafe info.si_code == CLD_EXITED ? .exited(status) : .signalled(status)
    }

    /// Sends a signal to the process and all of its group.
    func signal(_ number: Int32) {
        kill(-id, number)
    }

    /// How often a process is looked at.
    static let period = Duration.milliseconds(50)

    /// Waits for the end, also when the task is cancelled; then ends what is left of the group and
    /// frees the id. Call it once.
    func waitForEnd() async -> End {
        while true {
            if let end = end() {
                signal(SIGKILL)
                // It has ended, so that this only frees its id.
                waitpid(id, nil, WNOHANG)
                return end
            }
            await Self.pause()
        }
    }

    /// Ends the process by SIGTERM or `first`, and by SIGKILL after `grace`, also when the task is
    /// cancelled. Call it once, and nothing after it.
    func stop(grace: Duration, first: Int32 = SIGTERM) async -> End {
        signal(first)
        let deadline = ContinuousClock.now + grace
        while end() == nil, ContinuousClock.now < deadline { await Self.pause() }
        if end() == nil { signal(SIGKILL) }
        return await waitForEnd()
    }

    /// Waits a period, also when the task is cancelled.
    static func pause() async {
        do {
            try await Task.sleep(for: period, clock: .continuous)
        } catch {
            // In a cancelled task `Task.sleep` returns at once.
            await withCheckedContinuation { continuation in
                let loop = HTTPClient.defaultEventLoopGroup.any()
                loop.scheduleTask(in: TimeAmount(period)) { continuation.resume() }
            }
        }
    }

    private static func configure(
        _ actions: inout posix_spawn_file_actions_t, input: Int32?, output: Int32?
    ) {
        // `actions` was initialised by the caller.
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        if let output {
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        }
    }

    private static func configure(_ attributes: inout posix_spawnattr_t, isShielded: Bool) {
        // Ignored and blocked signals are inherited; a child is to start with neither, unless it
        // is shielded.
        var blocked = sigset_t()
        var heard = sigset_t()
        // Both sets are initialised by these calls, `attributes` by the caller.
        unsafe sigemptyset(&blocked)
        unsafe sigfillset(&heard)
        if isShielded {
            // As above.
            unsafe sigaddset(&blocked, SIGTERM)
            for number in ProcessSupervisor.ignored { unsafe sigdelset(&heard, number) }
        }
        // As above.
        unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
        unsafe posix_spawnattr_setsigdefault(&attributes, &heard)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// Gives `body` a null-terminated array of C strings, freed when it returns.
    private static func withCStrings<Value>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        // Each pointer comes from strdup and is freed exactly once.
        var pointers = unsafe strings.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the array holds at least its terminator")
            }
            // The array, and with it `base`, lives until `body` returns.
            return unsafe body(base)
        }
    }
}

/// A connection whose closing tells a supervisor that this process is gone.
package struct Lifeline: ~Copyable {
    /// The supervisor's standard input.
    let readEnd: Int32
    private let writeEnd: Int32

    /// Opens both ends; no other child inherits them, which would keep a supervisor waiting.
    init() throws(ModelError) {
        var ends: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ModelError(
                .processDied,
                "no socket pair can be opened: \(unsafe String(cString: strerror(errno)))")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    /// Whether the other end of a descriptor is closed; takes a byte that was written to it. Never
    /// blocks.
    package static func isClosed(_ descriptor: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // One live `pollfd`, and the count says one; with a timeout of zero the call returns at
        // once, and the read after it has something to read.
        guard unsafe poll(&item, 1, 0) > 0 else { return false }
        var byte: UInt8 = 0
        // The kernel writes at most one byte into a live local.
        let count = unsafe read(descriptor, &byte, 1)
        return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)
    }

    /// Tells the supervisor to end, as if this process were gone.
    func end() {
        shutdown(writeEnd, Int32(SHUT_RDWR))
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}

/// Another process of this program, started and watched by it.
///
/// Its standard input is a connection that closes when this process ends, however it ends; its
/// outputs are this process's own.
package final class ChildProcess: Sendable {
    private let process: SpawnedProcess
    private let lifeline: Lifeline

    /// Starts `argv` in a process group of its own, with this process's environment but for the
    /// variables `withheld`. Throws `processDied`.
    package init(_ argv: [String], without withheld: Set<String> = []) throws(ModelError) {
        lifeline = try Lifeline()
        process = try SpawnedProcess.start(
            argv, withheld: withheld, input: lifeline.readEnd, output: nil)
    }

    /// The process id.
    package var id: Int32 { process.id }

    /// Whether it has not ended yet.
    package var isRunning: Bool { process.end() == nil }

    /// Asks the process to end as if by SIGTERM.
    package func terminate() {
        process.signal(SIGTERM)
    }

    /// Ends the process at once.
    package func kill() {
        process.signal(SIGKILL)
    }

    /// Waits for its end and returns its status as a shell would (128 + n for signal n). Call it
    /// once. When the task is cancelled, the process is killed first.
    package func wait() async -> Int32 {
        await withTaskCancellationHandler {
            await process.waitForEnd().status
        } onCancel: {
            kill()
        }
    }
}

/// Keeps a command alive exactly as long as the process that asked for it.
///
/// It is the body of a tiny process between Ogive and a model server: its standard input is a
/// pipe whose other end only Ogive holds. When that closes, also because Ogive was killed by
/// SIGKILL, the server and all it started are ended. Nothing else ends them: SIGTERM to a whole
/// job of Slurm, or to a whole service of systemd, tells a worker to finish what it began, and for
/// that it needs its servers.
package enum ProcessSupervisor {
    /// Signals by which a cluster announces an end, and which mean nothing to a model server.
    static let ignored = [SIGHUP, SIGUSR1, SIGUSR2]

    /// Runs `argv`, shielded, until it ends by itself, `lifeline` closes, or the task is cancelled;
    /// then ends its process group by SIGINT, and by SIGKILL after `grace`. Returns the command's
    /// status as a shell would. With `ignoresSignals` this process does not hear them either.
    package static func run(
        _ argv: [String], grace: Duration, lifeline: Int32 = 0, ignoresSignals: Bool = true
    ) async throws(ModelError) -> Int32 {
        if ignoresSignals {
            for number in ignored + [SIGTERM, SIGINT] {
                signal(number, SIG_IGN)
            }
        }
        let process = try SpawnedProcess.start(argv, input: nil, output: nil, isShielded: true)
        while process.end() == nil {
            if Task.isCancelled || Lifeline.isClosed(lifeline) {
                return await process.stop(grace: grace, first: SIGINT).status
            }
            await SpawnedProcess.pause()
        }
        return await process.waitForEnd().status
    }
}
