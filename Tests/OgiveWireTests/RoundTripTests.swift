import OgiveCore
import OgiveWire
import Testing

@testable import fuzz

@Suite(.timeLimit(.minutes(10))) struct RoundTripTests {
    @Test(arguments: 0..<10)
    func everyWorkerMessageComesBackAsItWasSent(kind: Int) throws {
        var messages = RandomMessages(seed: UInt64(kind))
        for _ in 0..<200 {
            let sent = WorkerEnvelope(
                worker: messages.workerID(), term: messages.term(),
                message: messages.workerMessage(kind))
            #expect(try WorkerEnvelope(decoding: sent.encoded()) == sent)
        }
    }

    @Test(arguments: 0..<10)
    func everyCoordinatorMessageComesBackAsItWasSent(kind: Int) throws {
        var messages = RandomMessages(seed: UInt64(kind))
        for _ in 0..<200 {
            let sent = CoordinatorEnvelope(
                worker: messages.workerID(), term: messages.term(),
                message: messages.coordinatorMessage(kind))
            #expect(try CoordinatorEnvelope(decoding: sent.encoded()) == sent)
        }
    }

    @Test func textsComeBackByteForByte() throws {
        var messages = RandomMessages(seed: 3)
        for _ in 0..<200 {
            let text = messages.text(max: 200)
            let sent = CoordinatorEnvelope(
                worker: messages.workerID(), term: Term(0), message: .idle(text))
            guard
                case .idle(let received) = try CoordinatorEnvelope(decoding: sent.encoded()).message
            else {
                Issue.record("another message came back")
                return
            }
            // `==` of strings takes canonically equivalent texts for equal.
            #expect(Array(received.utf8) == Array(text.utf8))
        }
    }

    @Test func theBytesOfAnEnvelopeNeverChange() throws {
        let envelope = WorkerEnvelope(
            worker: WorkerID(high: 0x8001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F),
            term: Term(7),
            message: .returned([LeaseName(term: Term(7), task: TaskID(300), epoch: Epoch(1))]))
        let golden: [UInt8] = [
            0x0D, 0x4F, 0x47, 0x56, 0x45,  // 1: magic, "OGVE"
            0x10, 0x03,  // 2: protocol version 3
            0x18, 0x07,  // 3: term 7
            0x22, 0x10,  // 4: 16 bytes of the incarnation
            0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
            0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
            0x72, 0x09,  // 14: returned
            0x0A, 0x07,  // 1: a lease
            0x08, 0x07, 0x10, 0xAC, 0x02, 0x18, 0x01,  // term 7, task 300, epoch 1
        ]
        #expect(try envelope.encoded() == golden)
        #expect(try WorkerEnvelope(decoding: golden) == envelope)
    }
}
