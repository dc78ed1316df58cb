internal import ServiceLifecycle

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
