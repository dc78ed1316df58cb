import FoundationEssentials
import Logging
import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveTransport

@Suite(.timeLimit(.minutes(10))) struct FailoverTests {
    private static func logger() -> Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    private static let worker = WorkerID(high: 1 << 63, low: 9)

    /// A transport to the addresses, which runs while `body` uses it.
    private func withFailover(
        _ addresses: [String], _ body: (FailoverWorkerTransport) async throws -> Void
    ) async throws {
        let logger = Self.logger()
        let places = addresses.map { CoordinatorPlace($0) }
        let transport = try FailoverWorkerTransport(places, logger: logger) {
            (address) throws(TransportError) in
            try ZeroMQWorkerTransport(worker: Self.worker, connect: address.text, logger: logger)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await transport.run() }
            try await body(transport)
            transport.close()
            // It ends by being closed, not by being cancelled.
            try await group.waitForAll()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func itFailsOverToTheOneThatIsThereAndBack() async throws {
        let coordinator = try ZeroMQCoordinatorTransport(
            listen: "tcp://127.0.0.1:*", logger: Self.logger())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await coordinator.run() }
            let there = try await coordinator.address()
            let nowhere = "ipc:///tmp/ogive-nowhere-\(UInt32.random(in: 0 ... .max))"
            try await withFailover([nowhere, there]) { transport in
                #expect(await transport.send(.heartbeat) != .queued)
                // Faster than sockets can follow: none of them may be forgotten.
                for _ in 0..<3 { await transport.connectToNext() }
                try await eventually("the worker to be connected") {
                    await transport.send(.heartbeat) == .queued
                }
                for await batch in coordinator.incoming {
                    #expect(batch.first?.worker == Self.worker)
                    break
                }
                let answer = ToWorker(worker: Self.worker, message: .reRegister)
                #expect(await coordinator.send([answer]) == [.queued])
                for await batch in transport.incoming {
                    #expect(batch == [.reRegister])
                    break
                }
            }
            group.cancelAll()
        }
    }

    @Test func `It follows a file when another coordinator writes its address there`() async throws
    {
        let file = AddressFile("/tmp/ogive-address-\(UInt64.random(in: 0 ... .max))")
        let path = file.path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: TransportError.self) {
            try FailoverWorkerTransport([.file(file)], logger: Self.logger()) {
                (address) throws(TransportError) in
                try ZeroMQWorkerTransport(
                    worker: Self.worker, connect: address.text, logger: Self.logger())
            }
        }
        let nowhere = "ipc:///tmp/ogive-nowhere-\(UInt32.random(in: 0 ... .max))"
        try file.write(CoordinatorAddress(nowhere))
        let coordinator = try ZeroMQCoordinatorTransport(
            listen: "tcp://127.0.0.1:*", logger: Self.logger())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await coordinator.run() }
            let there = try await coordinator.address()
            try await withFailover(["file:\(path)"]) { transport in
                let first = transport.current
                await transport.connectToNext()
                #expect(transport.isCurrent(first), "nothing changed")
                try file.write(CoordinatorAddress(there))
                await transport.connectToNext()
                try await eventually("the worker to be connected") {
                    await transport.send(.heartbeat) == .queued
                }
            }
            group.cancelAll()
        }
    }

    @Test func `A transport that is made while the failover transport closes is closed with it`()
        async throws
    {
        let logger = Self.logger()
        let made = Mutex<[ZeroMQWorkerTransport]>([])
        let closing = Mutex<FailoverWorkerTransport?>(nil)
        let nowhere = "ipc:///tmp/ogive-nowhere-\(UInt32.random(in: 0 ... .max))"
        let places = [nowhere, nowhere + "b"].map { CoordinatorPlace($0) }
        let failover = try FailoverWorkerTransport(places, logger: logger) {
            (address) throws(TransportError) in
            closing.withLock { $0 }?.close()
            let transport = try ZeroMQWorkerTransport(
                worker: Self.worker, connect: address.text, logger: logger)
            made.withLock { $0.append(transport) }
            return transport
        }
        closing.withLock { $0 = failover }
        await failover.connectToNext()
        // Open, it would serve for ever.
        let late = try #require(made.withLock { $0.dropFirst().first })
        try await late.run()
        // It runs what was there before, to its end, and nobody runs what comes later.
        try await failover.run()
        await failover.connectToNext()
        let later = try #require(made.withLock { $0.dropFirst(2).first })
        try await later.run()
    }
}
