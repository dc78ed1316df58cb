import OgiveCore
import OgiveTesting
import Testing

@Suite("Seeds of draws", .timeLimit(.minutes(10)))
struct DrawSeedTests {
    private func base(_ sampling: String, _ key: String, isWide: Bool = false) -> UInt64 {
        DrawSeed.base(
            sampling: SHA256Digest(hashing: sampling), promptKey: key, isWide: isWide)
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
        #expect(base("sampling", "prompt", isWide: true) == 4_719_627_386_886_649_753)
    }

    @Test("Wide seeds have 63 bits; a server of 32 bits is sent the seeds that it always was")
    func wide() {
        var upper: UInt64 = 0
        for number in 0..<2_000 {
            let key = "prompt \(number)"
            let (wide, narrow) = (base("sampling", key, isWide: true), base("sampling", key))
            #expect(wide <= DrawSeed.baseMax && wide + UInt64(DrawSeed.room) < 1 << 63)
            for index in [0, 1, UInt64(DrawSeed.room) - 1] {
                #expect(DrawSeed.lower(wide + index) == narrow + index)
            }
            upper |= wide
        }
        #expect(upper >> 31 == UInt64(UInt32.max))
    }

    @Test("Whether seeds are wide is part of a sampling's identity, and former ones keep theirs")
    func identity() {
        var parameters = SamplingParameters()
        #expect(!CanonicalJSON.text(parameters).contains("seed_bits"))
        parameters.seedBits = DrawSeed.bits
        #expect(CanonicalJSON.text(parameters).contains(#""seed_bits":63"#))
        #expect(parameters.problem == nil)
        parameters.seedBits = 64
        #expect(parameters.problem?.contains("seed_bits") == true)
    }
}
