import OgiveCore
import OgiveWire
import Testing

@testable import fuzz

@Suite(.timeLimit(.minutes(10))) struct ResultSplitterTests {
    let worker = WorkerID(high: 1 << 63, low: 1)

    func item(_ index: Int32, bytes: Int) -> ItemResult {
        var item = ItemResult(name: .draw(index))
        item.reward = Double(index)
        item.completion = Completion(
            text: String(repeating: "x", count: bytes), tokenCount: bytes, finishReason: .length,
            logProbability: -1)
        return item
    }

    func result(_ items: [ItemResult]) -> TaskResult {
        TaskResult(
            claim: LeaseClaim(
                lease: LeaseName(term: Term(.max), task: TaskID(.max), epoch: Epoch(.max)),
                run: RunID(.max), prompt: PromptID(.max), seedBase: .max,
                items: items.map(\.name), proof: SHA256Digest(hashing: "")),
            part: 0, items: items)
    }

    /// The parts of a result, as the worker's session makes them.
    func split(_ result: TaskResult, by splitter: ResultSplitter = ResultSplitter()) -> [TaskResult]
    {
        splitter.split(result.items).enumerated().map { number, items in
            var part = result
            part.part = number
            part.items = items
            return part
        }
    }

    @Test func whatFitsStaysWhole() {
        let whole = result([item(0, bytes: 100), item(1, bytes: 100)])
        #expect(split(whole) == [whole])
        #expect(split(result([])) == [result([])])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func partsFitAndTogetherAreTheWhole(seed: UInt64) throws {
        var messages = RandomMessages(seed: seed)
        var whole = messages.taskResult(items: Int.random(in: 1...40, using: &messages.random))
        whole.part = 0
        whole.claim.items = whole.items.map(\.name)
        let bound = Int.random(in: 2048...8192, using: &messages.random)
        let parts = split(whole, by: ResultSplitter(messageBytesMax: bound, itemsMax: 7))
        #expect(parts.flatMap(\.items) == whole.items)
        #expect(parts.map(\.part) == Array(0..<parts.count))
        for part in parts {
            #expect(part.items.count <= 7)
            #expect(part.claim == whole.claim)
            let bytes = try WorkerEnvelope(
                worker: worker, term: Term(.max), message: .result(part)
            ).encoded()
            #expect(bytes.count <= bound)
        }
    }

    @Test func anItemThatFitsNoMessageBecomesAFailureThatTellsItsSize() throws {
        let splitter = ResultSplitter(messageBytesMax: 2304)
        let parts = split(
            result([item(0, bytes: 10), item(1, bytes: 5000), item(2, bytes: 1500)]), by: splitter)
        let items = parts.flatMap(\.items)
        #expect(items.map(\.name) == [.draw(0), .draw(1), .draw(2)])
        #expect(items[0].failure == nil && items[2].failure == nil)
        #expect(items[1].completion == nil && items[1].reward == nil)
        #expect(items[1].failure?.code == .tooLarge)
        #expect(items[1].failure?.stage == .sampling)
        #expect(items[1].failure?.message.contains("5000") == true)
        for part in parts {
            let bytes = try WorkerEnvelope(worker: worker, term: Term(1), message: .result(part))
                .encoded()
            #expect(bytes.count <= 2304)
        }
    }

    @Test func theLargestTextsOfOneResultGoIntoPartsThatAreCarried() throws {
        let large = result((0..<3).map { item($0, bytes: WireLimits.textBytes) })
        let parts = split(large)
        #expect(parts.map { $0.items.count } == [1, 1, 1])
        #expect(parts.allSatisfy { $0.items.allSatisfy { $0.failure == nil } })
        for part in parts {
            #expect(throws: Never.self) {
                _ = try WorkerEnvelope(worker: worker, term: Term(1), message: .result(part))
                    .encoded()
            }
        }
    }
}
