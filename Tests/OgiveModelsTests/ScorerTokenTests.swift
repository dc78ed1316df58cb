import FoundationEssentials
import OgiveCore
import OgiveTesting
import Testing

@testable import OgiveModels

/// What servers say that rewards and log-probabilities took: all of it is counted, once.
@Suite(.timeLimit(.minutes(10))) struct ScorerTokenTests {
    private func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }

    private func sum(_ results: [Result<Score, ModelError>]) -> TokenCount? {
        let reported = results.compactMap { try? $0.get().tokens }
        return reported.isEmpty ? nil : reported.reduce(TokenCount(), +)
    }

    @Test(arguments: RewardRouteTests.routes)
    func tokensOfEveryRequestAreSharedByItsScores(
        _ kind: ScorerSpec.Kind, _ server: ServerKind, _ template: String?, path: String
    ) async throws {
        var fake = RewardRouteTests.FakeServer(kind: server)
        fake.reported = 11
        try await ScriptedServer.serving(fake.answer) { served in
            let scorer = try RewardRouteTests().scorer(served.url, kind, template: template)
            let results = await scorer.score(requests(["a", "bc", "def"]))
            let posts = served.requests.count { $0.method == "POST" }
            // SGLang tells of each text of its own: 11, and of the second one in a request 12.
            let input = server == .sglang ? 3 * 11 + 1 : 11 * posts
            #expect(sum(results) == TokenCount(input: input))
            #expect(results.allSatisfy { (try? $0.get().tokens) != nil })
        }
    }

    @Test func aServerThatTellsNothingIsNotGuessedAt() async throws {
        let fake = RewardRouteTests.FakeServer(kind: .vLLM)
        try await ScriptedServer.serving(fake.answer) { served in
            let scorer = try RewardRouteTests().scorer(served.url, .classify())
            #expect(sum(await scorer.score(requests(["a", "b"]))) == nil)
        }
    }

    /// As llama.cpp answered.
    private static let recorded =
        #"{"model":"tiny-reward","object":"list","usage":{"prompt_tokens":77,"total_tokens":77},"#
        + #""results":[{"index":1,"relevance_score":0.8930836319923401},"#
        + #"{"index":0,"relevance_score":0.8414223790168762},"#
        + #"{"index":2,"relevance_score":0.8285993933677673}]}"#

    @Test func partsOfABatchDifferByOneAtMost() throws {
        let results = try RerankReader(url: "u").rewards(Data(Self.recorded.utf8), count: 3)
        #expect(results.map { try? $0.get().tokens?.input } == [26, 26, 25])
    }

    @Test func scoresTakeTheTokensOfTheFailuresBesideThem() throws {
        let body =
            #"{"data":[{"index":0,"probs":[null]},{"index":1,"probs":[2]},"#
            + #"{"index":2,"probs":[3]}],"usage":{"prompt_tokens":9,"total_tokens":9}}"#
        let results = try PoolingReader(url: "u").rewards(Data(body.utf8), count: 3)
        #expect(results[0].code == .notFinite)
        #expect(results.dropFirst().map { try? $0.get().tokens?.input } == [5, 4])
    }

    @Test(
        arguments: [
            ("null", nil), ("{}", nil), (#""many""#, nil), ("[1]", nil),
            (#"{"prompt_tokens":-1}"#, nil), (#"{"prompt_tokens":"7"}"#, nil),
            (#"{"prompt_tokens":1e30,"completion_tokens":2}"#, TokenCount(output: 2)),
            (#"{"total_tokens":9,"completion_tokens":2}"#, TokenCount(input: 7, output: 2)),
        ] as [(String, TokenCount?)])
    func oddUsageSpoilsNoReward(_ usage: String, _ tokens: TokenCount?) throws {
        let body = #"{"data":[{"index":0,"probs":[2]}],"usage":\#(usage)}"#
        let score = try PoolingReader(url: "u").rewards(Data(body.utf8), count: 1)[0].get()
        #expect(score.reward == 2)
        #expect(score.tokens == tokens)
    }

    @Test(arguments: ["", "x", "-1", "1.5", "99999999999"])
    func oddHeaderTellsNothing(_ text: String) {
        #expect(ServerUsage.tokens(inHeader: text) == nil)
    }

    @Test func aJudgeIsPaidForEachOfItsAnswers() async throws {
        let answer =
            #"{"choices":[{"index":0,"message":{"content":"7"},"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":40,"completion_tokens":3,"total_tokens":43}}"#
        let script = CompletionPolicyTests.script(vLLM: true) { _ in answer }
        try await ScriptedServer.serving(script) { server in
            var spec = JudgeSpec(prompt: "{{completion}}", minimum: 0, maximum: 10)
            spec.samples = 3
            let scorer = try JudgeScorer(
                server: try Samples.connection(server.url, model: "tiny-policy"), spec: spec,
                connections: 2)
            let results = await scorer.score(requests(["a", "b"]))
            #expect(
                results.map { try? $0.get().tokens }
                    == Array(repeating: TokenCount(input: 120, output: 9), count: 2))
        }
    }

    private struct Fixed: Scorer {
        var tokens: TokenCount?

        func fingerprint() async throws(ModelError) -> Fingerprint { Fingerprint([:]) }

        func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
            requests.map { _ in .success(Score(1, tokens: tokens)) }
        }
    }

    @Test func aWeightedSumTakesWhatItsPartsTake() async {
        let parts = [TokenCount(input: 5), nil, TokenCount(input: 2, output: 1)].enumerated().map {
            WeightedScorer.Part(name: "p\($0)", weight: 1, scorer: Fixed(tokens: $1))
        }
        let scorer = WeightedScorer(model: "m", parts: parts)
        #expect(sum(await scorer.score(requests(["a"]))) == TokenCount(input: 7, output: 1))
        let silent = WeightedScorer(model: "m", parts: [parts[1]])
        #expect(sum(await silent.score(requests(["a"]))) == nil)
    }

    @Test func logProbabilitiesOfCandidatesAreCountedToo() async throws {
        let given = ["x", "yz"].enumerated().map { index, text in
            GivenTokens(index: index, prompt: [1], completion: text.utf8.map { Int32($0) })
        }
        let choices = given.map { one in
            let entries = one.ids.dropFirst().map { #"{"\#($0)":{"logprob":-1}}"# }
            return #"{"index":\#(one.index),"prompt_logprobs":["#
                + (["null"] + entries).joined(separator: ",") + "]}"
        }
        let body =
            #"{"choices":[\#(choices.joined(separator: ","))],"usage":{"prompt_tokens":5,"#
            + #""completion_tokens":2}}"#
        let reader = PromptLogProbabilityReader(url: "u", models: nil, readsTokens: false)
        let values = try reader.values(Data(body.utf8), of: given).map { try $0.get() }
        #expect(
            values.map(\.spent)
                == [TokenCount(input: 3, output: 1), TokenCount(input: 2, output: 1)])
    }
}
