import OgiveCore
import OgiveTesting
import Testing

/// What a worker reports of its slots.
@Suite(.timeLimit(.minutes(10)))
struct SessionLoadTests {
    typealias Bench = SessionBench

    private static func load(_ busy: Int) -> WorkerLoad {
        var load = WorkerLoad()
        load.sampleSlots = 8
        load.slotTime[SlotWait(stage: .sample, side: .policy)] = busy
        return load
    }

    @Test func `A heartbeat carries the load, with the draws that were acknowledged`() throws {
        var bench = Bench.registered()
        bench.handle(.load(Self.load(100)))
        let ticket = try bench.take(1)
        var scored = Bench.results(0, 1)
        scored[0].completion = Completion(
            text: "a", tokenCount: 3, finishReason: .stop, logProbability: nil)
        var candidate = ItemResult(name: .candidate(0))
        candidate.reward = 1
        bench.handle(.done(ticket, [scored, [candidate]]))
        // Nothing counts before its acknowledgement, and nothing counts twice.
        var expected = Self.load(100)
        #expect(bench.handle(.tick, after: .seconds(2)).sent.contains(.report(expected, [])))
        for part in [0, 0, 1] {
            bench.hear(.acks([ResultName(lease: Bench.name(1), part: part)]))
        }
        expected.draws = 2
        expected.tokens = 3
        #expect(bench.handle(.tick, after: .seconds(2)).sent.contains(.report(expected, [])))
        bench.handle(.load(Self.load(900)))
        expected.slotTime = Self.load(900).slotTime
        #expect(bench.handle(.tick, after: .seconds(2)).sent.contains(.report(expected, [])))
    }

    @Test func `A hello to another coordinator says what was reported, and not what is new`()
        throws
    {
        var bench = Bench.registered()
        bench.handle(.load(Self.load(100)))
        bench.handle(.tick, after: .seconds(2))
        bench.handle(.load(Self.load(200)))
        let hello = try #require(bench.hear(.reRegister).hellos.first)
        #expect(hello.reported == Self.load(100))
    }

    @Test func `A worker that leaves says first what its slots did`() {
        var bench = Bench.registered()
        bench.handle(.load(Self.load(100)))
        bench.handle(.tick, after: .seconds(2))
        bench.handle(.load(Self.load(150)))
        let sent = bench.handle(.drain).sent
        #expect(sent.suffix(2) == [.report(Self.load(150), []), .goodbye])
    }
}
