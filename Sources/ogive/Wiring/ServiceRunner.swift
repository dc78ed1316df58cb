internal import ArgumentParser
internal import Glibc
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Runs long-lived services until they end, a signal comes, or the parent process is gone.
///
/// The first SIGTERM or SIGINT drains, in reverse order of the services; a second one forces the
/// exit, after `lastWords`. Slurm's USR1 drains, too, and never forces anything.
struct ServiceRunner {
    /// Services in order of start; the last one is drained first, and its end ends the others.
    let services: [any Service]
    /// Whether the end of standard input means that the parent is gone.
    let followsParent: Bool
    /// Where the services' lifecycle is logged.
    let logger: Logger
    /// What is still said when the exit is forced, for as long as `lastWordsMax`.
    var lastWords: @Sendable () async -> Void = {}

    /// How long a forced exit may take.
    private static let lastWordsMax = Duration.milliseconds(500)

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
                logger.info("draining; a second signal forces the exit")
                await group.triggerGracefulShutdown()
            case .force:
                Output.warn("forced to exit\n")
                await sayLastWordsAndExit()
            case nil: continue
            }
        }
    }

    private func sayLastWordsAndExit() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await lastWords() }
            group.addTask {
                // Cut short, there is nothing to do but to end.
                try? await ContinuousClock().sleep(for: Self.lastWordsMax)
            }
            await group.next()
            // From here: the group would wait for words that do not end.
            Glibc.exit(ExitCode.interrupted.rawValue)
        }
    }
}
