import OgiveCore
import OgiveWire
import Testing

/// Damages valid envelopes at random. What must hold: no trap, and what decodes encodes again.
@Suite struct FuzzTests {
    private struct Sample {
        var fromWorker: Bool
        var bytes: [UInt8]
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func damagedEnvelopesNeverTrap(seed: UInt64) async throws {
        var messages = RandomMessages(seed: seed)
        let samples = try (0..<500).map { try sample($0, &messages) }
        var decoded = 0
        for round in 0..<25_000 {
            let sample = samples[round % samples.count]
            var bytes = sample.bytes
            damage(&bytes, using: &messages.random)
            decoded += survives(bytes, sample.fromWorker) ? 1 : 0
            // Other tests wait for messages meanwhile.
            if round % 100 == 0 { await Task.yield() }
        }
        // Otherwise the damage is such that nothing behind the header is ever reached.
        #expect(decoded > 500)
    }

    private func sample(_ round: Int, _ messages: inout RandomMessages) throws -> Sample {
        let (worker, term) = (messages.workerID(), messages.term())
        guard round % 2 == 0 else {
            let message = messages.coordinatorMessage(round / 2)
            let envelope = CoordinatorEnvelope(worker: worker, term: term, message: message)
            return Sample(fromWorker: false, bytes: try envelope.encoded())
        }
        let message = messages.workerMessage(round / 2)
        let envelope = WorkerEnvelope(worker: worker, term: term, message: message)
        return Sample(fromWorker: true, bytes: try envelope.encoded())
    }

    /// Whether the bytes are a message; records when one cannot be encoded again.
    private func survives(_ bytes: [UInt8], _ fromWorker: Bool) -> Bool {
        do throws(WireError) {
            if fromWorker {
                let envelope = try WorkerEnvelope(decoding: bytes)
                #expect(encodes { () throws(WireError) in try envelope.encoded() })
            } else {
                let envelope = try CoordinatorEnvelope(decoding: bytes)
                #expect(encodes { () throws(WireError) in try envelope.encoded() })
            }
            return true
        } catch {
            return false
        }
    }

    private func encodes(_ encode: () throws(WireError) -> [UInt8]) -> Bool {
        do throws(WireError) { return try encode().isEmpty == false } catch { return false }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout SplitMix) {
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 30 {
            // Damage to the magic is found at once and teaches nothing; spare it mostly.
            let least = Int.random(in: 0..<20, using: &random) == 0 ? 0 : 5
            let at = Int.random(in: least..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.remove(at: at)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 4: bytes.removeLast(Int.random(in: 0..<min(20, bytes.count - 25), using: &random))
            default:
                let end = min(bytes.count, at + Int.random(in: 1...12, using: &random))
                let piece = Array(bytes[at..<end])
                bytes.insert(contentsOf: piece, at: at)
            }
        }
    }
}
