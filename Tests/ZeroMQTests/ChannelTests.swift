import DedicatedThread
import OgiveTesting
import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
struct ChannelTests {
    @Test func `a router and a dealer talk over TCP`() async throws {
        let router = try openRouter()
        let id = [UInt8](repeating: 200, count: 16)
        try await withRunning(router) {
            let dealer = try openDealer(try await router.addresses(), [.routingID(id)])
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                #expect(await dealer.send([frame("hello")]) == .sent)
                #expect(try await take(1, router).map(\.frames) == [[id, frame("hello")]])
                #expect(await router.send([id, frame("welcome")]) == .sent)
                #expect(try await take(1, dealer).map(\.frames) == [[frame("welcome")]])
            }
        }
    }

    @Test func `a channel listens on a socket file`() async throws {
        try await withTemporaryDirectory { directory in
            let address = "ipc://\(directory)/s"
            let router = try openRouter(address)
            let opened = try await withRunning(router) { try await router.addresses() }
            #expect(opened == [address])
        }
    }

    @Test func `many messages arrive complete and in order, whoever is slow`() async throws {
        let total = 20_000
        let router = try openRouter { $0.incomingMax = 7 }
        try await withRunning(router) {
            let dealer = try openDealer(
                try await router.addresses(), [.sendHighWaterMark(total)])
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                let results = await dealer.send(batch: (0..<total).map { [frame("\($0)")] })
                #expect(results == Array(repeating: .sent, count: total))
                let received = try await take(total, router)
                #expect(received.map { $0.frames.last } == (0..<total).map { frame("\($0)") })
            }
        }
    }

    @Test func `a consumer that takes nothing pushes back, and nothing is lost`() async throws {
        let router = try openRouter("tcp://127.0.0.1:*", [.receiveHighWaterMark(10)]) {
            $0.incomingMax = 10
        }
        try await withRunning(router) {
            let dealer = try openDealer(try await router.addresses(), [.sendHighWaterMark(10)])
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                let padding = [UInt8](repeating: 0, count: 500_000)
                var sent = 0
                var lastProgress = ContinuousClock.now
                // Kernel buffers take some megabytes; beyond them and the marks there is no room.
                while sent < 200, ContinuousClock.now - lastProgress < .seconds(3) {
                    guard await dealer.send([frame("\(sent)"), padding]) == .sent else {
                        try await Task.sleep(for: .milliseconds(1))
                        continue
                    }
                    sent += 1
                    lastProgress = .now
                }
                #expect((20..<200).contains(sent))
                let received = try await take(sent, router)
                #expect(received.map { $0.frames[1] } == (0..<sent).map { frame("\($0)") })
            }
        }
    }

    @Test func `batches keep to the bounds of count and bytes`() async throws {
        let router = try openRouter {
            $0.incomingMax = 100
            $0.incomingBytesMax = 1000
            $0.batchMax = 10
        }
        try await withRunning(router) {
            let dealer = try openDealer(try await router.addresses(), [.sendHighWaterMark(5000)])
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                _ = await dealer.send(
                    batch: Array(repeating: [[UInt8](repeating: 1, count: 300)], count: 500))
                var (count, largest) = (0, 0)
                for await batch in router.incoming {
                    count += batch.count
                    largest = max(largest, batch.count)
                    if count == 500 { break }
                }
                #expect(largest <= 4)
            }
        }
    }

    @Test func `cancelling ends a blocked channel, and its port is free at once`() async throws {
        let router = try openRouter { $0.name = "cancelled-one" }
        let address = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await router.run() }
            let address = try #require(try await router.addresses().first)
            try await eventually("the thread to block") { try sleeps(thread: "cancelled-one") }
            group.cancelAll()
            try await group.waitForAll()
            return address
        }
        let again = try openRouter(address)
        let reopened = try await withRunning(again) { try await again.addresses() }
        #expect(reopened == [address])
    }

    @Test func `a channel that is not open sends nothing and hands over nothing`() async throws {
        let router = try openRouter()
        #expect(await router.send([[1]]) == .notOpen)
        try await withRunning(router) { _ = try await router.addresses() }
        #expect(await router.send([[1], [2]]) == .notOpen)
        #expect(await router.send(batch: [[[1]], [[2]]]) == [.notOpen, .notOpen])
        #expect(await router.send(batch: []).isEmpty)
        for await _ in router.incoming { Issue.record("nothing was ever received") }
        await #expect { try await router.addresses() } throws: {
            ($0 as? ZeroMQError)?.code == .closed
        }
    }

    @Test func `stopping sends what was accepted, and hands over what was received`() async throws {
        let router = try openRouter()
        try await withRunning(router) {
            let dealer = try openDealer(try await router.addresses())
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                _ = await dealer.send(batch: (0..<100).map { [frame("\($0)")] })
            }
            let received = try await take(100, router)
            #expect(received.map { $0.frames.last } == (0..<100).map { frame("\($0)") })
        }
    }

    @Test func `a port in use ends the channel, for whoever waits`() async throws {
        let first = try openRouter()
        try await withRunning(first) {
            let address = try #require(try await first.addresses().first)
            let second = try openRouter(address)
            await withTaskGroup(of: ZeroMQError?.self) { group in
                group.addTask { await failure { try await second.run() } }
                group.addTask { await failure { _ = try await second.addresses() } }
                for await error in group {
                    #expect(error?.code == .addressInUse)
                    #expect(error?.message.contains(address) == true)
                }
            }
        }
    }

    @Test func `a mandatory router's channel says that a peer is unknown`() async throws {
        let router = try openRouter("tcp://127.0.0.1:*", [.routerMandatory(true)])
        try await withRunning(router) {
            _ = try await router.addresses()
            #expect(await router.send([frame("nobody"), [1]]) == .unreachable)
        }
    }

    @Test func `a message that cannot be sent ends the channel with its error`() async throws {
        let router = try openRouter()
        let error = await failure {
            try await withRunning(router) {
                _ = try await router.addresses()
                #expect(await router.send(batch: [[], [[1]]]) == [.notOpen, .notOpen])
            }
        }
        #expect(error?.code == .invalidMessage)
    }

    @Test func `who waits for an opening or a message can be cancelled`() async throws {
        let router = try openRouter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                #expect(await failure { _ = try await router.addresses() }?.code == .cancelled)
            }
            group.addTask {
                for await _ in router.incoming { Issue.record("nothing was ever received") }
            }
            group.cancelAll()
        }
    }

    private func openRouter(
        _ address: String = "tcp://127.0.0.1:*", _ options: [ZeroMQOption] = [],
        _ change: (inout ZeroMQChannelConfiguration) -> Void = { _ in }
    ) throws -> ZeroMQChannel {
        var configuration = ZeroMQChannelConfiguration(
            name: "router", type: .router, options: options, addresses: [.bind(address)])
        change(&configuration)
        return try ZeroMQChannel(configuration)
    }

    private func openDealer(
        _ addresses: [String], _ options: [ZeroMQOption] = []
    ) throws -> ZeroMQChannel {
        try ZeroMQChannel(
            ZeroMQChannelConfiguration(
                name: "dealer", type: .dealer, options: [.linger(patience)] + options,
                addresses: addresses.map { .connect($0) }))
    }

    /// Takes that many messages.
    private func take(_ count: Int, _ channel: ZeroMQChannel) async throws -> [ZeroMQMessage] {
        var taken: [ZeroMQMessage] = []
        for await batch in channel.incoming {
            taken += batch
            if taken.count >= count { break }
        }
        return taken
    }

    private func failure(_ body: () async throws -> Void) async -> ZeroMQError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? ZeroMQError
        }
    }
}
