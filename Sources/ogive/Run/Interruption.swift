internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import Postgres
internal import Synchronization
internal import UnixSignals

/// Whether the user or the system asked a command to stop, and how urgently.
///
/// The first SIGTERM or SIGINT asks it to finish in order; the second one does not wait for that.
final class Interruption: Sendable {
    private let isRaisedFlag = Atomic(false)
    private let isForcedFlag = Atomic(false)
    private let isEndedInOrderFlag = Atomic(false)

    /// How soon it is noticed.
    private static let period = Duration.milliseconds(50)

    /// Whether the command is to stop.
    var isRaised: Bool { isRaisedFlag.load(ordering: .relaxed) }

    /// Whether it is to stop at once.
    private var isForced: Bool { isForcedFlag.load(ordering: .relaxed) }

    /// Whether somebody ends in order what was started, also when the end is forced. Otherwise the
    /// process exits at once then: nothing that it started outlives it for more than seconds.
    var isEndedInOrder: Bool {
        get { isEndedInOrderFlag.load(ordering: .relaxed) }
        set { isEndedInOrderFlag.store(newValue, ordering: .relaxed) }
    }

    /// Runs `body`, which hears of all signals from its beginning on. What the database throws
    /// while it stops is the cause of an `.interrupted`.
    static func watching<Value>(
        _ body: (Interruption) async throws -> Value
    ) async throws -> Value {
        let interruption = Interruption()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await interruption.watch(signals) }
            defer { group.cancelAll() }
            do {
                return try await body(interruption)
            } catch let error as StoreError where interruption.isRaised {
                throw Self.error(because: error)
            } catch let error as PostgresError where interruption.isRaised {
                throw Self.error(because: error)
            }
        }
    }

    /// Takes in signals until the task is cancelled.
    private func watch(_ signals: UnixSignalsSequence) async {
        var requests = StopRequests()
        for await signal in signals {
            switch requests.take(signal) {
            case .drain:
                Output.warn(
                    isEndedInOrder
                        ? "interrupted: what is under way is finished; "
                            + "a second signal forces the exit\n"
                        : "interrupted: stopping; a second signal forces the exit\n")
                isRaisedFlag.store(true, ordering: .relaxed)
            case .force where isForced: continue
            case .force where isEndedInOrder:
                Output.warn(
                    "forced: ending the model servers (within their `stop_timeout`), then the "
                        + "database\n")
                isForcedFlag.store(true, ordering: .relaxed)
            case .force:
                Output.warn("forced to exit\n")
                Glibc.exit(ExitCode.interrupted.rawValue)
            case nil: continue
            }
        }
    }

    /// Returns once it is raised, or the task is cancelled.
    func wait() async {
        while !isRaised, !Task.isCancelled {
            // Cancellation ends the loop.
            try? await Task.sleep(for: Self.period)
        }
    }

    /// Returns once the end is forced, or the task is cancelled.
    func waitForForce() async {
        while !isForced, !Task.isCancelled {
            // Cancellation ends the loop.
            try? await Task.sleep(for: Self.period)
        }
    }

    /// Throws `.interrupted` if it is raised.
    func check() throws(CommandError) {
        if isRaised { throw Self.error }
    }

    /// Throws `.interrupted` once it is raised; `CancellationError` when the task is cancelled.
    func watch() async throws {
        while !isRaised { try await Task.sleep(for: Self.period) }
        throw Self.error
    }

    /// Runs `body`, which is cancelled when it is raised: then throws `.interrupted`.
    func cancelling<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.watch()
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw Self.error
        }
    }

    private static func error(because error: any Error) -> CommandError {
        var interrupted = Self.error
        interrupted.cause = CommandError(explaining: error).message
        return interrupted
    }

    /// What an interrupted run ends with.
    static var error: CommandError {
        CommandError(
            .interrupted, "interrupted; what had landed is kept: run the same command again")
    }
}

/// A command that hears of every signal by `Interruption.watching`, with which it begins.
protocol InterruptibleCommand: AsyncParsableCommand {}

/// Keeps the signals that ask a process to stop waiting, from its first moment on: until the
/// command line is parsed, nobody knows whether they end the command or are heard by it.
struct HeldSignals {
    private let former: sigset_t

    /// Blocks them for this thread, and so for those that it starts.
    init() {
        var (held, former) = (sigset_t(), sigset_t())
        // The sets are locals that live until the calls return.
        unsafe sigemptyset(&held)
        for number in [SIGINT, SIGTERM, SIGUSR1] { unsafe sigaddset(&held, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &held, &former)
        self.former = former
    }

    /// Lets them do what they do without a handler, also those that came meanwhile. Call it on the
    /// thread that made this.
    func release() {
        var former = former
        // As above.
        unsafe pthread_sigmask(SIG_SETMASK, &former, nil)
    }
}
