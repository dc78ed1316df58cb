import OgiveCore
import OgiveTesting
import Testing

@Suite("Seeds of draws", .timeLimit(.minutes(10)))
struct DrawSeedTests {
    private func base(_ sampling: String, _ key: String) -> UInt32 {
        DrawSeed.base(sampling: SHA256Digest(hashing: sampling), promptKey: key)
    }

    @Test("Every seed fits 31 bits: no server takes it for \"random\"")
    func range() {
        for number in 0..<2_000 {
            let base = base("sampling", "prompt \(number)")
            #expect(UInt64(base) + UInt64(DrawSeed.room) <= 1 << 31)
        }
    }

    @Test("Bases spread evenly over their range")
    func spread() {
        var buckets = Array(repeating: 0, count: 16)
        let count = 4_000
        for number in 0..<count {
            let width = ((1 << 31) - DrawSeed.room) / 16 + 1
            buckets[Int(base("sampling", "\(number)")) / width] += 1
        }
        let expected = Double(count) / 16
        let chiSquare = buckets.reduce(0.0) {
            $0 + (Double($1) - expected) * (Double($1) - expected) / expected
        }
        // 15 degrees of freedom: the 99.99 % point is 44.3.
        #expect(chiSquare < 44.3)
    }

    @Test("Base depends on the sampling and on the prompt's key")
    func depends() {
        #expect(base("a", "x") == base("a", "x"))
        #expect(base("a", "x") != base("b", "x"))
        #expect(base("a", "x") != base("a", "y"))
    }

    @Test("The seeds of a known draw never change silently")
    func golden() {
        #expect(base("sampling", "prompt") == 1_268_086_681)
    }
}
