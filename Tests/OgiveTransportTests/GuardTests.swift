import FoundationEssentials
import OgiveCore
import OgiveTesting
import Testing

@testable import OgiveTransport
@testable import ZeroMQ

/// The authentication itself: that it is there, and what happens when it is not.
@Suite(.timeLimit(.minutes(10)))
struct GuardTests {
    private let one = WorkerID(high: 1 << 63, low: 1)
    private let two = WorkerID(high: 1 << 63, low: 2)

    /// Where a coordinator may listen; version 6 only where this machine speaks it.
    private static var addresses: [String] {
        let some = ["tcp://127.0.0.1:*", "tcp://0.0.0.0:*", "tcp://*:*", "ipc"]
        return FileManager.default.fileExists(atPath: "/proc/net/if_inet6")
            ? some + ["tcp://[::1]:*", "tcp://[::]:*"] : some
    }

    @Test(arguments: addresses)
    func theSelfTestPassesAndLeavesNoTrace(address: String) async throws {
        let one = one
        let ring = try KeyRing()
        let (good, unknown) = (
            try ring.pair("good"), try ring.pair("unknown", isAuthorized: false)
        )
        let listen = address == "ipc" ? "ipc://\(ring.folder)/s" : address
        try await ring.withCoordinator(listen: listen) { coordinator, heard in
            try await coordinator.selfTest()
            #expect(coordinator.trouble == nil)
            #expect(heard.all.isEmpty)
            let address = try await coordinator.address()
                .replacing("0.0.0.0", with: "127.0.0.1").replacing("[::]", with: "[::1]")
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await heard.hears(1, from: worker)
                // The self-test's own refusal is not counted.
                #expect(coordinator.handshakeFailures.isEmpty)
            }
            try await ring.withWorker(one, ring.security(unknown), at: address) { worker in
                try await eventually("the count") {
                    coordinator.handshakeFailures[.unauthorized] ?? 0 >= 1
                }
                #expect(await worker.send(.heartbeat) == .full)
            }
        }
    }

    @Test("What came under another's routing id is not answered: its owner would leave")
    func answersReachTheSender() throws {
        let ring = try KeyRing()
        let (owner, thief) = (try ring.pair("owner"), try ring.pair("thief"))
        let peerGuard = PeerGuard(ring.authorized, TransportConfiguration())
        #expect(peerGuard.mayAnswer(one, user: thief.publicKey.text))
        #expect(peerGuard.judge(.heartbeat, of: one, user: owner.publicKey.text) == .accepted)
        #expect(peerGuard.mayAnswer(one, user: owner.publicKey.text))
        #expect(!peerGuard.mayAnswer(one, user: thief.publicKey.text))
        #expect(peerGuard.mayAnswer(two, user: thief.publicKey.text))
        #expect(!peerGuard.mayAnswer(two, user: nil))
    }

    @Test func theSelfTestFailsWhereUnknownKeysGetInOrNoneDoes() throws {
        typealias Transport = ZeroMQCoordinatorTransport
        try Transport.check(authorized: .accepted, at: "e")
        try Transport.check(unknown: .refused(400), at: "e")
        for outcome in [HandshakeProbe.Outcome.accepted, .silent, .failed(.handshakeFailed)] {
            let error = #expect(throws: TransportError.self) {
                try Transport.check(unknown: outcome, at: "e")
            }
            #expect(error?.code == .unguarded)
        }
        for outcome in [HandshakeProbe.Outcome.refused(400), .silent] {
            #expect(throws: TransportError.self) {
                try Transport.check(authorized: outcome, at: "e")
            }
        }
    }

    @Test("Fault 20: the authentication ends, new handshakes are refused, the transport says so")
    func theHandlerDies() async throws {
        let (one, two) = (one, two)
        let ring = try KeyRing()
        let (good, late) = (try ring.pair("good"), try ring.pair("late"))
        try await ring.withCoordinator { coordinator, heard in
            let address = try await coordinator.address()
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await heard.hears(1, from: worker)
                coordinator.channel.authenticator?.end()
                let error = await #expect(throws: TransportError.self) {
                    try await coordinator.untilUnguarded()
                }
                #expect(error?.code == .unguarded)
                #expect(coordinator.trouble?.message.contains("nobody new is let in") == true)
                try await ring.withWorker(two, ring.security(late), at: address) { other in
                    try await eventually("a refusal") {
                        coordinator.handshakeFailures.values.reduce(0, +) >= 2
                    }
                    #expect(await other.send(.heartbeat) == .full)
                }
                // Who is in is served.
                try await heard.hears(2, from: worker)
                #expect(heard.all.allSatisfy { $0.worker == one })
                await #expect(throws: TransportError.self) { try await coordinator.selfTest() }
            }
        }
    }
}
