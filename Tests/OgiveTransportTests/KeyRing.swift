import FoundationEssentials
import Logging
import OgiveCore
import OgiveTesting
@testable import OgiveTransport
import Synchronization

/// The keys of one test: a coordinator's, and a folder with those of its workers.
final class KeyRing: Sendable {
    let folder: String
    let coordinator: KeyPair
    let authorized: AuthorizedKeys

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appending(path: "ogive-keys-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        coordinator = try KeyPair.generate(name: "coordinator")
        authorized = try AuthorizedKeys(folder: folder, logger: SocketFixture.logger)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A worker's new pair, authorised unless told otherwise; the coordinator learns of it.
    func pair(_ name: String, isAuthorized: Bool = true) throws -> KeyPair {
        let pair = try KeyPair.generate(name: name)
        if isAuthorized { try authorize(pair) }
        return pair
    }

    func authorize(_ pair: KeyPair) throws {
        try KeyFolder(folder).authorize(pair.publicKey, name: pair.name)
        authorized.reload()
    }

    func revoke(_ pair: KeyPair) throws {
        _ = try KeyFolder(folder).revoke(pair.name)
        authorized.reload()
    }

    /// A worker's security that expects one of the keys, in their order.
    func security(_ pair: KeyPair, expecting keys: [PublicKey]? = nil) -> WorkerSecurity {
        let keys = keys ?? [coordinator.publicKey]
        return WorkerSecurity(pair: pair) { () throws(TransportError) in keys }
    }

    /// Short times, so that failures are seen soon.
    static var configuration: TransportConfiguration {
        var configuration = TransportConfiguration()
        configuration.reconnect = .milliseconds(20)
        configuration.reconnectMax = .milliseconds(200)
        configuration.handshakeRetryMax = .milliseconds(200)
        configuration.probeInterval = .seconds(30)
        configuration.probeTimeout = .seconds(120)
        configuration.linger = .milliseconds(500)
        return configuration
    }

    /// Runs a coordinator with these keys; what it hears is kept.
    func withCoordinator(
        listen: String = "tcp://127.0.0.1:*", own: KeyPair? = nil,
        configuration: TransportConfiguration = KeyRing.configuration,
        _ body: @Sendable (ZeroMQCoordinatorTransport, Heard) async throws -> Void
    ) async throws {
        let transport = try ZeroMQCoordinatorTransport(
            listen: listen,
            security: CoordinatorSecurity(pair: own ?? coordinator, authorized: authorized),
            configuration: configuration, logger: SocketFixture.logger)
        let heard = Heard()
        try await serving(transport.run, close: transport.close) {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for await batch in transport.incoming { heard.take(batch) }
                }
                try await body(transport, heard)
                group.cancelAll()
            }
        }
    }

    /// Runs a worker.
    func withWorker(
        _ id: WorkerID, _ security: WorkerSecurity?, at address: String,
        configuration: TransportConfiguration = KeyRing.configuration,
        _ body: @Sendable (ZeroMQWorkerTransport) async throws -> Void
    ) async throws {
        let worker = try ZeroMQWorkerTransport(
            worker: id, connect: address, security: security,
            configuration: configuration, logger: SocketFixture.logger)
        try await serving(worker.run, close: worker.close) { try await body(worker) }
    }
}

/// What a coordinator heard.
final class Heard: Sendable {
    private let messages = Mutex<[FromWorker]>([])

    func take(_ batch: [FromWorker]) {
        messages.withLock { $0 += batch }
    }

    var all: [FromWorker] { messages.withLock { $0 } }

    /// The credits that a worker announced: tests use them as numbers.
    func credits(of worker: WorkerID) -> [Int] {
        all.compactMap { message in
            guard message.worker == worker, case .credit(let number) = message.message else {
                return nil
            }
            return number
        }
    }

    /// Lets a worker say a number until it is heard.
    func hears(_ number: Int, from worker: ZeroMQWorkerTransport) async throws {
        try await eventually("number \(number) of \(worker.worker)") {
            _ = await worker.send(.credit(number))
            return credits(of: worker.worker).contains(number)
        }
    }
}
