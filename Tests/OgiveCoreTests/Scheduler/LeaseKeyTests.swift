import OgiveCore
import OgiveTesting
import Testing

@Suite("Proofs of leases", .timeLimit(.minutes(10)))
struct LeaseKeyTests {
    static let claim = LeaseClaim(
        lease: LeaseName(term: Term(5), task: TaskID(7), epoch: Epoch(2)), run: RunID(1),
        prompt: PromptID(3), seedBase: 99, items: [.draw(0), .draw(1), .candidate(0)],
        proof: .unproved)
    static let holder = LeaseHolder(worker: WorkerID(high: 1 << 63, low: 1), key: "key")

    @Test("Test case 2 of RFC 4231, its key padded to 32 bytes as HMAC pads it")
    func vector() throws {
        let key = try #require(
            LeaseKey(bytes: Array("Jefe".utf8) + [UInt8](repeating: 0, count: 28)))
        #expect(
            key.authenticate(Array("what do ya want for nothing?".utf8)).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    /// A coordinator of a later version must know the leases of an earlier one.
    @Test("What is proved, byte by byte")
    func message() throws {
        let key = try #require(LeaseKey(bytes: [UInt8](repeating: 7, count: 32)))
        func big(_ number: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        }
        var message = Array("ogive lease".utf8)
        for number in [5, 7, 2, 1 << 63, 1, 3] as [UInt64] { message += big(number) }
        message += Array("key".utf8)
        for number in [1, 3, 99, 3] as [UInt64] { message += big(number) }
        message += [0] + big(0) + [0] + big(1) + [1] + big(0)
        #expect(key.proof(of: Self.claim, heldBy: Self.holder) == key.authenticate(message))
    }

    @Test("A key has 32 bytes")
    func length() {
        #expect(LeaseKey(bytes: [UInt8](repeating: 1, count: 31)) == nil)
        #expect(LeaseKey(bytes: []) == nil)
    }

    static let others: [(LeaseClaim, LeaseHolder)] = {
        func with(_ change: (inout LeaseClaim) -> Void) -> (LeaseClaim, LeaseHolder) {
            var claim = claim
            change(&claim)
            return (claim, holder)
        }
        return [
            with { $0.lease.term = Term(6) }, with { $0.lease.task = TaskID(8) },
            with { $0.lease.epoch = Epoch(3) }, with { $0.run = RunID(2) },
            with { $0.prompt = PromptID(4) }, with { $0.seedBase = 98 },
            with { $0.items = [.draw(0), .draw(1)] },
            with { $0.items = [.draw(1), .draw(0), .candidate(0)] },
            with { $0.items[2] = .candidateLogProbability(0) },
            (claim, LeaseHolder(worker: WorkerID(high: 1 << 63, low: 2), key: "key")),
            (claim, LeaseHolder(worker: holder.worker, key: "kez")),
            (claim, LeaseHolder(worker: holder.worker, key: nil)),
        ]
    }()

    @Test(
        "Fault 43: a proof is of one lease, of one holder, of one secret", arguments: others.indices
    )
    func differs(index: Int) throws {
        let key = MemoryDatabase.leaseKey
        var (claim, holder) = Self.others[index]
        let proof = key.proof(of: Self.claim, heldBy: Self.holder)
        claim.proof = proof
        #expect(!key.proves(claim, heldBy: holder))
        var own = Self.claim
        own.proof = proof
        #expect(key.proves(own, heldBy: Self.holder))
        let other = try #require(LeaseKey(bytes: [UInt8](repeating: 9, count: 32)))
        #expect(!other.proves(own, heldBy: Self.holder))
    }
}
