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
