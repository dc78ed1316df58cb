import Testing

@testable import OgiveCore
@testable import OgiveTransport

@Suite(.timeLimit(.minutes(10))) struct PeerOwnersTests {
    private let start = ContinuousClock.now

    private func worker(_ number: UInt64) -> WorkerID { WorkerID(high: 1 << 63, low: number) }

    private func key(_ digit: Character) throws -> PublicKey {
        try #require(PublicKey(String(repeating: digit, count: 64)))
    }

    @Test func theFirstKeyOwnsARoutingIDAndOthersDoNotGetIt() throws {
        var owners = PeerOwners(countMax: 10, silenceMax: .seconds(10))
        #expect(owners.admit(worker(1), try key("a"), at: start) == .accepted)
        #expect(owners.admit(worker(1), try key("b"), at: start + .seconds(9)) == .wrongUser)
        #expect(owners.admit(worker(1), try key("a"), at: start + .seconds(9)) == .accepted)
        // A thief's tries do not keep an owner, and an owner's messages do.
        #expect(owners.admit(worker(1), try key("b"), at: start + .seconds(18)) == .wrongUser)
        #expect(owners.owner(of: worker(1)) == (try key("a")))
    }

    @Test func whoComesBackWithItsKeyIsNeverLockedOut() throws {
        var owners = PeerOwners(countMax: 1, silenceMax: .seconds(10))
        #expect(owners.admit(worker(1), try key("a"), at: start) == .accepted)
        #expect(owners.admit(worker(1), try key("a"), at: start + .seconds(99)) == .accepted)
    }

    @Test func aSilentOwnerIsForgotten() throws {
        var owners = PeerOwners(countMax: 10, silenceMax: .seconds(10))
        #expect(owners.admit(worker(1), try key("a"), at: start) == .accepted)
        #expect(owners.admit(worker(1), try key("b"), at: start + .seconds(10)) == .accepted)
        owners.remove(worker(1))
        #expect(owners.count == 0)
    }

    @Test func atTheBoundNewcomersWaitUntilOthersFellSilent() throws {
        var owners = PeerOwners(countMax: 2, silenceMax: .seconds(10))
        #expect(owners.admit(worker(1), try key("a"), at: start) == .accepted)
        #expect(owners.admit(worker(2), try key("b"), at: start + .seconds(5)) == .accepted)
        #expect(owners.admit(worker(3), try key("c"), at: start + .seconds(6)) == .full)
        #expect(owners.admit(worker(2), try key("b"), at: start + .seconds(6)) == .accepted)
        #expect(owners.admit(worker(3), try key("c"), at: start + .seconds(12)) == .accepted)
        #expect(owners.count == 2)
    }

    @Test("Fault 69: one key leaves half of the room for routing ids to others")
    func oneKeyLeavesHalfOfTheRoomToOthers() throws {
        var owners = PeerOwners(countMax: 4, silenceMax: .seconds(10))
        for number in 1...2 as ClosedRange<UInt64> {
            #expect(owners.admit(worker(number), try key("a"), at: start) == .accepted)
        }
        #expect(owners.admit(worker(3), try key("a"), at: start + .seconds(2)) == .full)
        #expect(owners.admit(worker(4), try key("b"), at: start + .seconds(2)) == .accepted)
        // Whoever left or fell silent makes room.
        owners.remove(worker(1))
        #expect(owners.admit(worker(3), try key("a"), at: start + .seconds(2)) == .accepted)
        #expect(owners.admit(worker(5), try key("a"), at: start + .seconds(11)) == .accepted)
        #expect(owners.count == 3)
    }
}
