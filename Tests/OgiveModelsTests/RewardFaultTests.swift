import OgiveCore
import OgiveModels
import Testing

/// Whole answers with numbers that are none, missing, doubled or unasked.
@Suite(.timeLimit(.minutes(10))) struct RewardFaultTests {
    /// What becomes of two items, by the answer's entries for them: the values, or no value. An
    /// answer that concerns both is asked for again for each alone, and gets the same answer.
    typealias Case = (values: [(index: Int, value: String)], codes: [ModelError.Code?])

    private static let cases: [Case] = [
        ([(0, "0.25"), (1, "0.5")], [nil, nil]),
        ([(0, "null"), (1, "0.5")], [.notFinite, nil]),
        ([(1, "0.5")], [.malformed, .malformed]),
        ([(0, "0.5"), (1, "0.5"), (2, "0.5")], [.wrongCount, .wrongCount]),
        ([(0, "0.5"), (0, "0.5")], [.wrongCount, .wrongCount]),
        ([(0, "0.5"), (7, "0.5")], [.wrongCount, .wrongCount]),
        ([(7, "0.5")], [.malformed, .malformed]),
        ([(-1, "0.5")], [.malformed, .malformed]),
        ([(0, "NaN"), (1, "0.5")], [.malformed, .malformed]),
        ([(0, "-Infinity"), (1, "0.5")], [.malformed, .malformed]),
        ([(0, "1e999"), (1, "0.5")], [.malformed, .malformed]),
        ([(0, "\"0.5\""), (1, "0.5")], [.malformed, .malformed]),
    ]

    private func body(_ adapter: FaultyAdapter, _ entry: (index: Int, value: String)) -> String {
        let index = entry.index
        return switch adapter {
        case .policy:
            CompletionPolicyTests.choice(index, logprob: entry.value)
        case .classify: #"{"index":\#(index),"probs":[\#(entry.value)],"num_classes":1}"#
        case .pooling: #"{"index":\#(index),"data":[\#(entry.value)]}"#
        case .rerank: #"{"index":\#(index),"relevance_score":\#(entry.value)}"#
        }
    }

    private func answer(_ adapter: FaultyAdapter, _ values: [(index: Int, value: String)]) -> String
    {
        let entries = values.map { body(adapter, $0) }.joined(separator: ",")
        return switch adapter {
        case .policy: #"{"choices":[\#(entries)]}"#
        case .classify, .pooling: #"{"data":[\#(entries)]}"#
        case .rerank: #"{"results":[\#(entries)]}"#
        }
    }

    @Test(
        "Fault 35: NaN, Inf, null, missing, doubled and unasked rewards are failures",
        arguments: [FaultyAdapter.classify, .pooling, .rerank])
    func rewards(_ adapter: FaultyAdapter) async throws {
        for sample in Self.cases {
            let body = answer(adapter, sample.values)
            let (results, requests) = try await adapter.ask { _ in .json(body) }
            #expect(results.map(\.code) == sample.codes, "\(body)")
            let concernsBatch = results.allSatisfy { [.malformed, .wrongCount].contains($0.code) }
            #expect(requests == (concernsBatch ? 3 : 1), "\(body)")
            for case .success(let reward) in results { #expect(reward.isPossible) }
        }
    }

    /// A missing choice is asked for once more, alone; a log-probability that is none costs no
    /// draw.
    @Test("Fault 35: missing, doubled and unasked choices and log-probabilities that are none")
    func choices() async throws {
        for (values, codes) in [
            ([(0, "-0.5"), (1, "-0.5")], [nil, nil]),
            ([(1, "-0.5")], [.malformed, nil]),
            ([(0, "null"), (1, "-0.5")], [nil, nil]),
            ([(0, "-1.7e308"), (1, "-0.5")], [nil, nil]),
            ([(0, "NaN"), (1, "-0.5")], [.malformed, .malformed]),
            ([(0, "-0.5"), (0, "-0.5")], [.malformed, .malformed]),
            ([(0, "-0.5"), (5, "-0.5")], [.malformed, .malformed]),
        ] as [(values: [(index: Int, value: String)], codes: [ModelError.Code?])] {
            let body = answer(.policy, values)
            let (results, requests) = try await FaultyAdapter.policy.ask { _ in .json(body) }
            #expect(results.map(\.code) == codes, "\(body)")
            #expect(requests == (values.count == 1 ? 2 : 1))
        }
    }

    @Test("Fault 35: a sum of log-probabilities beyond the range is no log-probability")
    func sumBeyondTheRange() async throws {
        let body =
            #"{"choices":[{"index":0,"text":"x","#
            + #""logprobs":{"token_logprobs":[-1.7e308,-1.7e308]}},"#
            + #"{"index":1,"text":"y","logprobs":{"token_logprobs":[-1]}}]}"#
        let (results, _) = try await FaultyAdapter.policy.ask { _ in .json(body) }
        // The adapter gives 0 where there is no sum.
        #expect(results == [.success(Score(0)), .success(Score(-1))])
    }
}
