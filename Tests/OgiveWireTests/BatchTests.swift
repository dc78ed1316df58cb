import OgiveCore
import OgiveWire
import Testing

@testable import fuzz

@Suite(.timeLimit(.minutes(10))) struct BatchTests {
    let worker = WorkerID(high: 1 << 63, low: 1)

    @Test(arguments: 0..<20 as Range<UInt64>)
    func whatGoesTogetherComesBackOneByOne(seed: UInt64) throws {
        var messages = RandomMessages(seed: seed)
        let results = (0..<9).map { _ in messages.taskResult() }
        var batch = EnvelopeBatch(worker: worker, term: Term(3))
        for result in results { #expect(try batch.add(result)) }
        let envelope = try WorkerEnvelope(decoding: batch.encoded())
        #expect(envelope.messages == results.map(WorkerMessage.result))
        #expect(envelope.worker == worker && envelope.term == Term(3))
        // It encodes to the same bytes.
        #expect(try envelope.encoded() == batch.encoded())
    }

    @Test func leasesGoTogetherToo() throws {
        var messages = RandomMessages(seed: 1)
        var leases: [CoordinatorMessage] = []
        var batch = EnvelopeBatch(worker: worker, term: Term(3))
        while leases.count < 9 {
            guard case .lease(let lease) = messages.coordinatorMessage(2) else { continue }
            leases.append(.lease(lease))
            #expect(try batch.add(lease))
        }
        #expect(try CoordinatorEnvelope(decoding: batch.encoded()).messages == leases)
    }

    @Test func oneThatIsFullTakesNoMore() throws {
        var messages = RandomMessages(seed: 2)
        var large = messages.taskResult(items: 0)
        var item = ItemResult(name: .draw(0))
        item.reward = 1
        item.completion = Completion(
            text: String(repeating: "x", count: 100_000), tokenCount: nil, finishReason: .stop,
            logProbability: nil)
        large.items = [item]
        var batch = EnvelopeBatch(worker: worker, term: Term(3))
        #expect(try batch.add(large))
        #expect(try !batch.add(large))
        #expect(try WorkerEnvelope(decoding: batch.encoded()).messages == [.result(large)])
    }

    @Test func whatCannotBeSentLeavesTheOthersThere() throws {
        var messages = RandomMessages(seed: 3)
        let good = messages.taskResult(items: 2)
        var bad = good
        bad.items[0].failure = nil
        bad.items[0].logProbability = nil
        bad.items[0].reward = .nan
        var batch = EnvelopeBatch(worker: worker, term: Term(3))
        #expect(try batch.add(good))
        #expect(throws: WireError.self) { try batch.add(bad) }
        #expect(try batch.add(good))
        #expect(
            try WorkerEnvelope(decoding: batch.encoded()).messages
                == [.result(good), .result(good)])
    }
}
