internal import ServiceLifecycle

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
