import FoundationEssentials
import OgiveCore
import OgiveTesting
import Synchronization
import Testing
import ZeroMQ

@testable import OgiveTransport

/// Unknown, stolen and wrong keys at a coordinator.
@Suite(.timeLimit(.minutes(10)))
struct KeyFaultTests {
    private let one = WorkerID(high: 1 << 63, low: 1)
    private let two = WorkerID(high: 1 << 63, low: 2)

    @Test("Fault 18: a client with a wrong key is refused and counted, others are unaffected")
    func wrongClientKey() async throws {
        let (one, two) = (one, two)
        let ring = try KeyRing()
        let good = try ring.pair("good")
        let unknown = try ring.pair("unknown", isAuthorized: false)
        try await ring.withCoordinator { coordinator, heard in
            let address = try await coordinator.address()
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await heard.hears(1, from: worker)
                try await ring.withWorker(two, ring.security(unknown), at: address) { other in
                    try await eventually("the refusal") { other.obstacle != nil }
                    let reason = try #require(other.obstacle)
                    #expect(reason.contains("refuses this worker's key unknown"))
                    #expect(reason.contains("ogive keys authorize unknown.pub"))
                    #expect(reason.contains(unknown.publicKey.description))
                    // It is tried again, and refused again.
                    try await eventually("three refusals") {
                        coordinator.handshakeFailures[.unauthorized] ?? 0 >= 3
                    }
                    #expect(await other.send(.heartbeat) == .full)
                    try await heard.hears(2, from: worker)
                    #expect(heard.all.allSatisfy { $0.worker == one })
                    #expect(
                        coordinator.counts["ogive_handshake_failures_total{reason=auth_400}"] ?? 0
                            >= 3)
                    // Once authorised it gets in by itself.
                    try ring.authorize(unknown)
                    try await heard.hears(3, from: other)
                    #expect(other.obstacle == nil)
                }
            }
        }
    }

    @Test("Fault 19: a worker that expects another coordinator's key says so and backs off")
    func wrongServerKey() async throws {
        let one = one
        let ring = try KeyRing()
        let good = try ring.pair("good")
        let other = try KeyPair.generate(name: "other").publicKey
        try await ring.withCoordinator { coordinator, heard in
            let security = ring.security(good, expecting: [other])
            let address = try await coordinator.address()
            try await ring.withWorker(one, security, at: address) { worker in
                try await eventually("the cause") { worker.obstacle != nil }
                let reason = try #require(worker.obstacle)
                #expect(reason.contains("does not prove to be the coordinator with the key"))
                #expect(reason.contains(other.description))
                #expect(reason.contains("worker.coordinator_key"))
                try await eventually("the count") {
                    coordinator.handshakeFailures[.protocolBroken] ?? 0 >= 2
                }
                #expect(heard.all.isEmpty)
            }
        }
    }

    @Test func aWorkerWithoutKeysIsToldThatTheyAreAskedFor() async throws {
        let ring = try KeyRing()
        try await ring.withCoordinator { coordinator, heard in
            try await ring.withWorker(one, nil, at: try await coordinator.address()) { worker in
                try await eventually("the cause") { worker.obstacle != nil }
                #expect(worker.obstacle?.contains("worker.key") == true)
                try await eventually("the count") {
                    coordinator.handshakeFailures[.protocolBroken] ?? 0 >= 1
                }
                #expect(heard.all.isEmpty)
            }
        }
    }

    @Test("Fault 22: a stolen routing id is dropped and counted, and its owner gets it back")
    func stolenRoutingID() async throws {
        let one = one
        let ring = try KeyRing()
        let (owner, thief) = (try ring.pair("owner"), try ring.pair("thief"))
        // libzmq leaves the owner's connection open and deaf: its probes find out. A coordinator
        // that probed as well would be aborted by libzmq when the deaf connection is closed.
        var configuration = KeyRing.configuration
        configuration.probeInterval = .milliseconds(100)
        configuration.probeTimeout = .seconds(1)
        try await ring.withCoordinator(configuration: configuration) {
            [configuration] coordinator, heard in
            let address = try await coordinator.address()
            try await ring.withWorker(
                one, ring.security(owner), at: address, configuration: configuration
            ) { worker in
                try await heard.hears(1, from: worker)
                try await ring.withWorker(one, ring.security(thief), at: address) { other in
                    try await eventually("the theft to be noticed") {
                        _ = await other.send(.credit(666))
                        return coordinator.dropped[.wrongUser] ?? 0 >= 1
                    }
                    #expect(!heard.credits(of: one).contains(666))
                    // The owner lost its connection, and comes back although the thief goes on.
                    try await heard.hears(2, from: worker)
                }
                try await heard.hears(3, from: worker)
                try await eventually("the owner to be reached") {
                    await coordinator.send([ToWorker(worker: one, message: .heartbeat)])
                        == [.queued]
                }
                #expect(Set(heard.credits(of: one)) == [1, 2, 3])
                #expect(
                    coordinator.counts["ogive_dropped_messages_total{reason=wrong_user}"] ?? 0 >= 1)
            }
        }
    }

    @Test("A revoked key loses its right although its connection stands")
    func revokedKey() async throws {
        let (one, two) = (one, two)
        let ring = try KeyRing()
        let (good, bad) = (try ring.pair("good"), try ring.pair("bad"))
        try await ring.withCoordinator { coordinator, heard in
            let address = try await coordinator.address()
            try await ring.withWorker(one, ring.security(good), at: address) { worker in
                try await ring.withWorker(two, ring.security(bad), at: address) { other in
                    try await heard.hears(1, from: worker)
                    try await heard.hears(1, from: other)
                    try ring.revoke(bad)
                    let prompt = ToWorker(worker: two, message: .heartbeat)
                    #expect(await coordinator.send([prompt]) == [.unreachable])
                    #expect(await other.send(.credit(2)) == .queued)
                    var answers = other.incoming.makeAsyncIterator()
                    guard case .refused(let reason) = await answers.next()?.last else {
                        Issue.record("a revoked worker is not told")
                        return
                    }
                    #expect(reason.contains("not authorised any more"))
                    #expect(reason.contains(bad.publicKey.description))
                    #expect(coordinator.dropped[.revoked] ?? 0 >= 1)
                    try await heard.hears(3, from: worker)
                    #expect(Set(heard.credits(of: two)) == [1])
                }
                // A new connection does not come about either.
                try await ring.withWorker(two, ring.security(bad), at: address) { other in
                    try await eventually("the refusal") { other.obstacle != nil }
                }
            }
        }
    }
}
