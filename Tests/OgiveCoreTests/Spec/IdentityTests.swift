import OgiveCore
import OgiveTesting
import Testing

@Suite("Identities", .timeLimit(.minutes(10)))
struct IdentityTests {
    @Test("A worker's id survives the way through its 16 bytes")
    func workerBytes() throws {
        var random = SeededRandom(seed: 1)
        for _ in 0..<100 {
            let id = WorkerID(using: &random)
            #expect(id.bytes.count == 16)
            #expect(id.bytes[0] != 0)
            #expect(WorkerID(bytes: id.bytes) == id)
        }
    }

    @Test("Anything but 16 bytes is no worker's id", arguments: [0, 1, 15, 17, 32])
    func workerBytesRefused(count: Int) {
        #expect(WorkerID(bytes: Array(repeating: 1, count: count)) == nil)
    }

    @Test("Workers are ordered as their bytes, and named by their first four")
    func workerOrder() {
        let small = WorkerID(high: 0x0102_0304_0506_0708, low: 9)
        let large = WorkerID(high: 0x0102_0304_0506_0708, low: 10)
        #expect(small < large)
        #expect(small.bytes.lexicographicallyPrecedes(large.bytes))
        #expect(small.description == "01020304")
    }

    @Test("SHA-256 agrees with the standard's examples")
    func sha256() {
        #expect(
            SHA256Digest(hashing: "abc").hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256Digest(hashing: "").hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("A stored digest must have 32 bytes", arguments: [0, 31, 33])
    func storedDigest(count: Int) {
        #expect(SHA256Digest(bytes: Array(repeating: 0, count: count)) == nil)
    }

    @Test("Fingerprints name the facts in which they differ, in order")
    func differences() {
        let mine = Fingerprint(["model": "a", "version": "1", "n_ctx": "512"])
        let other = Fingerprint(["model": "a", "version": "2", "quantization": "q4"])
        #expect(
            mine.differences(from: other) == [
                "n_ctx: 512 → absent", "quantization: absent → q4", "version: 1 → 2",
            ])
        #expect(mine.differences(from: mine) == [])
        #expect(mine.digest != other.digest)
    }
}
