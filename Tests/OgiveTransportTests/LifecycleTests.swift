import FoundationEssentials
import OgiveCore
import OgiveTesting
import OgiveTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LifecycleTests {
    @Test(.timeLimit(.minutes(10)))
    func theChosenPortIsReported() async throws {
        try await SocketFixture(medium: .tcp).withCoordinator(queueMax: 10) { coordinator in
            let address = try await coordinator.address()
            let port = address.split(separator: ":").last.flatMap { Int($0) } ?? 0
            #expect(address.hasPrefix("tcp://127.0.0.1:") && port > 0)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: SocketFixture.Medium.allCases)
    func cancellationEndsTheServiceAndItsMessages(medium: SocketFixture.Medium) async throws {
        try await SocketFixture(medium: medium).withListen { listen in
            let coordinator = try ZeroMQCoordinatorTransport(
                listen: listen, logger: SocketFixture.logger)
            try await withThrowingTaskGroup { group in
                group.addTask { try await coordinator.run() }
                _ = try await coordinator.address()
                group.cancelAll()
                for await _ in coordinator.incoming { Issue.record("a message from nowhere") }
                try await group.waitForAll()
            }
            let outcome = await coordinator.send([
                ToWorker(worker: WorkerID(high: 1 << 63, low: 1), message: .heartbeat)
            ])
            #expect(outcome == [.unreachable])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aSocketFileThatADeadProcessLeftIsReplaced() async throws {
        let fixture = try SocketFixture(medium: .ipc)
        try await fixture.withListen { listen in
            let path = String(listen.dropFirst("ipc://".count))
            try StaleSocket.leave(at: path)
            #expect(FileManager.default.fileExists(atPath: path))
            let coordinator = try ZeroMQCoordinatorTransport(
                listen: listen, logger: SocketFixture.logger)
            try await serving(coordinator.run, close: coordinator.close) {
                try await fixture.withWorker(
                    WorkerID(high: 1 << 63, low: 1), of: coordinator, queueMax: 10
                ) { worker in
                    try await eventually("the worker to be connected") {
                        await worker.send(.heartbeat) == .queued
                    }
                    var iterator = coordinator.incoming.makeAsyncIterator()
                    #expect(await iterator.next()?.map(\.message) == [.heartbeat])
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aWorkerFindsACoordinatorThatComesLaterAndComesBack() async throws {
        let fixture = try SocketFixture(medium: .ipc)
        try await fixture.withListen { listen in
            let worker = try ZeroMQWorkerTransport(
                worker: WorkerID(high: 1 << 63, low: 1), connect: listen,
                logger: SocketFixture.logger)
            try await serving(worker.run, close: worker.close) {
                // Nothing is queued for a coordinator that is not there.
                var outcome = SendOutcome.unreachable
                try await eventually("the worker to dial") {
                    outcome = await worker.send(.credit(0))
                    return outcome != .unreachable
                }
                #expect(outcome == .full)
                for round in 1...2 {
                    let coordinator = try ZeroMQCoordinatorTransport(
                        listen: listen, logger: SocketFixture.logger)
                    try await serving(coordinator.run, close: coordinator.close) {
                        try await eventually("the worker to be connected") {
                            await worker.send(.credit(round)) == .queued
                        }
                        var iterator = coordinator.incoming.makeAsyncIterator()
                        #expect(await iterator.next()?.first?.message == .credit(round))
                    }
                }
            }
        }
    }
}
