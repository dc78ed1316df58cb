import Glibc
import OgiveTesting
import Synchronization
import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
struct AuthenticatorTests {
    private static func request(
        version: String = "1.0", domain: String = "ogive", mechanism: String = "CURVE",
        key: [UInt8] = Array(repeating: 7, count: 32)
    ) -> AuthenticationRequest {
        AuthenticationRequest(
            frames: [
                [0, 1, 2, 3, 4], [], frame(version), frame("1"), frame(domain),
                frame("127.0.0.1"), [], frame(mechanism), key,
            ])
    }

    private func status(_ request: AuthenticationRequest, _ user: String? = "me") -> String? {
        request.answer(domain: "ogive") { _ in user }
            .map { String(decoding: $0[4], as: UTF8.self) }
    }

    @Test func `only a known key of the right domain gets in`() throws {
        let answer = try #require(Self.request().answer(domain: "ogive") { _ in "me" })
        #expect(
            answer == [
                [0, 1, 2, 3, 4], [], frame("1.0"), frame("1"), frame("200"), frame("OK"),
                frame("me"), [],
            ])
        #expect(status(Self.request(), nil) == "400")
        #expect(status(Self.request(), "") == "400")
        #expect(status(Self.request(domain: "other")) == "400")
        #expect(status(Self.request(domain: "")) == "400")
        #expect(status(Self.request(mechanism: "PLAIN")) == "400")
        #expect(status(Self.request(mechanism: "NULL", key: [])) == "400")
        #expect(status(Self.request(key: [1, 2, 3])) == "400")
        #expect(status(Self.request(version: "2.0")) == "500")
    }

    @Test(arguments: 0..<24)
    func `a malformed question is refused, or not answered at all`(count: Int) {
        let whole = Self.request().frames
        var frames = Array(whole.prefix(count))
        while frames.count < count { frames.append([1]) }
        guard count != whole.count else { return }
        let answer = AuthenticationRequest(frames: frames).answer(domain: "ogive") { _ in "me" }
        #expect(answer == nil || answer?[4] == frame("500"))
        #expect((answer == nil) == (count < 4))
    }

    /// A router that lets in whom `authorize` names, and tells `observe` of its connections.
    private func router(
        _ server: ZeroMQKeyPair, handshakeMax: Duration = .seconds(5),
        observe: @escaping @Sendable (ZeroMQSocketEvent, Int) -> Void = { _, _ in },
        authorize: @escaping ZeroMQAuthorizer
    ) throws -> ZeroMQChannel {
        var configuration = ZeroMQChannelConfiguration(
            name: "test-router", type: .router,
            options: [
                .curveServer(server.secretKey), .linger(.zero), .handshakeInterval(handshakeMax),
            ], addresses: [.bind("tcp://127.0.0.1:*")])
        configuration.authorize = authorize
        configuration.observe = observe
        return try ZeroMQChannel(configuration)
    }

    private func dealer(
        _ server: ZeroMQPublicKey, _ own: ZeroMQKeyPair, _ address: String
    ) throws -> ZeroMQChannel {
        try ZeroMQChannel(
            ZeroMQChannelConfiguration(
                name: "test-dealer", type: .dealer,
                options: [
                    .curveClient(server: server, own: own), .linger(.zero),
                    .reconnectInterval(.milliseconds(20)),
                ], addresses: [.connect(address)]))
    }

    @Test func `a channel's messages say whose they are`() async throws {
        let (server, own) = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        let router = try router(server) { $0 == own.publicKey ? "alice" : nil }
        try await withRunning(router) {
            let address = try #require(try await router.addresses().first)
            let dealer = try dealer(server.publicKey, own, address)
            try await withRunning(dealer) {
                _ = try await dealer.addresses()
                #expect(await dealer.send([frame("hello")]) == .sent)
                var incoming = router.incoming.makeAsyncIterator()
                #expect(await incoming.next()?.first?.userID == "alice")
            }
        }
    }

    @Test("Fault 21: the authentication hangs, only handshakes time out, existing peers are served")
    func hangingHandler() async throws {
        let server = try ZeroMQKeyPair.generate()
        let (old, new) = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        // Held while the handler is to hang.
        let barrier = Barrier()
        let failures = Tally()
        let router = try router(
            server, handshakeMax: .milliseconds(300),
            observe: { event, _ in
                if event == .handshakeFailed { failures.add() }
            },
            authorize: { key in
                barrier.pass()
                return key == old.publicKey ? "old" : "new"
            })
        try await withRunning(router) {
            let address = try #require(try await router.addresses().first)
            let (first, second) = (
                try dealer(server.publicKey, old, address),
                try dealer(server.publicKey, new, address)
            )
            try await withRunning(first) {
                _ = try await first.addresses()
                #expect(await first.send([frame("1")]) == .sent)
                #expect(await next(router)?.userID == "old")
                barrier.close()
                defer { barrier.open() }
                try await withRunning(second) {
                    _ = try await second.addresses()
                    #expect(await second.send([frame("2")]) == .sent)
                    try await eventually("two failures") { failures.count >= 2 }
                    #expect(await first.send([frame("3")]) == .sent)
                    #expect(await next(router)?.frames.last == frame("3"))
                    barrier.open()
                    #expect(await next(router)?.userID == "new")
                }
            }
        }
    }

    /// The next message of a channel; tests send one at a time.
    private func next(_ channel: ZeroMQChannel) async -> ZeroMQMessage? {
        var incoming = channel.incoming.makeAsyncIterator()
        return await incoming.next()?.first
    }

    @Test func `the end of the authenticator is a failure, the channel's own end is none`()
        async throws
    {
        let server = try ZeroMQKeyPair.generate()
        let router = try router(server) { _ in "anybody" }
        try await withRunning(router) {
            _ = try await router.addresses()
            #expect(router.authenticationFailure == nil)
            router.authenticator?.end()
            #expect(await router.untilAuthenticationFails()?.code == .closed)
            #expect(router.authenticationFailure?.code == .closed)
        }
        let other = try self.router(server) { _ in "anybody" }
        try await withRunning(other) { _ = try await other.addresses() }
        #expect(await other.untilAuthenticationFails() == nil)
        #expect(other.authenticationFailure == nil)
    }

    @Test func `without a domain libzmq lets everybody in, which a probe sees`() async throws {
        let context = try ZeroMQContext()
        let server = try ZeroMQKeyPair.generate()
        let open = try ZeroMQSocket.open(
            context, .router, options: [.curveServer(server.secretKey), .linger(.zero)])
        let address = try bindLoopback(open)
        let outcome = try await HandshakeProbe().handshake(
            address,
            options: [.curveClient(server: server.publicKey, own: try ZeroMQKeyPair.generate())],
            within: .seconds(10))
        #expect(outcome == .accepted)
        open.close()
    }
}

/// Lets threads pass while it is open.
final class Barrier: Sendable {
    private let isOpen = Atomic(true)

    func pass() {
        while !isOpen.load(ordering: .relaxed) { usleep(1_000) }
    }

    func close() {
        isOpen.store(false, ordering: .relaxed)
    }

    func open() {
        isOpen.store(true, ordering: .relaxed)
    }
}

/// Counts across threads.
final class Tally: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }

    func add() {
        value.add(1, ordering: .relaxed)
    }
}
