internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import OgiveCore

/// A child process in a process group of its own, so that it and all it starts can be ended
/// together, and an interrupt from the terminal does not reach it.
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
    /// and (both) outputs; `nil` is /dev/null, and for the output the one of this process.
    static func start(
        _ argv: [String], environment additions: [String: String] = [:],
        withheld: Set<String> = [], input: Int32?, output: Int32?
    ) throws(ModelError) -> SpawnedProcess {
        guard let program = argv.first, !argv.contains(where: { $0.utf8.contains(0) }) else {
            throw ModelError(.misconfigured, "the command to start is empty or holds a zero byte")
        }
        var environment = ProcessInfo.processInfo.environment.filter {
            !withheld.contains($0.key)
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
        configure(&attributes)

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

    /// Ends the process by SIGTERM, and by SIGKILL after `grace`, also when the task is cancelled.
    /// Call it once, and nothing after it.
    func stop(grace: Duration) async -> End {
        signal(SIGTERM)
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

    private static func configure(_ attributes: inout posix_spawnattr_t) {
        // Ignored and blocked signals are inherited; a server is to start with neither.
        var none = sigset_t()
        var all = sigset_t()
        // Both sets are initialised by these calls, `attributes` by the caller.
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
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
