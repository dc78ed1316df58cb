import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct VerifierScorerTests {
    private func scorer(_ rule: VerifierSpec) throws -> VerifierScorer {
        try VerifierScorer(spec: rule, model: "check")
    }

    private func requests(_ metadata: String, _ completions: [String]) -> [ScoreRequest] {
        completions.map {
            ScoreRequest(
                prompt: Samples.prompt(.text("?"), metadata: metadata), completion: $0)
        }
    }

    private func rewards(_ rule: VerifierSpec, _ metadata: String, _ completions: [String])
        async throws -> [Double?]
    {
        try await scorer(rule).score(requests(metadata, completions))
            .map { try? $0.get().reward }
    }

    @Test func finalNumberComparesLastNumbers() async throws {
        let rewards = try await rewards(
            VerifierSpec(rule: .finalNumber), #"{"answer": "3 + 15 = 18\n#### 18"}"#,
            ["I think 18.", "18 or 19", "eighteen", "#### 18.0"])
        #expect(rewards == [1, 0, 0, 1])
    }

    @Test func gradedGivesPartialCreditByRelativeError() async throws {
        var rule = VerifierSpec(rule: .finalNumber)
        rule.graded = true
        let answer = #"{"answer": 20}"#
        #expect(try await rewards(rule, answer, ["20", "15", "50", "no"]) == [1, 0.75, 0, 0])
        // Below 1 the error counts absolutely: max(|a|, 1).
        #expect(try await rewards(rule, #"{"answer": 0.5}"#, ["0.25"]) == [0.75])
    }

    @Test func exactIgnoresSurroundingSpaceOnly() async throws {
        let rewards = try await rewards(
            VerifierSpec(rule: .exact), #"{"answer": " yes "}"#, ["yes\n", "Yes", "ye s"])
        #expect(rewards == [1, 0, 0])
    }

    @Test func regexTakesTheFieldOrAPattern() async throws {
        #expect(
            try await rewards(
                VerifierSpec(rule: .regex), #"{"answer": "1[89]"}"#, ["it is 18", "20"]) == [1, 0])
        var rule = VerifierSpec(rule: .regex)
        rule.pattern = #"answer is (\w+)"#
        #expect(
            try await rewards(rule, #"{"answer": "B"}"#, ["The answer is B", "answer is C", ""])
                == [1, 0, 0])
    }

    @Test func badPatternIsRefused() async throws {
        var rule = VerifierSpec(rule: .regex)
        rule.pattern = "("
        let error = #expect(throws: ModelError.self) { try scorer(rule) }
        #expect(error?.code == .invalidSpecification)
    }

    @Test func `A field that is no expression costs its own prompt`() async throws {
        let scorer = try scorer(VerifierSpec(rule: .regex))
        let answer = await scorer.score(requests(#"{"answer": "("}"#, ["x"]))[0]
        #expect(answer.code == .missingField)
        #expect(answer.message.contains("`p1`") && answer.message.contains("`(`"))
        if case .failure(let error) = answer { #expect(!error.concernsEndpoint) }
    }

    @Test(arguments: [true, false])
    func `An expression that takes too long costs its item`(isOwn: Bool) async throws {
        var rule = VerifierSpec(rule: .regex)
        if !isOwn { rule.pattern = "(a+)+[bc]" }
        let requests = requests(
            #"{"answer": "(a+)+[bc]"}"#, [String(repeating: "a", count: 5_000), "ab"])
        let answers = await (try scorer(rule)).score(requests)
        #expect(answers[0].code == .tooCostly)
        #expect(answers[0].message.contains("(a+)+[bc]"))
        if case .failure(let error) = answers[0] {
            #expect(!error.concernsEndpoint && !error.isRetriable)
        }
        #expect(answers[1] == .success(Score(isOwn ? 1 : 0)))
    }

    @Test(arguments: [#"{}"#, #"{"answer": null}"#, #"{"answer": [1]}"#, "[]", "broken"])
    func missingAnswerIsAFailureAndNotAReward(_ metadata: String) async throws {
        let scorer = try scorer(VerifierSpec(rule: .finalNumber))
        #expect(await scorer.score(requests(metadata, ["18"]))[0].code == .missingField)
    }

    @Test func conforms() async throws {
        let conformance = ScorerConformance(
            scorer: try scorer(VerifierSpec(rule: .finalNumber)),
            requests: requests(#"{"answer": "18"}"#, ["18", "19", "x"]))
        #expect(await conformance.problems() == [])
    }
}
