import OgiveCore
import OgiveTesting
import Testing

/// Keys that are hashed by multiplications.
@Suite("Quick hashes", .timeLimit(.minutes(1)))
struct QuickHashTests {
    /// The most numbers that share one of 4 096 buckets, of which each has one on the mean.
    private static func fullest(_ hashes: some Sequence<Int>) -> Int {
        var buckets = [Int](repeating: 0, count: 4_096)
        for hash in hashes { buckets[hash & 4_095] += 1 }
        return buckets.max() ?? 0
    }

    @Test(
        "Numbers in steps of any size spread over the buckets of a table",
        arguments: [1, 2, 64, 4_096, 1 << 20, 1 << 32, 1 << 48] as [UInt64])
    func steps(step: UInt64) {
        for seed in [0, 1, 0x1234_5678, -1] {
            let hashes = (0..<4_096 as Range<UInt64>).map {
                QuickHash.of($0 &* step, seed: seed)
            }
            // Chance alone has 10 or more in one of them once in 200 tries.
            #expect(Self.fullest(hashes) < 20)
        }
    }

    @Test("Workers that differ in one half alone spread as well")
    func workers() {
        let ids = (0..<2_048 as Range<UInt64>).flatMap {
            [WorkerID(high: 1 << 63, low: $0), WorkerID(high: 1 << 63 | $0 << 20, low: 7)]
        }
        #expect(Self.fullest(ids.map { $0._rawHashValue(seed: 3) }) < 20)
    }

    @Test("Equal keys have equal hashes, and tables find them")
    func tables() {
        var tasks: [TaskID: Int] = [:]
        for number in 0..<10_000 { tasks[TaskID(UInt64(number) << 30)] = number }
        #expect(tasks.count == 10_000)
        #expect((0..<10_000).allSatisfy { tasks[TaskID(UInt64($0) << 30)] == $0 })
        #expect(tasks[TaskID(1)] == nil)
        for number in stride(from: 0, to: 10_000, by: 2) {
            tasks[TaskID(UInt64(number) << 30)] = nil
        }
        #expect(tasks.count == 5_000)
        #expect(tasks[TaskID(1 << 30)] == 1 && tasks[TaskID(2 << 30)] == nil)
    }

    @Test("Texts with a word that follows from those before it do not share a hash")
    func texts() {
        // A lane that begins with what everybody knows is 0 behind a word that equals it.
        func mixed(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let product = left.multipliedFullWidth(by: right)
            return product.high ^ product.low
        }
        func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(word >> ($0 * 8) & 0xFF) } }
        let two: UInt64 = 0x1319_8A2E_0370_7345
        var texts: [CompletionText] = []
        var random = SeededRandom(seed: 1)
        while texts.count < 20 {
            let word = (0..<8).reduce(0 as UInt64) { word, _ in
                word << 8 | UInt64.random(in: 32..<127, using: &random)
            }
            let lane = bytes(mixed(32 ^ two ^ word, two))
            guard lane.allSatisfy({ (32..<127).contains($0) }) else { continue }
            let text = Array("firstone".utf8) + bytes(word) + Array("otherone".utf8) + lane
            texts.append(CompletionText(of: text, knownToBeUTF8: 0..<32))
        }
        for seed in [0, 1, 0x1234_5678_9ABC_DEF0] as [UInt64] {
            #expect(Set(texts.map { $0.quickHash(seed: seed) }).count == texts.count)
        }
    }
}
