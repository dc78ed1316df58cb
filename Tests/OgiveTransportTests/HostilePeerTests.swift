import Logging
import OgiveCore
import OgiveTesting
import OgiveTransport
import OgiveWire
import Testing
import ZeroMQ

/// A raw socket that sends what no worker sends.
@Suite(.timeLimit(.minutes(10))) struct HostilePeerTests {
    let own = WorkerID(high: 1 << 63, low: 1)
    let other = WorkerID(high: 1 << 63, low: 2)

    @Test(.timeLimit(.minutes(10)))
    func aFloodOfGarbageIsCountedAndLoggedUnderOneMessage() async throws {
        let log = MessageSet()
        let logger = Logger(label: "test") { _ in log }
        let coordinator = try ZeroMQCoordinatorTransport(
            listen: "tcp://127.0.0.1:*", logger: logger)
        let own = own
        try await serving(coordinator.run, close: coordinator.close) {
            let dealer = try ZeroMQChannel(
                ZeroMQChannelConfiguration(
                    name: "hostile", type: .dealer, options: [.routingID(own.bytes)],
                    addresses: [.connect(try await coordinator.address())]))
            try await serving(dealer.run, close: dealer.stop) {
                _ = try await dealer.addresses()
                let garbage = Array(repeating: [[UInt8](repeating: 0, count: 9)], count: 500)
                _ = await dealer.send(batch: garbage + [[try heartbeat(of: own)]])
                var iterator = coordinator.incoming.makeAsyncIterator()
                #expect(await iterator.next()?.count == 1)
                #expect(coordinator.dropped == [.invalid: 500])
                // Which the program's log bounds.
                #expect(log.messages == ["a message was dropped"])
            }
        }
    }

    /// Runs a coordinator and a raw dealer with the routing id of `own`.
    func withDealer(
        _ body: @Sendable (ZeroMQCoordinatorTransport, ZeroMQChannel) async throws -> Void
    ) async throws {
        let own = own
        try await SocketFixture(medium: .tcp).withCoordinator(queueMax: 100) { coordinator in
            let dealer = try ZeroMQChannel(
                ZeroMQChannelConfiguration(
                    name: "hostile", type: .dealer,
                    options: [.routingID(own.bytes), .linger(.zero)],
                    addresses: [.connect(try await coordinator.address())]))
            try await serving(dealer.run, close: dealer.stop) {
                _ = try await dealer.addresses()
                try await body(coordinator, dealer)
            }
        }
    }

    func heartbeat(of worker: WorkerID) throws -> [UInt8] {
        try WorkerEnvelope(worker: worker, term: Term(0), message: .heartbeat).encoded()
    }

    @Test(
        "Fault 25: what is truncated or no message is dropped and counted", .timeLimit(.minutes(10))
    )
    func whatIsNoMessageIsDroppedAndCounted() async throws {
        try await withDealer { coordinator, dealer in
            let good = try heartbeat(of: own)
            let stolen = try heartbeat(of: other)
            let results = await dealer.send(batch: [
                [[]], [[1, 2, 3]], [Array(good.dropLast())], [stolen], [good, good], [good],
            ])
            #expect(results == Array(repeating: .sent, count: 6))
            var iterator = coordinator.incoming.makeAsyncIterator()
            let batch = await iterator.next()
            #expect(batch == [FromWorker(worker: own, term: Term(0), message: .heartbeat)])
            #expect(
                coordinator.dropped == [.invalid: 3, .wrongWorker: 1, .wrongFrames: 1])
        }
    }

    @Test(
        "Fault 40: in a mixed-version fleet a worker of another version is refused, alone",
        .timeLimit(.minutes(10)))
    func anotherVersionIsRefusedWithBothVersions() async throws {
        try await withDealer { coordinator, dealer in
            let good = try heartbeat(of: own)
            var later = good
            later[6] = 9
            #expect(await dealer.send(batch: [[later], [good]]) == [.sent, .sent])
            var iterator = coordinator.incoming.makeAsyncIterator()
            #expect(await iterator.next()?.map(\.message) == [.heartbeat])
            var answers = dealer.incoming.makeAsyncIterator()
            let bytes = try #require(await answers.next()?.first?.frames.first)
            let answer = try CoordinatorEnvelope(decoding: bytes)
            #expect(answer.worker == own)
            guard case .refused(let reason) = answer.message else {
                Issue.record("the answer is \(answer.message)")
                return
            }
            #expect(reason.contains("version 3") && reason.contains("version 9"))
            #expect(coordinator.dropped == [.unknownVersion: 1])
        }
    }

    @Test(
        "A Hello that cannot be read is refused with the reason, once for each",
        arguments: [
            // A model without a fingerprint, a name that is not UTF-8, credit over its bound.
            ([0x1A, 0x00], "hello.policies[0]: model.fingerprint is missing"),
            ([0x0A, 0x01, 0xFF], "a text in it is not UTF-8"),
            ([0x28, 0xFF, 0xFF, 0xFF, 0x07], "hello.credit is 16777215; at most 1048576"),
        ] as [([UInt8], String)])
    func aHelloThatCannotBeReadIsRefused(hello: [UInt8], said: String) async throws {
        try await withDealer { coordinator, dealer in
            let good = try heartbeat(of: own)
            // In place of the body, which is empty.
            let header = Array(good.dropLast(2))
            let wrong = header + [0x52, UInt8(hello.count)] + hello
            var stolen = wrong
            stolen.replace(own.bytes, with: other.bytes)
            let credit = header + [0x5A, 0x05, 0x08, 0xFF, 0xFF, 0xFF, 0x07]
            let batch = [[stolen], [credit], [wrong], [good]]
            #expect(await dealer.send(batch: batch) == [.sent, .sent, .sent, .sent])
            var iterator = coordinator.incoming.makeAsyncIterator()
            #expect(await iterator.next()?.map(\.message) == [.heartbeat])
            // Only one is answered: it is the first that comes back.
            #expect(
                await coordinator.send([ToWorker(worker: own, message: .heartbeat)]) == [.queued])
            var answers = dealer.incoming.makeAsyncIterator()
            var messages: [CoordinatorMessage] = []
            while messages.count < 2, let batch = await answers.next() {
                messages += try batch.flatMap(\.frames).map {
                    try CoordinatorEnvelope(decoding: $0).message
                }
            }
            guard case .refused(let reason) = messages.first else {
                Issue.record("the answer is \(messages)")
                return
            }
            #expect(reason.hasPrefix("this worker's Hello cannot be read: "))
            #expect(reason.contains(said))
            #expect(messages.dropFirst() == [.heartbeat])
            #expect(coordinator.dropped == [.invalid: 3])
        }
    }

    @Test(
        "Fault 25: an oversize frame costs its sender the connection, and nobody else",
        .timeLimit(.minutes(10)))
    func anOversizeFrameCostsItsSenderTheConnectionAndNobodyElse() async throws {
        try await withDealer { coordinator, dealer in
            let fixture = try SocketFixture(medium: .tcp)
            let other = other
            try await fixture.withWorker(other, of: coordinator, queueMax: 10) { worker in
                let oversize = [UInt8](repeating: 0, count: WireLimits.messageBytes + 1)
                #expect(await dealer.send([oversize]) == .sent)
                try await eventually("the worker to be connected") {
                    await worker.send(.heartbeat) == .queued
                }
                var iterator = coordinator.incoming.makeAsyncIterator()
                let batch = await iterator.next()
                #expect(batch?.map(\.worker) == [other])
                #expect(coordinator.dropped.isEmpty)
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aWorkerDropsWhatIsForAnotherOne() async throws {
        let router = try ZeroMQChannel(
            ZeroMQChannelConfiguration(
                name: "hostile", type: .router, options: [.linger(.zero), .routerMandatory(true)],
                addresses: [.bind("tcp://127.0.0.1:*")]))
        let (own, other) = (own, other)
        try await serving(router.run, close: router.stop) {
            let address = try #require(try await router.addresses().first)
            let worker = try ZeroMQWorkerTransport(
                worker: own, connect: address, logger: SocketFixture.logger)
            try await serving(worker.run, close: worker.close) {
                try await eventually("the worker to be connected") {
                    await worker.send(.heartbeat) == .queued
                }
                var requests = router.incoming.makeAsyncIterator()
                let frames = try #require(await requests.next()?.first?.frames)
                #expect(frames.first == own.bytes)
                let foreign = CoordinatorEnvelope(worker: other, term: Term(1), message: .heartbeat)
                let good = CoordinatorEnvelope(worker: own, term: Term(1), message: .reRegister)
                _ = await router.send(batch: [
                    [own.bytes, try foreign.encoded()], [own.bytes, [1]],
                    [own.bytes, try good.encoded(), [1]], [own.bytes, try good.encoded()],
                ])
                var iterator = worker.incoming.makeAsyncIterator()
                #expect(await iterator.next() == [.reRegister])
                #expect(worker.dropped == [.wrongWorker: 1, .invalid: 1, .wrongFrames: 1])
            }
        }
    }
}
