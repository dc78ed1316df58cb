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

    /// What an interrupted run ends with.
    static var error: CommandError {
        CommandError(
            .interrupted, "interrupted; what had landed is kept: run the same command again")
    }
}
