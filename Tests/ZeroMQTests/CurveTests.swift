import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
@PollingThread struct CurveTests {
    @Test func `generated keys differ and survive their text form`() throws {
        let (one, two) = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        #expect(one != two)
        #expect(one.publicKey.bytes.count == 32)
        #expect(one.publicKey.z85.utf8.count == 40)
        #expect(try ZeroMQPublicKey(z85: one.publicKey.z85) == one.publicKey)
        #expect(try ZeroMQSecretKey(z85: one.secretKey.z85) == one.secretKey)
    }

    @Test func `Z85 agrees with the example of RFC 32`() throws {
        #expect(Z85.encode([0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B]) == "HelloWorld")
    }

    @Test(arguments: [
        "", "short", String(repeating: "a", count: 39), String(repeating: "a", count: 41),
        String(repeating: "\"", count: 40), String(repeating: "é", count: 20),
        String(repeating: "#", count: 40), String(repeating: "\u{1}", count: 40),
    ])
    func `what is no key is refused`(text: String) {
        #expect {
            try ZeroMQPublicKey(z85: text)
        } throws: {
            ($0 as? ZeroMQError)?.code == .invalidKey
        }
    }

    @Test func `a secret key is not printed`() throws {
        let pair = try ZeroMQKeyPair.generate()
        var text = "\(pair) \(String(reflecting: pair))"
        dump(pair, to: &text)
        #expect(!text.contains(pair.secretKey.z85))
        #expect(!text.contains("\(pair.secretKey.bytes[0]), \(pair.secretKey.bytes[1])"))
    }

    @Test func `an authenticated message says who sent it`() throws {
        let context = try ZeroMQContext()
        let authenticator = try ZeroMQSocket.open(context, .reply)
        try authenticator.bind("inproc://zeromq.zap.01")
        let (server, client) = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        let router = try openServer(context, server)
        let dealer = try openClient(context, server.publicKey, client)
        try dealer.connect(try bindLoopback(router))
        #expect(try dealer.send([frame("hello")]) == .sent)
        let request = try #require(try nextMessage(authenticator))
        #expect(request.frames.count == 7)
        #expect(request.frames.last == client.publicKey.bytes)
        _ = try authenticator.send(
            [request.frames[0], request.frames[1], frame("200"), [], frame("alice"), []])
        let message = try #require(try nextMessage(router))
        #expect(message.userID == "alice")
        #expect(message.frames.last == frame("hello"))
        authenticator.close()
    }

    @Test func `an enforced domain without an authenticator lets nobody in`() throws {
        let context = try ZeroMQContext()
        let (server, client) = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        let router = try openServer(context, server)
        let dealer = try openClient(context, server.publicKey, client)
        try dealer.connect(try bindLoopback(router))
        #expect(try dealer.send([frame("hello")]) == .sent)
        // Ten times as long as a handshake takes.
        #expect(try nextMessage(router, within: .milliseconds(300)) == nil)
    }

    private func openServer(
        _ context: ZeroMQContext, _ pair: ZeroMQKeyPair
    ) throws -> ZeroMQSocket {
        try ZeroMQSocket.open(
            context, .router,
            options: [
                .curveServer(pair.secretKey), .authenticationDomain("ogive"),
                .authenticationEnforced(true), .linger(.zero),
            ])
    }

    private func openClient(
        _ context: ZeroMQContext, _ server: ZeroMQPublicKey, _ own: ZeroMQKeyPair
    ) throws -> ZeroMQSocket {
        try ZeroMQSocket.open(
            context, .dealer, options: [.curveClient(server: server, own: own), .linger(.zero)])
    }
}
