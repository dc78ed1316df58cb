import OgiveCore
import OgiveTesting
import Synchronization
import Testing
import ZeroMQ

@testable import OgiveTransport

/// Many unknown clients. One after the other: each wants the whole machine.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FloodTests {
    private let one = WorkerID(high: 1 << 63, low: 1)

    /// Asks the coordinator for an answer and takes the time.
    private func roundTrip(
        _ number: Int, _ worker: ZeroMQWorkerTransport, _ coordinator: ZeroMQCoordinatorTransport,
        _ heard: Heard, _ answers: inout DecodedBatches<CoordinatorMessage>.AsyncIterator
    ) async throws -> Duration {
        let start = ContinuousClock.now
        #expect(await worker.send(.credit(number)) == .queued)
        try await eventually("the question") { heard.credits(of: one).last == number }
        #expect(
            await coordinator.send([ToWorker(worker: one, message: .heartbeat)]) == [.queued])
        #expect(await answers.next() != nil)
        return ContinuousClock.now - start
    }

    @Test("Fault 23: a storm of handshakes does not hold up who is connected")
    func handshakeStorm() async throws {
        let ring = try KeyRing()
        let good = try ring.pair("good")
        try await ring.withCoordinator { coordinator, heard in
            let address = try await coordinator.address()
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await heard.hears(0, from: worker)
                var answers = worker.incoming.makeAsyncIterator()
                let isOver = Flag()
                let server = ring.coordinator.publicKey.value
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let probe = try HandshakeProbe()
                            while !isOver.isSet {
                                let key = ZeroMQOption.curveClient(
                                    server: server, own: try ZeroMQKeyPair.generate())
                                _ = try await probe.handshake(
                                    address, options: [key], within: .seconds(5))
                            }
                        }
                    }
                    defer { isOver.set() }
                    // Events of 1 000 and more would fill the queue of an unread monitor.
                    var number = 0
                    while coordinator.handshakeFailures[.unauthorized] ?? 0 < 1_000 {
                        number += 1
                        // A frozen thread takes for ever.
                        _ = try await roundTrip(number, worker, coordinator, heard, &answers)
                    }
                    isOver.set()
                    try await group.waitForAll()
                    #expect(number > 0)
                }
            }
        }
    }

    @Test("Fault 24: idle and garbage connections are closed, and good peers are served")
    func rawConnections() async throws {
        let ring = try KeyRing()
        let good = try ring.pair("good")
        var configuration = KeyRing.configuration
        configuration.handshakeMax = .milliseconds(500)
        try await ring.withCoordinator(configuration: configuration) { coordinator, heard in
            let address = try await coordinator.address()
            let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await heard.hears(1, from: worker)
                let raw = try (0..<300).map { number in
                    let connection = try RawConnection(port: port)
                    // A third is silent, a third is no ZeroMQ, a third begins like it and goes on
                    // with nonsense.
                    if number % 3 == 1 { connection.send(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
                    if number % 3 == 2 {
                        let greeting: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3]
                        connection.send(greeting + [UInt8](repeating: 0xAA, count: 500))
                    }
                    return connection
                }
                try await heard.hears(2, from: worker)
                try await eventually("all of them to be closed") {
                    raw.allSatisfy(\.isClosed)
                }
                try await heard.hears(3, from: worker)
                #expect(coordinator.handshakeFailures.values.reduce(0, +) > 0)
                #expect(coordinator.dropped.isEmpty)
            }
        }
    }
}

/// Set once, read often.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() {
        value.store(true, ordering: .relaxed)
    }
}
