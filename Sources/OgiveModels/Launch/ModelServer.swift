internal import FoundationEssentials
internal import Glibc
package import OgiveCore
internal import Synchronization

/// A model server that Ogive starts, watches and stops.
///
/// `run()` does the work; `waitUntilHealthy()` is for whoever needs the server.
package final class ModelServer: Sendable {
    /// The server's address.
    package let url: String

    private enum State {
        case starting
        case healthy
        case failed(ModelError)
    }

    private let spec: ModelServerSpec
    private let supervisor: [String]
    private let port: UInt16
    private let http: ModelHTTP
    private let state = Mutex(State.starting)
    private let isRetired = Atomic(false)

    /// Chooses a port; starts nothing yet.
    ///
    /// The server is started by `supervisor + argv`: a command that ends the server when its own
    /// standard input closes (`ogive supervise --`, whose body is `ProcessSupervisor.run`), so that
    /// the server does not outlive this process. Empty starts it directly.
    package init(_ spec: ModelServerSpec, supervisor: [String]) throws(ModelError) {
        guard let program = spec.argv.first, !program.isEmpty else {
            throw ModelError(.misconfigured, "`launch` needs a command: program and arguments")
        }
        self.spec = spec
        self.supervisor = supervisor
        port = try FreePort.find()
        url = "http://127.0.0.1:\(port)"
        http = ModelHTTP(
            url: try ModelURL(url), apiKey: nil, requestTimeout: .seconds(5), connections: 1)
    }

    /// Runs the server until the task is cancelled, and again with back-off when it dies after
    /// having been healthy. Throws when it never becomes healthy, or dies too often; the message
    /// ends with its last log lines. Returns when it dies after `retire()`.
    package func run() async throws(ModelError) {
        let backOff = BackOff()
        var ends = 0
        while !Task.isCancelled {
            do throws(ModelError) {
                try await session()
                return
            } catch {
                let wasHealthy = if case .healthy = state.withLock({ $0 }) { true } else { false }
                ends += 1
                if !isRetired.load(ordering: .relaxed) {
                    guard wasHealthy, ends <= spec.restartsMax else {
                        state.withLock { $0 = .failed(error) }
                        throw error
                    }
                    // Cancellation ends the loop.
                    try? await Task.sleep(
                        for: backOff.delay(afterFailures: ends), clock: .continuous)
                }
                if isRetired.load(ordering: .relaxed) {
                    state.withLock { $0 = .failed(error) }
                    return
                }
            }
        }
    }

    /// From now on the server is not started again when it dies: nothing new is asked of it.
    package func retire() {
        isRetired.store(true, ordering: .relaxed)
    }

    /// Returns when the server died after `retire()`, or the task is cancelled.
    package func untilGone() async {
        while !Task.isCancelled {
            if isRetired.load(ordering: .relaxed), case .failed = state.withLock({ $0 }) { return }
            // Cancellation ends the loop.
            try? await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
        }
    }

    /// Returns when the server has become healthy; throws what `run()` throws when it does not.
    package func waitUntilHealthy() async throws(ModelError) {
        while true {
            switch state.withLock({ $0 }) {
            case .healthy: return
            case .failed(let error): throw error
            case .starting:
                do {
                    try await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
                } catch {
                    throw ModelError(.timeout, "waiting for the server at \(url) was cancelled")
                }
            }
        }
    }

    /// Returns when the server answers, also after it died and was started again; throws what
    /// `run()` throws when it stays away.
    package func waitUntilAnswering() async throws(ModelError) {
        while true {
            try await waitUntilHealthy()
            if await answersHealth() { return }
            do {
                try await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
            } catch {
                throw ModelError(.timeout, "waiting for the server at \(url) was cancelled")
            }
        }
    }

    /// One life of the server; returns when the task is cancelled and the server has ended.
    private func session() async throws(ModelError) {
        let log = try ServerLog(
            path: spec.logFile, starting: spec.argv.map(filled).joined(separator: " "))
        let lifeline = try Lifeline()
        let process = try SpawnedProcess.start(
            command, environment: spec.environment.mapValues(filled), input: lifeline.readEnd,
            output: log.descriptor)
        let started = ContinuousClock.now
        var isHealthy = false
        while !Task.isCancelled {
            if process.end() != nil {
                let end = await process.waitForEnd()
                let tail = log.tail()
                log.note("it \(end)")
                throw failure("\(end)\(isHealthy ? "" : " before it was healthy")", tail)
            }
            if !isHealthy {
                isHealthy = await answersHealth()
                if isHealthy {
                    state.withLock { $0 = .healthy }
                } else if ContinuousClock.now - started > spec.startTimeout {
                    await stop(process, lifeline)
                    throw failure("was not healthy within \(spec.startTimeout)", log.tail())
                }
            }
            // Cancellation ends the loop.
            try? await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
        }
        await stop(process, lifeline)
    }

    /// Ends the server: by SIGTERM, or by way of its supervisor, which hears no signal and gets a
    /// little longer than the grace period to end the server.
    private func stop(_ process: SpawnedProcess, _ lifeline: borrowing Lifeline) async {
        guard !supervisor.isEmpty else {
            _ = await process.stop(grace: spec.grace)
            return
        }
        lifeline.end()
        // 0 is no signal.
        _ = await process.stop(grace: spec.grace + .seconds(2), first: 0)
    }

    private func answersHealth() async -> Bool {
        do throws(ModelError) {
            _ = try await http.get(spec.healthPath)
            return true
        } catch {
            // Not yet: connection refused, or 503 while the model is loaded.
            return false
        }
    }

    private var command: [String] {
        let server = spec.argv.map(filled)
        guard let folder = spec.workingDirectory else { return supervisor + server }
        // The shell only changes the folder; the supervisor's own path may be a relative one.
        return supervisor + ["/bin/sh", "-c", #"cd "$1" && shift && exec "$@""#, "sh", folder]
            + server
    }

    /// A text with the server's port and threads in it.
    private func filled(_ text: String) -> String {
        text.replacing("{port}", with: "\(port)").replacing("{threads}", with: "\(spec.threads)")
    }

    private func failure(_ how: String, _ tail: String) -> ModelError {
        ModelError(
            .processDied,
            "the model server `\(spec.argv.joined(separator: " "))` at \(url) \(how); \(tail)")
    }
}

/// How a local model server is started.
package struct ModelServerSpec: Hashable, Sendable {
    /// Program and arguments; `{port}` is replaced by the server's port, `{threads}` by `threads`.
    package var argv: [String]
    /// The server's share of the cores that this process may use.
    package var threads = UsableCores.count
    /// Environment variables besides those of this process, with the same replacements.
    package var environment: [String: String] = [:]
    /// The folder that it runs in; `nil` is the current one.
    package var workingDirectory: String?
    /// The page that answers 200 when the server is ready.
    package var healthPath = "/health"
    /// Longest time from the start to being healthy.
    package var startTimeout = Duration.seconds(300)
    /// Time from SIGINT to SIGKILL; without a supervisor from SIGTERM.
    package var grace = Duration.seconds(10)
    /// Where its output goes (appended); `nil` is a temporary file that nobody else sees.
    package var logFile: String?
    /// Most restarts after it was healthy once.
    package var restartsMax = 5

    /// Names a command.
    package init(argv: [String]) {
        self.argv = argv
    }
}

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

/// Finds a TCP port of the loopback interface that nobody listens on.
package enum FreePort {
    /// Below the ports that Linux gives to outgoing connections (32 768 and up): one of these would
    /// take a port between now and the server's start, or while a dead server is started again.
    private static let range: Range<UInt16> = 20_000..<32_768
    private static let attemptsMax = 64

    /// A port that was free a moment ago. Another server may take it before this one does, and then
    /// the server's own error says so.
    package static func find() throws(ModelError) -> UInt16 {
        for _ in 0..<attemptsMax {
            if let port = free(UInt16.random(in: range)) { return port }
        }
        // 0: one that the system chooses.
        if let port = free(0) { return port }
        // strerror gives a text that lives until the next call.
        throw ModelError(
            .misconfigured,
            "no free port on 127.0.0.1: \(unsafe String(cString: strerror(errno)))")
    }

    /// The port, if nobody has it.
    private static func free(_ port: UInt16) -> UInt16? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // sockaddr_in is the form that the two calls take for AF_INET, and `length` is its size.
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(socket, pointer, length) == 0
                    ? unsafe getsockname(socket, pointer, &length) : -1
            }
        }
        return code == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}
