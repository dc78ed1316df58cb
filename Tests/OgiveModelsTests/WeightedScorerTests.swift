import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct WeightedScorerTests {
    /// Gives each completion what it says, as a number times `factor`; or a failure.
    private struct Fake: Scorer {
        var factor = 1.0
        var failure: ModelError?

        func fingerprint() async throws(ModelError) -> Fingerprint {
            Fingerprint(["model": "fake \(factor)"])
        }

        func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
            requests.map { request in
                if let failure, request.completion == "9" { return .failure(failure) }
                return .success(Score(factor * (Double(request.completion) ?? .nan)))
            }
        }
    }

    private func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }

    private func scorer(_ second: Fake = Fake(factor: 10)) -> WeightedScorer {
        WeightedScorer(
            model: "sum",
            parts: [
                .init(name: "a", weight: 2, scorer: Fake()),
                .init(name: "b", weight: -0.5, scorer: second),
            ])
    }

    @Test func conforms() async {
        let conformance = ScorerConformance(scorer: scorer(), requests: requests(["1", "2", "3"]))
        #expect(await conformance.problems() == [])
    }

    @Test func sumsTheWeightedPartsAndGivesThem() async throws {
        let scores = try await scorer().score(requests(["1", "-2"])).map { try $0.get() }
        #expect(scores == [Score(-3, parts: [1, 10]), Score(6, parts: [-2, -20])])
    }

    @Test func failedPartFailsItsItemAloneAndIsNamed() async {
        let failing = Fake(failure: ModelError(.timeout, "too slow", retryAfter: .seconds(3)))
        let answers = await scorer(failing).score(requests(["1", "9", "2"]))
        #expect(answers.map(\.code) == [nil, .timeout, nil])
        #expect(answers[1].message == "part `b`: too slow")
        if case .failure(let error) = answers[1] { #expect(error.retryAfter == .seconds(3)) }
    }

    @Test func failureThatIsFinalGoesBeforeOneThatMayPass() async {
        let scorer = WeightedScorer(
            model: "sum",
            parts: [
                .init(name: "a", weight: 1, scorer: Fake(failure: ModelError(.timeout, "slow"))),
                .init(name: "b", weight: 1, scorer: Fake(failure: ModelError(.rejected, "no"))),
            ])
        #expect(await scorer.score(requests(["9"]))[0].code == .rejected)
    }

    @Test func sumThatIsNoNumberIsNoReward() async {
        let answers = await scorer().score(requests(["x", "1e308", "1e140"]))
        #expect(answers.map(\.code) == [.notFinite, .notFinite, .notFinite])
    }

    @Test func fingerprintHasTheFactsOfAllParts() async throws {
        let facts = try await scorer().fingerprint().facts
        #expect(facts["a.model"] == "fake 1.0" && facts["b.model"] == "fake 10.0")
        #expect(facts["server"] == "weighted")
        let many = Fingerprint(
            Dictionary(uniqueKeysWithValues: (0..<150).map { ("fact \($0)", "x") }))
        let short = WeightedScorer.fingerprint(model: "sum", [("a", many), ("b", many)]).facts
        #expect(short.count == 4 && short["a.sha256"] == many.digest.hex)
    }

    @Test func isMadeOfTheConfiguredParts() async throws {
        let parts = [
            "exact": ScorerEndpoint(VerifierAdapter(), model: "exact"),
            "graded": ScorerEndpoint(VerifierAdapter(), model: "final_number"),
        ]
        let endpoint = ScorerEndpoint(WeightedAdapter(parts: parts), model: "sum")
        let models = try ConfiguredModels(policies: [], scorers: [endpoint])
        let offer = try await models.offer().scorers[0]
        #expect(offer.kind == "weighted" && offer.fingerprint.facts["exact.server"] == "verifier")
        var part = PartSpec(
            name: "exact", weight: 4,
            scorer: ScorerSpec(kind: .verifier(VerifierSpec(rule: .exact)), model: "exact"))
        var spec = ScorerSpec(kind: .weighted([part]), model: "sum")
        let request = ScoreRequest(
            prompt: Samples.prompt(.text("?"), metadata: #"{"answer": "4"}"#), completion: "4")
        let scorer = try models.scorers(for: spec)[0].model
        #expect(await scorer.score([request]) == [.success(Score(4, parts: [1]))])
        part.scorer.model = "other"
        spec.kind = .weighted([part])
        let error = #expect(throws: ModelError.self) { try models.scorers(for: spec) }
        #expect(error?.message.contains("part `exact`") == true)
    }

    @Test(arguments: [
        ([PartSpec](), "1 to 16 parts"),
        ([part("a"), part("a")], "different names"),
        ([part("")], "1 to 100 bytes"),
        ([part("a", .nan)], "must be finite"),
        ([part("a", 0)], "not 0"),
        ([part("a", 1, .weighted([]))], "must not be a weighted sum"),
    ])
    func badPartsAreNamed(_ parts: [PartSpec], _ problem: String) {
        let spec = ScorerSpec(kind: .weighted(parts), model: "sum")
        #expect(spec.problem?.contains(problem) == true)
    }

    private static func part(
        _ name: String, _ weight: Double = 1, _ kind: ScorerSpec.Kind = .rerank
    ) -> PartSpec {
        PartSpec(name: name, weight: weight, scorer: ScorerSpec(kind: kind, model: "m"))
    }
}
