internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgiveTransport
internal import Synchronization

/// A process of this program that is started again when it is killed.
final class SupervisedProcess: Sendable {
    private struct State {
        var child: ChildProcess?
        var isStopping = false
        var hasEnded = false
    }

    private let name: String
    private let argv: [String]
    private let secrets: Set<String>
    private let state = Mutex(State())

    /// Most restarts without a minute of life in between.
    private static let restartsMax = 5
    /// How long a process may take to drain.
    private static let grace = Duration.seconds(40)

    /// Names the process for messages. It does not get the environment variables `secrets`.
    init(_ name: String, _ argv: [String], without secrets: Set<String> = []) {
        self.name = name
        self.argv = argv
        self.secrets = secrets
    }

    /// How long a process must have lived for an outage to be worth another attempt.
    private static let stableAfter = Duration.seconds(5)

    /// Runs it until it is stopped. Throws when it ends by itself with an error, or is killed
    /// again and again. The error has the exit code of the process.
    func run() async throws {
        defer { state.withLock { $0.hasEnded = true } }
        var restarts = 0
        var wasStable = false
        while true {
            let child = try ChildProcess(argv, without: secrets)
            let begun = ContinuousClock.now
            let isStopping = state.withLock { state in
                state.child = child
                return state.isStopping
            }
            if isStopping { child.terminate() }
            let status = await child.wait()
            state.withLock { $0.child = nil }
            try Task.checkCancellation()
            if state.withLock({ $0.isStopping }) { return }
            let lived = ContinuousClock.now - begun
            wasStable = wasStable || lived > Self.stableAfter
            if lived > .seconds(60) { restarts = 0 }
            restarts += 1
            // What is not reachable from the start is for the user to fix.
            let isOutage = status == ExitCode.unavailable.rawValue && wasStable
            guard status > 128 || status == 0 || isOutage, restarts <= Self.restartsMax else {
                throw CommandError(
                    Self.code(status),
                    "the \(name) ended with status \(status); its own message is above")
            }
            Output.warn(
                "the \(name) ended with status \(status); starting it again "
                    + "(\(restarts) of \(Self.restartsMax))\n")
            try await Task.sleep(for: .milliseconds(200) * (1 << min(restarts, 5)))
        }
    }

    /// Runs it beside others that go on without it: why it ended is a warning.
    func runBeside() async {
        do {
            try await run()
        } catch is CancellationError {
            return
        } catch {
            Output.warn("\(error); the run goes on without it\n")
        }
    }

    private static func code(_ status: Int32) -> CommandError.Code {
        switch status {
        case ExitCode.misconfigured.rawValue: .configuration
        case ExitCode.unavailable.rawValue: .unavailable
        default: .incomplete
        }
    }

    /// Asks processes to drain, waits for them, and kills those that take too long.
    static func stop(_ processes: [SupervisedProcess]) async {
        for process in processes { process.terminate() }
        let deadline = ContinuousClock.now + grace
        while processes.contains(where: { !$0.state.withLock(\.hasEnded) }) {
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                for process in processes { process.state.withLock(\.child)?.kill() }
                return
            }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                continue
            }
        }
    }

    private func terminate() {
        let child = state.withLock { state in
            state.isStopping = true
            if state.child == nil { state.hasEnded = true }
            return state.child
        }
        child?.terminate()
    }
}

/// How the processes of one `ogive run` reach each other.
struct RunAddress: Hashable, Sendable {
    /// Where the coordinator listens.
    let listen: String
    /// Where the workers of this machine connect to.
    let connect: String
    /// Whether the system chose the port, so that nobody else knows it yet.
    var isChosen = false
    /// Values of the processes' configuration that belong to the address.
    var overrides: [String] = []

    /// The values as options.
    var options: [String] { overrides.flatMap { ["-o", $0] } }

    /// The coordinator's public key, for workers of this machine that have a key as well.
    var coordinatorKey: String?

    /// The key as an option of a worker.
    var workerOptions: [String] {
        coordinatorKey.map { ["-o", "worker.coordinator_key=\($0)"] } ?? []
    }
}

/// The address between the processes of one `ogive run`: a socket in a folder of its own, unless
/// the configuration names one.
struct PrivateSocket: ~Copyable {
    /// The address.
    let address: RunAddress
    private let folder: String?

    /// Makes the folder. Throws `.unavailable` when there is nowhere to make it, and
    /// `TransportError` when the coordinator's key cannot be read.
    init(_ configuration: CoordinatorSettings) throws {
        if configuration.isListenGiven {
            let listen = try Self.chosen(configuration.listen)
            var address = RunAddress(listen: listen, connect: CoordinatorAddress.local(listen))
            address.isChosen = listen != configuration.listen
            // The workers' own section may say that a file tells the key.
            if let key = configuration.key {
                address.coordinatorKey = try KeyFile.pair(key).publicKey.text
            }
            self.address = address
            folder = nil
            return
        }
        // /tmp and not TMPDIR: the path of a socket may have 107 bytes at most.
        var template = Array("/tmp/ogive-run-XXXXXX".utf8CString)
        // mkdtemp changes the six last characters in place; the array is null-terminated.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else {
            throw CommandError(
                .unavailable,
                "no folder can be made in /tmp: make room, or set `coordinator.listen`")
        }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder = path
        let socket = "ipc://\(path)/coordinator"
        // The folder keeps other users out, and nobody else is to come.
        address = RunAddress(
            listen: socket, connect: socket,
            overrides: [
                "coordinator.key=null", "coordinator.authorized_keys=null",
                "coordinator.address_file=null", "worker.key=null", "worker.coordinator_key=null",
            ])
    }

    /// The address with a port in the place of `*`: the workers have to know it too.
    private static func chosen(_ address: String) throws(CommandError) -> String {
        guard address.hasPrefix("tcp://"), address.hasSuffix(":*") else { return address }
        do {
            let port = try FreePort.find()
            return "\(address.dropLast())\(port)"
        } catch {
            throw CommandError(.unavailable, error.message)
        }
    }

    deinit {
        guard let folder else { return }
        // Both take a path and keep nothing of it.
        unsafe unlink("\(folder)/coordinator")
        unsafe rmdir(folder)
    }
}
