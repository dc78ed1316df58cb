import OgiveCore
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct BudgetConfigurationTests {
    private static let valid = """
        run: {name: r, draws: 8}
        prompts: {set: s}
        policy: {model: m, url: "http://127.0.0.1:1"}
        scorer: {kind: verifier, verifier: {rule: final_number}}
        """

    private func spec(_ overrides: String...) throws -> RunSpec {
        try Configuration.parse(
            Self.valid, source: "q.yaml", folder: "/f", overrides: overrides, environment: [:]
        ).runSpec()
    }

    /// The message of the error that reading must end with.
    private func problem(_ overrides: String...) -> String {
        do {
            _ = try Configuration.parse(
                Self.valid, source: "q.yaml", folder: "/f", overrides: overrides,
                environment: [:]
            ).runSpec()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func nothingIsPricedOrBoundedUnlessItIsAskedFor() throws {
        let spec = try spec()
        #expect(spec.prices == nil && spec.budget == nil)
        #expect(!CanonicalJSON.text(spec).contains("budget"))
        #expect(!spec.isExhausted(by: Spending(policy: TokenCount(output: .max / 4))))
    }

    @Test func aPriceIsOneNumberOrTwo() throws {
        let one = try spec("policy.price_per_million_tokens=0.6")
        #expect(one.prices == Prices(policy: TokenPrice(input: 0.6, output: 0.6)))
        let two = try spec("scorer.price_per_million_tokens={input: 1, output: 2}")
        #expect(two.prices == Prices(scorer: TokenPrice(input: 1, output: 2)))
    }

    @Test func pricesAndBudgetAreNoPartOfAnyIdentity() throws {
        let plain = try spec()
        let priced = try spec(
            "policy.price_per_million_tokens=3", "run.budget={cost: 25, tokens: 5_000_000}")
        #expect(priced.budget == Budget(cost: 25, tokens: 5_000_000))
        #expect(priced.scoring.digest == plain.scoring.digest)
        #expect(priced.scoring.sampling.digest == plain.scoring.sampling.digest)
    }

    @Test func whatMakesNoSenseIsRefused() {
        #expect(problem("run.budget={tokens: 0}").contains("run.budget.tokens must be in 1…"))
        #expect(problem("run.budget={cost: -1}").contains("run.budget.cost must be more than 0"))
        #expect(
            problem("policy.price_per_million_tokens=-1").contains(
                "policy.price_per_million_tokens must be at least 0"))
        #expect(problem("run.budget={cost: 1}").contains("needs a price_per_million_tokens"))
        #expect(
            problem("policy.price_per_million_tokens={inputs: 1}").contains(
                "did you mean `input`?"))
    }

    @Test func costsAreShownWithTheDigitsThatMatter() {
        #expect(NumberText.cost(0) == "0.00")
        #expect(NumberText.cost(12.345) == "12.35" || NumberText.cost(12.345) == "12.34")
        #expect(NumberText.cost(0.0291) == "0.029")
        #expect(NumberText.cost(0.00000001) == "0.00000001")
    }

    @Test func theProgressLineShowsTheCostAndThatOfTheWhole() {
        var line = ProgressLine(style: .plain)
        let begun = ProgressSnapshot(
            done: 5, total: 10, tokens: 100, cost: 0.5, estimatedCost: 1)
        #expect(line.update(begun, at: .zero)?.contains("cost 0.50 of about 1.00") == true)
        let ended = ProgressSnapshot(done: 10, total: 10, tokens: 200, cost: 1, estimatedCost: 1)
        #expect(line.finish(ended, at: .seconds(1)).hasSuffix("cost 1.00\n"))
        var json = ProgressLine(style: .plain, json: true)
        #expect(json.finish(begun, at: .zero).contains(#""estimated_cost":1.000000"#))
    }
}
