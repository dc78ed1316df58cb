import OgiveCore
import OgiveTesting
import Testing

/// What is left of counts that cannot be so, before a worker sends them.
@Suite("Bounds of token counts", .timeLimit(.minutes(10)))
struct TokenBoundsTests {
    private static let huge = TokenCount(input: 1 << 40, output: 1 << 40)

    private static func lease(_ prompt: String = "?", text: String? = nil) -> Lease {
        Lease(
            name: LeaseName(term: Term(1), task: TaskID(1), epoch: Epoch(1)), run: RunID(1),
            prompt: Prompt(id: PromptID(1), key: "k", content: .text(prompt), metadata: "{}"),
            seedBase: 0, items: [WorkItem(name: .draw(0), text: text)], duration: .seconds(1),
            proof: .unproved)
    }

    /// What becomes of a draw with the text `abcd`.
    private static func possible(
        _ spec: RunSpec = SimulatedModel.run(draws: 1).spec, of lease: Lease? = nil,
        _ change: (inout ItemResult) -> Void
    ) throws -> ItemResult {
        var result = ItemResult(name: .draw(0))
        result.completion = Completion(
            text: "abcd", tokenCount: 2, finishReason: .stop, logProbability: nil)
        result.reward = 1
        change(&result)
        let lease = lease ?? Self.lease()
        return try #require(TokenBounds(spec).possible([result], of: lease).first)
    }

    @Test("A count at its bound stays; one beyond it is not reported, and nothing else changes")
    func ofADraw() throws {
        // max_tokens is 512.
        let own = 512 + 4 + 256
        let counts: [(Int, Int?)] = [(own, own), (own + 1, nil), (Int.max, nil)]
        for (count, expected) in counts {
            let result = try Self.possible { $0.completion?.tokenCount = count }
            #expect(result.completion?.tokenCount == expected)
            #expect(result.completion?.text == "abcd" && result.reward == 1)
        }
        // One byte of the prompt, and two of its metadata.
        let read = 16_384 + 16 * 3
        for (count, expected) in [(read, read), (read + 1, nil)] as [(Int, Int?)] {
            let result = try Self.possible { $0.completion?.promptTokenCount = count }
            #expect(result.completion?.promptTokenCount == expected)
            #expect(result.completion?.tokenCount == 2)
        }
    }

    @Test("What an item is said to have of a request is lowered, so that budgets still count it")
    func ofARequest() throws {
        let result = try Self.possible {
            $0.scorerTokens = Self.huge
            $0.policyTokens = Self.huge
        }
        #expect(result.scorerTokens == TokenCount(input: 16_384 + 16 * 7, output: 256))
        #expect(result.policyTokens == TokenCount(input: 16_384 + 16 * 3, output: 772))
        let small = TokenCount(input: 900, output: 3)
        #expect(try Self.possible { $0.scorerTokens = small }.scorerTokens == small)
    }

    @Test("A scorer of several requests takes what all of them take")
    func ofAWeightedSum() throws {
        var judge = JudgeSpec(prompt: "ab", minimum: 0, maximum: 1)
        judge.samples = 3
        judge.maxTokens = 10
        var spec = SimulatedModel.run(draws: 1).spec
        spec.scoring.scorer = ScorerSpec(
            kind: .weighted([
                PartSpec(
                    name: "j", weight: 1, scorer: ScorerSpec(kind: .judge(judge), model: "j")),
                PartSpec(name: "r", weight: 1, scorer: ScorerSpec(kind: .rerank, model: "r")),
            ]), model: "sum")
        let result = try Self.possible(spec) { $0.scorerTokens = Self.huge }
        #expect(
            result.scorerTokens
                == TokenCount(input: 4 * (16_384 + 16 * 7) + 16 * 3 * 2, output: 256 + 3 * 266))
    }

    @Test("Texts of prompt, lease and request count; no request reads more than 4 Mi tokens")
    func ofTexts() throws {
        var spec = SimulatedModel.run(draws: 1).spec
        spec.scoring.sampling.policy.extraBody = ["k": .integer(1)]
        func read(_ lease: Lease) throws -> Int? {
            try Self.possible(spec, of: lease) { $0.policyTokens = Self.huge }.policyTokens?.input
        }
        // {"k":1} has seven bytes.
        #expect(try read(Self.lease()) == 16_384 + 16 * (3 + 7))
        #expect(try read(Self.lease(text: "given")) == 16_384 + 16 * (8 + 7))
        let long = String(repeating: "x", count: 300_000)
        #expect(try read(Self.lease(long)) == 1 << 22)
    }
}
