import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
@PollingThread struct SocketTests {
    let context: ZeroMQContext

    init() throws {
        context = try ZeroMQContext()
    }

    @Test(arguments: ["tcp", "ipc", "inproc"])
    func `multipart messages make the round trip over every transport`(
        transport: String
    ) async throws {
        try await withTemporaryDirectory { directory in
            let router = try ZeroMQSocket.open(context, .router)
            let addresses = [
                "tcp": "tcp://127.0.0.1:*", "ipc": "ipc://\(directory)/s", "inproc": "inproc://s",
            ]
            try router.bind(try #require(addresses[transport]))
            let dealer = try ZeroMQSocket.open(context, .dealer, options: [.routingID([0, 1, 2])])
            try dealer.connect(try router.lastAddress())
            let frames = [frame("one"), [], frame("three"), []]
            #expect(try dealer.send(frames) == .sent)
            let request = try #require(try nextMessage(router))
            #expect(request.frames == [[0, 1, 2]] + frames)
            #expect(!request.isTruncated)
            #expect(request.userID == nil)
            #expect(try router.send([[0, 1, 2], [], frame("answer")]) == .sent)
            #expect(try nextMessage(dealer)?.frames == [[], frame("answer")])
            router.close()
        }
    }

    @Test func `a frame of ten megabytes arrives as it was sent`() throws {
        let pull = try ZeroMQSocket.open(context, .pull)
        let push = try ZeroMQSocket.open(context, .push)
        try push.connect(try bindLoopback(pull))
        var big = [UInt8](repeating: 7, count: 10_000_000)
        for index in stride(from: 0, to: big.count, by: 9973) { big[index] = UInt8(index % 251) }
        #expect(try push.send([big]) == .sent)
        #expect(try nextMessage(pull)?.frames == [big])
    }

    @Test func `many messages keep their order`() throws {
        let pull = try ZeroMQSocket.open(
            context, .pull, options: [.receiveHighWaterMark(100_000)])
        let push = try ZeroMQSocket.open(context, .push, options: [.sendHighWaterMark(100_000)])
        try push.connect(try bindLoopback(pull))
        for number in 0..<50_000 { #expect(try push.send([frame("\(number)")]) == .sent) }
        var expected = 0
        while expected < 50_000, let message = try nextMessage(pull) {
            guard message.frames == [frame("\(expected)")] else { break }
            expected += 1
        }
        #expect(expected == 50_000)
    }

    @Test func `sending stops at the high-water marks of both sides`() throws {
        let pull = try ZeroMQSocket.open(context, .pull, options: [.receiveHighWaterMark(3)])
        try pull.bind("inproc://full")
        let push = try ZeroMQSocket.open(context, .push, options: [.sendHighWaterMark(2)])
        try push.connect("inproc://full")
        let results = try (0..<6).map { _ in try push.send([[1], [2]]) }
        // inproc adds both marks up.
        let sent = results.count { $0 == .sent }
        #expect(sent == 5)
        #expect(results.dropFirst(sent).allSatisfy { $0 == .wouldBlock })
        #expect(try pull.receive(countMax: 100, bytesMax: .max).count == sent)
        #expect(
            try push.poll(for: .writable, wakes: [], timeout: patience).events == .writable)
        #expect(try push.send([[1]]) == .sent)
    }

    @Test func `a dealer that queues for connections only has nobody to send to at first`() throws {
        let dealer = try ZeroMQSocket.open(context, .dealer, options: [.immediate(true)])
        try dealer.connect("tcp://127.0.0.1:9")
        #expect(try dealer.send([[1]]) == .wouldBlock)
    }

    @Test func `a mandatory router says that a peer is unknown, and that it has left`() throws {
        let router = try ZeroMQSocket.open(context, .router, options: [.routerMandatory(true)])
        let address = try bindLoopback(router)
        #expect(try router.send([frame("nobody"), [1]]) == .unreachable)
        do {
            let dealer = try ZeroMQSocket.open(
                context, .dealer, options: [.routingID(frame("peer"))])
            try dealer.connect(address)
            #expect(try dealer.send([[1]]) == .sent)
            #expect(try nextMessage(router)?.frames.first == frame("peer"))
            #expect(try router.send([frame("peer"), [2]]) == .sent)
            dealer.close()
        }
        #expect(try becomesUnreachable(router, frame("peer")))
    }

    @Test func `a lenient router drops silently what it cannot deliver`() throws {
        let router = try ZeroMQSocket.open(context, .router, options: [.routerMandatory(false)])
        _ = try bindLoopback(router)
        #expect(try router.send([frame("nobody"), [1]]) == .sent)
    }

    @Test func `with handover a new connection takes over the routing id`() throws {
        let router = try ZeroMQSocket.open(
            context, .router, options: [.routerHandover(true), .routerMandatory(true)])
        let address = try bindLoopback(router)
        let id = [UInt8](repeating: 7, count: 16)
        let first = try ZeroMQSocket.open(context, .dealer, options: [.routingID(id)])
        try first.connect(address)
        #expect(try first.send([frame("first")]) == .sent)
        #expect(try nextMessage(router)?.frames == [id, frame("first")])
        let second = try ZeroMQSocket.open(context, .dealer, options: [.routingID(id)])
        try second.connect(address)
        #expect(try second.send([frame("second")]) == .sent)
        #expect(try nextMessage(router)?.frames == [id, frame("second")])
        #expect(try router.send([id, frame("reply")]) == .sent)
        #expect(try nextMessage(second)?.frames == [frame("reply")])
        #expect(try first.receive() == nil)
    }

    @Test func `a frame beyond the bound disconnects its sender and is not delivered`() throws {
        let router = try ZeroMQSocket.open(
            context, .router, options: [.frameBytesMax(1000), .routerMandatory(true)])
        let address = try bindLoopback(router)
        let dealer = try ZeroMQSocket.open(
            context, .dealer,
            options: [.routingID(frame("big")), .reconnectInterval(.seconds(3600))])
        try dealer.connect(address)
        #expect(try dealer.send([[UInt8](repeating: 1, count: 1000)]) == .sent)
        #expect(try nextMessage(router)?.byteCount == 1003)
        #expect(try dealer.send([[UInt8](repeating: 1, count: 1001)]) == .sent)
        #expect(try becomesUnreachable(router, frame("big")))
        #expect(try router.receive() == nil)
    }

    @Test func `more frames than the bound are cut off and the next message is whole`() throws {
        let pull = try ZeroMQSocket.open(context, .pull)
        try pull.bind("inproc://frames")
        let push = try ZeroMQSocket.open(context, .push)
        try push.connect("inproc://frames")
        let many = (0...ZeroMQMessage.framesMax).map { [UInt8($0)] }
        #expect(try push.send(many) == .sent)
        #expect(try push.send([frame("next")]) == .sent)
        let batch = try pull.receive(countMax: 10, bytesMax: .max)
        #expect(batch.map(\.isTruncated) == [true, false])
        #expect(batch.first?.frames == many.dropLast())
        #expect(batch.last?.frames == [frame("next")])
    }

    @Test func `a batch keeps to its bounds`() throws {
        let pull = try ZeroMQSocket.open(context, .pull)
        try pull.bind("inproc://batch")
        let push = try ZeroMQSocket.open(context, .push)
        try push.connect("inproc://batch")
        for _ in 0..<10 { _ = try push.send([[1, 2, 3, 4]]) }
        #expect(try pull.receive(countMax: 0, bytesMax: .max).isEmpty)
        #expect(try pull.receive(countMax: 3, bytesMax: .max).count == 3)
        #expect(try pull.receive(countMax: 10, bytesMax: 5).count == 2)
        #expect(try pull.receive(countMax: 10, bytesMax: .max).count == 5)
    }

    @Test func `what a socket cannot send is an error`() throws {
        let dealer = try ZeroMQSocket.open(context, .dealer)
        #expect { try dealer.send([]) } throws: { ($0 as? ZeroMQError)?.code == .invalidMessage }
        let pull = try ZeroMQSocket.open(context, .pull)
        #expect { try pull.send([[1]]) } throws: { ($0 as? ZeroMQError)?.code == .invalidMessage }
        let reply = try ZeroMQSocket.open(context, .reply)
        #expect { try reply.send([[1]]) } throws: { ($0 as? ZeroMQError)?.code == .invalidMessage }
    }

    @Test func `a subscriber receives what it subscribed to`() throws {
        let subscriber = try ZeroMQSocket.open(
            context, .subscribe, options: [.subscription(frame("a"))])
        try subscriber.bind("inproc://news")
        let publisher = try ZeroMQSocket.open(context, .publish)
        try publisher.connect("inproc://news")
        // Each side does its part of the subscription when it looks at its socket.
        _ = try subscriber.poll(for: .readable, wakes: [], timeout: .zero)
        _ = try publisher.poll(for: .writable, wakes: [], timeout: patience)
        _ = try publisher.send([frame("b1")])
        _ = try publisher.send([frame("a1")])
        #expect(try nextMessage(subscriber)?.frames == [frame("a1")])
    }

    @Test func `a disconnected address gets nothing more`() throws {
        let pull = try ZeroMQSocket.open(context, .pull)
        let address = try bindLoopback(pull)
        let push = try ZeroMQSocket.open(context, .push)
        try push.connect(address)
        try push.disconnect(address)
        #expect(try push.send([[1]]) == .wouldBlock)
        #expect { try push.disconnect("tcp://127.0.0.1:1") } throws: { $0 is ZeroMQError }
    }

    /// Sends until the router reports that the peer is gone.
    private func becomesUnreachable(
        _ router: borrowing ZeroMQSocket, _ id: [UInt8]
    ) throws -> Bool {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if try router.send([id, [9]]) == .unreachable { return true }
            _ = try router.poll(for: .readable, wakes: [], timeout: .milliseconds(5))
        }
        return false
    }
}
