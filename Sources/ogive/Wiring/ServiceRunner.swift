internal import ArgumentParser
internal import Glibc
internal import Logging
internal import OgiveModels
internal import ServiceLifecycle
internal import UnixSignals

/// Runs long-lived services until they end, a signal comes, or the parent process is gone.
///
/// The first SIGTERM or SIGINT drains, in reverse order of the services; a second one forces the
/// exit, after `exitHandler`. Slurm's USR1 drains, too, and never forces anything.
struct ServiceRunner {
    /// Services in order of start; the last one is drained first, and its end ends the others.
    let services: [any Service]
    /// Whether the end of standard input means that the parent is gone.
    let followsParent: Bool
    /// Where the services' lifecycle is logged.
    let logger: Logger
    /// Who is told that the services drain.
    var systemd = SystemdNotifier()
    /// What is still said when the exit is forced, for as long as `exitHandlerMax`.
    var exitHandler: @Sendable () async -> Void = {}

    /// How long a forced exit may take.
    private static let exitHandlerMax = Duration.milliseconds(500)

    /// Runs to the end; throws what a service threw.
    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.enumerated().map { index, service in
                let isLast = index == services.count - 1
                return .init(
                    service: service,
                    successTerminationBehavior: isLast ? .gracefullyShutdownGroup : .ignore,
                    failureTerminationBehavior: .cancelGroup)
            }, logger: quiet)
        configuration.maximumCancellationDuration = .seconds(10)
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await group.run()
                return true
            }
            tasks.addTask {
                await watchSignals(group)
                return false
            }
            if followsParent {
                tasks.addTask {
                    await ParentWatch.waitForEnd()
                    logger.info("the parent process is gone: draining")
                    await group.triggerGracefulShutdown()
                    return false
                }
            }
            defer { tasks.cancelAll() }
            while let isDone = try await tasks.next(), !isDone {}
        }
    }

    /// The lifecycle's own lines are for debugging only.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func watchSignals(_ group: ServiceGroup) async {
        var requests = StopRequests()
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1) {
            switch requests.take(signal) {
            case .drain:
                systemd.stopping()
                logger.info("draining; a second signal forces the exit")
                await group.triggerGracefulShutdown()
            case .force:
                Output.warn("forced to exit\n")
                await runExitHandlerAndExit()
            case nil: continue
            }
        }
    }

    private func runExitHandlerAndExit() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await exitHandler() }
            group.addTask {
                // Cut short, there is nothing to do but to end.
                try? await ContinuousClock().sleep(for: Self.exitHandlerMax)
            }
            await group.next()
            // From here: the group would wait for words that do not end.
            Glibc.exit(ExitCode.interrupted.rawValue)
        }
    }
}

/// What the signals that a process gets ask of it.
///
/// Signals that wait together are delivered by number and not in the order in which they were
/// sent: Slurm's USR1 may come before the TERM that it followed, so it never counts.
struct StopRequests {
    /// What is asked.
    enum Request: Hashable {
        /// Finish in order.
        case drain
        /// Do not wait for it.
        case force
    }

    private var isDraining = false
    private var isAsked = false

    /// Takes in a signal; answers with what it asks, `nil` for nothing new.
    mutating func take(_ signal: UnixSignal) -> Request? {
        defer { isDraining = true }
        guard signal != .sigusr1 else { return isDraining ? nil : .drain }
        defer { isAsked = true }
        if isAsked { return .force }
        return isDraining ? nil : .drain
    }
}

/// Notices the end of the process that started this one: its end of standard input closes.
enum ParentWatch {
    /// How often standard input is looked at.
    private static let period = Duration.milliseconds(100)

    /// Returns when standard input is closed by its other end, or the task is cancelled.
    static func waitForEnd() async {
        while !Lifeline.isClosed(STDIN_FILENO) {
            do {
                try await Task.sleep(for: period)
            } catch {
                return
            }
        }
    }
}

/// Something that runs beside the main service until everything else has been drained.
struct SideService: Service {
    private let body: @Sendable () async throws -> Void

    /// Runs `body`, which is cancelled when it is its turn to end.
    init(_ body: @escaping @Sendable () async throws -> Void) {
        self.body = body
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            // Its turn to end.
            return
        }
    }
}

/// A service that begins when something else is ready.
struct GatedService: Service {
    private let service: any Service
    private let gate: @Sendable () async throws -> Void

    /// Runs `service` once `gate` returned; told to shut down before, it never begins.
    init(_ service: any Service, gate: @escaping @Sendable () async throws -> Void) {
        self.service = service
        self.gate = gate
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await gate() }
        } catch  where Task.isShuttingDownGracefully {
            return
        }
        try await service.run()
    }
}
