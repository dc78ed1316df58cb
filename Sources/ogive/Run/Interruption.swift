internal import Synchronization

/// Whether the user or the system asked a run to stop.
final class Interruption: Sendable {
    private let isRaised = Atomic(false)

    /// How soon it is noticed.
    private static let period = Duration.milliseconds(50)

    /// Asks to stop.
    func raise() {
        isRaised.store(true, ordering: .relaxed)
    }

    /// Throws `.interrupted` once it is raised; `CancellationError` when the task is cancelled.
    func watch() async throws {
        while !isRaised.load(ordering: .relaxed) {
            try await Task.sleep(for: Self.period)
        }
        throw Self.error
    }

    /// Runs `body`, which is cancelled when it is raised: then throws `.interrupted`.
    func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask { try await self.watch() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What an interrupted run ends with.
    static var error: CommandError {
        CommandError(
            .interrupted, "interrupted; what had landed is kept: run the same command again")
    }
}
