import OgiveTesting
import Synchronization
import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
struct MonitorTests {
    /// Events with the numbers of their sockets.
    private final class Log: Sendable {
        private let events = Mutex<[(event: ZeroMQSocketEvent, socket: Int)]>([])

        func note(_ event: ZeroMQSocketEvent, _ socket: Int) {
            events.withLock { $0.append((event, socket)) }
        }

        func has(_ event: ZeroMQSocketEvent, of socket: Int) -> Bool {
            events.withLock { $0.contains { $0.event == event && $0.socket == socket } }
        }

        func wait(for event: ZeroMQSocketEvent, of socket: Int) async throws {
            try await eventually("\(event) of \(socket)") { has(event, of: socket) }
        }
    }

    private func channel(
        _ type: ZeroMQSocketType, _ addresses: [ZeroMQChannelConfiguration.Address], _ log: Log
    ) throws -> ZeroMQChannel {
        var configuration = ZeroMQChannelConfiguration(
            name: "test", type: type, options: [.linger(.seconds(1))], addresses: addresses)
        configuration.observe = { log.note($0, $1) }
        return try ZeroMQChannel(configuration)
    }

    @Test func `both sides' connections are reported`() async throws {
        let (routerLog, dealerLog) = (Log(), Log())
        let router = try channel(.router, [.bind("tcp://127.0.0.1:*")], routerLog)
        try await withRunning(router) {
            let address = try #require(try await router.addresses().first)
            let dealer = try channel(.dealer, [.connect(address)], dealerLog)
            try await withRunning(dealer) {
                try await dealerLog.wait(for: .handshakeSucceeded, of: 1)
                try await routerLog.wait(for: .accepted, of: 1)
                try await routerLog.wait(for: .handshakeSucceeded, of: 1)
                #expect(dealerLog.has(.connected, of: 1))
            }
            try await routerLog.wait(for: .disconnected, of: 1)
        }
    }

    @Test func `a replaced socket connects elsewhere, and the channel goes on`() async throws {
        let log = Log()
        let silent = Log()
        let first = try channel(.router, [.bind("tcp://127.0.0.1:*")], silent)
        let second = try channel(.router, [.bind("tcp://127.0.0.1:*")], silent)
        try await withRunning(first, second) {
            let (one, two) = (
                try #require(try await first.addresses().first),
                try #require(try await second.addresses().first)
            )
            let dealer = try channel(.dealer, [.connect(one)], log)
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                #expect(await dealer.send([frame("1")]) == .sent)
                var atFirst = first.incoming.makeAsyncIterator()
                #expect(await atFirst.next()?.first?.frames.last == frame("1"))
                dealer.reopen(options: [.routingID(frame("again"))], addresses: [.connect(two)])
                try await log.wait(for: .handshakeSucceeded, of: 2)
                #expect(await dealer.send([frame("2")]) == .sent)
                var atSecond = second.incoming.makeAsyncIterator()
                #expect(
                    await atSecond.next()?.first?.frames == [frame("again"), frame("2")])
                _ = await second.send([frame("again"), frame("3")])
                var back = dealer.incoming.makeAsyncIterator()
                #expect(await back.next()?.first?.frames == [frame("3")])
            }
        }
    }

    @Test func `nobody listening is reported as a retry`() async throws {
        let log = Log()
        // Bound and closed again: nobody listens there now.
        let context = try ZeroMQContext()
        let socket = try ZeroMQSocket.open(context, .router)
        let address = try bindLoopback(socket)
        socket.close()
        let dealer = try channel(.dealer, [.connect(address)], log)
        try await withRunning(dealer) { try await log.wait(for: .retried, of: 1) }
    }

    @Test(arguments: [
        [], [1], [1, 2, 3, 4, 5], [0, 0x10, 0, 0, 0, 0, 0], [0xFF, 0xFF, 0, 0, 0, 0],
    ])
    func `what is no event is none`(frame: [UInt8]) {
        #expect(ZeroMQSocketEvent(frame: frame) == nil)
    }
}
