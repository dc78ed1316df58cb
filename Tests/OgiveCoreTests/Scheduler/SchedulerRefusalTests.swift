import OgiveCore
import OgiveTesting
import Testing

/// Results under a lease that was granted, which cannot be so.
@Suite("Scheduler: results that are refused", .timeLimit(.minutes(10)))
struct SchedulerRefusalTests {
    typealias Bench = SchedulerBench

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout TaskResult) -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout TaskResult) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    private static func failure(_ stage: Failure.Stage) -> Failure {
        Failure(stage: stage, code: .malformed, message: "", attempts: 1)
    }

    static let cases: [Case] = [
        Case("no seed") { $0.items[0].seed = nil },
        Case("a wrong seed") { $0.items[1].seed? += 1 },
        Case("a seed without a completion, and a wrong one") {
            $0.items[0].completion = nil
            $0.items[0].reward = nil
            $0.items[0].failure = failure(.sampling)
            $0.items[0].seed = 5
        },
        Case("no completion") { $0.items[0].completion = nil },
        Case("neither reward nor failure") { $0.items[0].reward = nil },
        Case("a reward and a failure") { $0.items[0].failure = failure(.scoring) },
        Case("a reward that is not finite") { $0.items[0].reward = .nan },
        Case("a reward that is too large") { $0.items[0].reward = -1.1e140 },
        Case("parts of a scorer that has none") { $0.items[0].parts = [1] },
        Case("a failure of another stage") {
            $0.items[0].reward = nil
            $0.items[0].failure = failure(.logProbability)
        },
        Case("a failed sampling with a completion") {
            $0.items[0].reward = nil
            $0.items[0].failure = failure(.sampling)
        },
        Case("a failed scoring without a completion") {
            $0.items[0].reward = nil
            $0.items[0].completion = nil
            $0.items[0].failure = failure(.scoring)
        },
        Case("the log-probability of a candidate") {
            $0.items[0].logProbability = LogProbability(sum: -1, tokenCount: 1)
        },
        Case("a positive log-probability") { $0.items[0].completion?.logProbability = 3 },
        Case("a sentinel for a log-probability") {
            $0.items[0].completion?.tokenLogProbabilities = [-9_999]
        },
        Case("fewer log-probabilities than tokens") {
            $0.items[0].completion?.tokenCount = 2
            $0.items[0].completion?.tokenLogProbabilities = [-1]
        },
        Case("fewer tokens than log-probabilities, whose number is right") {
            $0.items[0].completion?.tokenCount = 3
            $0.items[0].completion?.tokenIDs = [1, 2]
            $0.items[0].completion?.tokenLogProbabilities = [-1, -1, -1]
        },
        Case("a log-probability that no number of tokens explains") {
            $0.items[0].completion?.tokenCount = 1 << 20
            $0.items[0].completion?.logProbability = 2
        },
        Case("a log-probability that is next to no number") {
            $0.items[0].completion?.logProbability = -1e308
        },
        Case("more tokens than a text may have") {
            $0.items[0].completion?.tokenCount = Int(Int32.max)
        },
        Case("no items") { $0.items = [] },
        Case("the same item twice") { $0.items[1] = $0.items[0] },
        Case("an item of nobody") { $0.items[1].name = .draw(77) },
        Case("what a decoder could not read") {
            $0.items = []
            $0.fault = "it is no text"
        },
    ]

    @Test(
        "Fault 47: nothing of it counts, its sender is notified and gets no more of the run",
        arguments: cases)
    func refused(fault: Case) throws {
        var bench = Bench.loaded(draws: 4)
        let lease = try #require(bench.hello().leases.first)
        bench.hello(from: 2, credit: 0)
        guard case .result(var result) = Bench.result(lease) else { return }
        fault.change(&result)
        let effects = bench.say(.result(result))
        #expect(effects.batches.isEmpty)
        #expect(effects.acks.isEmpty)
        #expect(effects.rejections.map(\.0) == [ResultName(lease: lease.name, part: 0)])
        #expect(effects.idleReason?.contains("its results are refused") == true)
        #expect(effects.leases.isEmpty)
        #expect(bench.scheduler.counters.rejected == 1)
        #expect(bench.scheduler.load.inFlightItems == 0)
        // Others get its items, no attempt is charged, and the worker may come again.
        let other = try #require(bench.say(.credit(1), from: 2).leases.first)
        #expect(other.name.task == lease.name.task)
        #expect(bench.hello().leases.count == 1)
    }

    @Test("As it was, it counts")
    func taken() throws {
        var bench = Bench.loaded(draws: 4)
        let lease = try #require(bench.hello().leases.first)
        #expect(bench.say(Bench.result(lease)).batches.count == 1)
    }

    /// Counts of tokens, each at its bound: the text has 4 bytes, the prompt 1, its metadata 2, and
    /// `max_tokens` is 512.
    static let counts: [Case] = [
        Case("of the completion") { $0.items[0].completion?.tokenCount = 512 + 4 + 256 },
        Case("listed of the completion") {
            $0.items[0].completion?.tokenCount = nil
            $0.items[0].completion?.tokenIDs = Array(repeating: 1, count: 512 + 4 + 256)
        },
        Case("of the prompt") { $0.items[0].completion?.promptTokenCount = 16_384 + 16 * 3 },
        Case("read by the policy") {
            $0.items[0].policyTokens = TokenCount(input: 16_384 + 16 * 3)
        },
        Case("read by the scorer") {
            $0.items[0].scorerTokens = TokenCount(input: 16_384 + 16 * 7)
        },
        Case("written by the scorer") { $0.items[0].scorerTokens = TokenCount(output: 256) },
    ]

    /// One token more of what is counted.
    private static func raise(_ item: inout ItemResult) {
        if item.completion?.tokenIDs != nil { item.completion?.tokenIDs?.append(1) }
        item.completion?.tokenCount? += 1
        item.completion?.promptTokenCount? += 1
        item.policyTokens?.input += 1
        if item.scorerTokens?.output == 0 { item.scorerTokens?.input += 1 }
        if item.scorerTokens?.input == 0 { item.scorerTokens?.output += 1 }
    }

    @Test(
        "Fault 72: more tokens than there can be spend nothing of a budget; as many do",
        arguments: counts)
    func tokens(count: Case) throws {
        for isBeyond in [false, true] {
            var bench = Bench.loaded(draws: 2)
            let lease = try #require(bench.hello().leases.first)
            guard case .result(var result) = Bench.result(lease) else { return }
            count.change(&result)
            if isBeyond { Self.raise(&result.items[0]) }
            let effects = bench.say(.result(result))
            #expect(effects.batches.isEmpty == isBeyond)
            #expect(effects.rejections.isEmpty == !isBeyond)
            let says = effects.rejections.first.map { $0.reason.contains("tokens") }
            #expect(says == (isBeyond ? true : nil))
        }
    }

    @Test("Fault 64: a lease has no more parts than items: numbers without end are not kept")
    func partsWithoutEnd() throws {
        var bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        // What is there already comes under another number: it is nothing new.
        for part in 0..<2 {
            #expect(bench.say(Bench.result(lease, part: part, items: [0])).rejections.isEmpty)
        }
        let effects = bench.say(Bench.result(lease, part: 2, items: [0]))
        #expect(effects.rejections.map(\.0) == [ResultName(lease: lease.name, part: 2)])
    }

    @Test("Items with a text have neither a completion nor a seed")
    func texts() throws {
        for hasCompletion in [false, true] {
            var bench = Bench()
            bench.handle(.runs([Bench.boundRun(draws: 1)]))
            var pending = Bench.pending(1...1, draws: 1)
            pending[0].items[0].text = "there"
            bench.page(pending)
            let lease = try #require(bench.hello().leases.first)
            var item = ItemResult(name: .draw(0))
            item.reward = 1
            if hasCompletion {
                item.seed = lease.seedBase
                item.completion = Completion(
                    text: "another", tokenCount: 1, finishReason: .stop, logProbability: nil)
            }
            let effects = bench.say(
                .result(TaskResult(claim: lease.claim, part: 0, items: [item])))
            #expect(effects.batches.isEmpty == hasCompletion)
        }
    }
}
