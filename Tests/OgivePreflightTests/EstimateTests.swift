import OgiveCore
import OgivePreflight
import Testing

@Suite("Preflight: what a run will take", .timeLimit(.minutes(10)))
struct EstimateTests {
    private static func burst(_ count: Int, seconds: Int, tokens: TokenCount = TokenCount())
        -> ThroughputProbe.Burst
    {
        var burst = ThroughputProbe.Burst()
        burst.count = count
        burst.elapsed = .seconds(seconds)
        burst.tokens = tokens
        burst.bytes = count * 100
        return burst
    }

    @Test("The slower of sampling and scoring decides; tokens and cost are scaled")
    func scaled() {
        let estimate = Estimate(
            draws: 1_000,
            sampling: Self.burst(100, seconds: 1, tokens: TokenCount(input: 500, output: 2_000)),
            scoring: Self.burst(50, seconds: 2),
            prices: Prices(policy: TokenPrice(input: 1, output: 10)))
        #expect(estimate.time == .seconds(40))
        #expect(estimate.tokens == TokenCount(input: 5_000, output: 20_000))
        #expect(estimate.cost == 0.205)
        #expect(estimate.bytes == 1_000 * 320)
    }

    @Test("Nothing is made up when nothing came")
    func nothing() {
        let none = ThroughputProbe.Burst()
        let estimate = Estimate(draws: 10, sampling: none, scoring: none, prices: nil)
        #expect(estimate.time == nil && estimate.tokens == nil && estimate.cost == nil)
    }

    @Test("What no number holds is the largest one")
    func largest() {
        var burst = Self.burst(1, seconds: 1, tokens: TokenCount(input: .max / 2, output: 7))
        burst.bytes = .max / 2
        let estimate = Estimate(draws: 1_000, sampling: burst, scoring: burst, prices: nil)
        #expect(estimate.tokens == TokenCount(input: .max, output: 7_000))
        #expect(estimate.bytes == .max)
    }

    @Test("A budget that is too small is a warning; one that cannot be kept is an error")
    func budget() {
        let tokens = Self.burst(10, seconds: 1, tokens: TokenCount(output: 100))
        var spec = RunSpec(
            name: "run",
            scoring: ScoringSpec(
                sampling: Samples.sampling(), scorer: ScorerSpec(kind: .classify(), model: "r")),
            draws: 4)
        let reported = Estimate(draws: 100, sampling: tokens, scoring: tokens, prices: nil)
        #expect(reported.budgetFindings(spec).isEmpty)
        spec.budget = Budget(tokens: 2_000)
        #expect(reported.budgetFindings(spec).map(\.severity) == [.ok])
        spec.budget = Budget(tokens: 1_999)
        #expect(reported.budgetFindings(spec).map(\.severity) == [.warning])
        let unreported = Estimate(
            draws: 100, sampling: Self.burst(10, seconds: 1), scoring: tokens, prices: nil)
        #expect(unreported.budgetFindings(spec).map(\.severity) == [.error])
    }

    @Test("A burst counts what the models give, and stops at its limit")
    func burst() async {
        var probe = ThroughputProbe(
            policies: [FaultyPolicy()], scorers: [FaultyScorer(.none)],
            parameters: SamplingParameters(), prompts: Samples.prompts, sampleConcurrency: 4,
            scoreConcurrency: 2, drawsPerRequest: 3)
        probe.limit = .seconds(3_600)
        let (sampling, texts) = await probe.sample(.machine)
        #expect(sampling.count == 24 && texts.count == 24)
        #expect(sampling.tokens == TokenCount(input: 24 * 7, output: 24 * 4))
        #expect(Set(texts.map { "\($0.prompt.key) \($0.completion)" }).count == 24)
        #expect(await probe.score(texts, .machine).count == 24)
        probe.limit = .milliseconds(1)
        probe.policies = [HungPolicy()]
        #expect(await probe.sample(.machine).0.count == 0)
    }
}

/// A policy that does not answer before it is cancelled.
struct HungPolicy: Policy {
    func fingerprint() async throws(ModelError) -> Fingerprint { Fingerprint([:]) }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        try? await Task.sleep(for: .seconds(3_600))
        return request.indexes.map { _ in .failure(ModelError(.timeout, "cancelled")) }
    }
}
