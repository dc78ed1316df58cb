import FoundationEssentials
import Logging
import OgiveCore
import OgiveTesting
import OgiveTransport

/// Sockets over one of the allowed transports, for the conformance suite.
struct SocketFixture: TransportFixture {
    enum Medium: String, CaseIterable, Sendable {
        case tcp, ipc
        /// TCP with keys.
        case curve
    }

    let medium: Medium
    private let ring: KeyRing?
    private let pair: KeyPair?

    init(medium: Medium) throws {
        self.medium = medium
        ring = medium == .curve ? try KeyRing() : nil
        pair = try ring?.pair("worker")
    }

    /// What the coordinator takes; `nil` without keys.
    var coordinatorSecurity: CoordinatorSecurity? {
        ring.map { CoordinatorSecurity(pair: $0.coordinator, authorized: $0.authorized) }
    }

    private var workerSecurity: WorkerSecurity? {
        ring.flatMap { ring in pair.map { ring.security($0) } }
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func withCoordinator(
        queueMax: Int, _ body: @Sendable (ZeroMQCoordinatorTransport) async throws -> Void
    ) async throws {
        try await withListen { listen in
            let coordinator = try ZeroMQCoordinatorTransport(
                listen: listen, security: coordinatorSecurity,
                configuration: configuration(queueMax), logger: Self.logger)
            try await serving(coordinator.run, close: coordinator.close) {
                try await body(coordinator)
            }
        }
    }

    func withWorker(
        _ id: WorkerID, of coordinator: ZeroMQCoordinatorTransport, queueMax: Int,
        _ body: @Sendable (ZeroMQWorkerTransport) async throws -> Void
    ) async throws {
        let worker = try ZeroMQWorkerTransport(
            worker: id, connect: try await coordinator.address(), security: workerSecurity,
            configuration: configuration(queueMax), logger: Self.logger)
        try await serving(worker.run, close: worker.close) { try await body(worker) }
    }

    func close(_ coordinator: ZeroMQCoordinatorTransport) {
        coordinator.close()
    }

    func close(_ worker: ZeroMQWorkerTransport) {
        worker.close()
    }

    /// An address that no other test has.
    func withListen(_ body: @Sendable (String) async throws -> Void) async throws {
        guard medium == .ipc else { return try await body("tcp://127.0.0.1:*") }
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "ogive-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body("ipc://\(directory.path)/s"))
        } catch {
            outcome = .failure(error)
        }
        try FileManager.default.removeItem(at: directory)
        try outcome.get()
    }

    private func configuration(_ queueMax: Int) -> TransportConfiguration {
        var configuration = TransportConfiguration()
        configuration.sendQueueMax = queueMax
        configuration.receiveQueueMax = queueMax
        configuration.incomingMax = queueMax
        // A starved machine must not lose connections, and with them what is queued.
        configuration.probeInterval = .seconds(30)
        configuration.probeTimeout = .seconds(120)
        configuration.linger = .milliseconds(500)
        return configuration
    }
}

/// Runs a transport for as long as `body` runs.
func serving(
    _ run: @escaping @Sendable () async throws -> Void, close: @escaping @Sendable () -> Void,
    _ body: @Sendable () async throws -> Void
) async throws {
    try await withThrowingTaskGroup { group in
        group.addTask { try await run() }
        defer { close() }
        try await body()
        close()
        try await group.waitForAll()
    }
}
