import OgiveCore
import SwiftProtobuf
import Testing

@testable import OgiveWire
@testable import fuzz

/// What is written by hand is what the proto file says: the generated code reads it, knows all of
/// it, and writes the same bytes.
@Suite(.timeLimit(.minutes(10))) struct GeneratedCodeTests {
    func expectSame(_ bytes: [UInt8]) throws {
        let read = try Ogive_V1_Envelope(
            serializedBytes: bytes, options: WireHeader.decoding)
        let written: [UInt8] = try read.serializedBytes()
        #expect(written == bytes)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func itReadsResultsAndWritesTheSameBytes(seed: UInt64) throws {
        var messages = RandomMessages(seed: seed)
        var batch = EnvelopeBatch(worker: messages.workerID(), term: messages.term())
        for _ in 0..<3 {
            let result = messages.taskResult(items: Int.random(in: 0...40, using: &messages.random))
            #expect(try batch.add(result))
        }
        try expectSame(try batch.encoded())
    }

    @Test(arguments: [2, 3]) func itReadsLeasesAndAcknowledgementsToo(kind: Int) throws {
        for seed in 0..<200 as Range<UInt64> {
            var messages = RandomMessages(seed: seed)
            let envelope = CoordinatorEnvelope(
                worker: messages.workerID(), term: messages.term(),
                message: messages.coordinatorMessage(kind))
            try expectSame(try envelope.encoded())
        }
    }

    @Test func itReadsTheValuesThatWereWritten() throws {
        var item = ItemResult(name: .draw(300))
        item.completion = Completion(
            text: "né", tokenCount: 7, finishReason: .length, logProbability: -1.5)
        item.completion?.promptTokenCount = 9
        item.completion?.tokenIDs = [1, 70_000]
        item.completion?.tokenLogProbabilities = [-0.5, -1]
        item.seed = 1 << 62
        item.sampleDuration = .nanoseconds(5)
        item.reward = 2.5
        item.parts = [1, 1.5]
        item.scorerTokens = TokenCount(input: 11, output: 12)
        item.policyTokens = TokenCount(input: 13, output: 14)
        var failed = ItemResult(name: .candidate(2))
        failed.failure = Failure(stage: .scoring, code: .timeout, message: "slow", attempts: 3)
        let lease = LeaseName(term: Term(1), task: TaskID(2), epoch: Epoch(3))
        let claim = LeaseClaim(
            lease: lease, run: RunID(4), prompt: PromptID(5), seedBase: 6,
            items: [item.name, failed.name], proof: SHA256Digest(hashing: "proof"))
        let bytes = try WorkerEnvelope(
            worker: WorkerID(high: 1 << 63, low: 1), term: Term(1),
            message: .result(TaskResult(claim: claim, part: 1, items: [item, failed]))
        ).encoded()
        let read = try Ogive_V1_Envelope(serializedBytes: bytes).results.results[0]
        #expect(read.part == 1 && read.claim.lease.epoch == 3 && read.claim.prompt == 5)
        #expect(read.claim.items.kinds == [.draw, .candidate])
        let columns = read.items
        #expect(columns.names.indexes == [300, 2])
        let all: [Ogive_V1_ItemResults.Has] = [
            .completion, .tokenCount, .logProbability, .promptTokenCount, .tokenIds,
            .tokenLogProbabilities, .seed, .sampleNanoseconds, .reward, .parts, .scorerTokens,
            .policyTokens,
        ]
        #expect(
            columns.has.map { Int($0) } == [
                all.reduce(0) { $0 + $1.rawValue }, Ogive_V1_ItemResults.Has.failure.rawValue,
            ])
        #expect(Array(columns.texts) == Array("né".utf8) && columns.textBytes == [3])
        #expect(columns.finishReasons == [.length] && columns.tokenCounts == [7])
        #expect(columns.logProbabilities == [-1.5] && columns.promptTokenCounts == [9])
        #expect(columns.tokenIDCounts == [2] && columns.tokenIds == [1, 70_000])
        #expect(
            columns.tokenLogProbabilityCounts == [2]
                && columns.tokenLogProbabilities == [-0.5, -1])
        #expect(columns.seeds == [1 << 62] && columns.sampleNanoseconds == [5])
        #expect(columns.rewards == [2.5] && columns.partCounts == [2] && columns.parts == [1, 1.5])
        #expect(columns.scorerInputs == [11] && columns.scorerOutputs == [12])
        #expect(columns.policyInputs == [13] && columns.policyOutputs == [14])
        #expect(columns.failures.map(\.code) == ["timeout"])
    }
}
