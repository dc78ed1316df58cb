import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Testing

@Suite("Log-probabilities of candidates", .timeLimit(.minutes(10)))
struct LogProbabilityStageTests {
    @Test("The policy is asked, by prompt, and the scorer is not")
    func asksThePolicy() async throws {
        var bench = WorkerBench(FakeModels())
        let error = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["a", "b"], kind: .candidateLogProbability)
            let result = try await bench.nextResult()
            let expected = ["a", "b"].enumerated().map { index, text in
                SimulatedModel().result(
                    of: WorkItem(name: .candidateLogProbability(Int32(index)), text: text),
                    seedBase: 0)
            }
            #expect(result.items.map(\.logProbability) == expected.map(\.logProbability))
            #expect(result.items.map(\.failure) == expected.map(\.failure))
            #expect(result.items.allSatisfy { $0.reward == nil && $0.completion == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
        #expect(bench.models.logProbabilityRequests.map(\.completions) == [["a", "b"]])
        #expect(bench.models.scored.isEmpty && bench.models.sampled.isEmpty)
    }

    @Test("What it took travels beside the log-probability")
    func tokens() async throws {
        let models = FakeModels(logProbabilities: { request in
            request.completions.map { text in
                var value = LogProbability(sum: -1, tokenCount: 1)
                value.spent = TokenCount(input: text.utf8.count, output: 1)
                return .success(value)
            }
        })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["a", "bc"], kind: .candidateLogProbability)
            let result = try await bench.nextResult()
            #expect(
                result.items.map(\.policyTokens)
                    == [TokenCount(input: 1, output: 1), TokenCount(input: 2, output: 1)])
            #expect(result.items.allSatisfy { $0.logProbability?.spent == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("What is no number, and what the server refuses, are failures of the item alone")
    func fails() async throws {
        let models = FakeModels(logProbabilities: { request in
            request.completions.map { text in
                switch text {
                case "nan": .success(LogProbability(sum: .nan, tokenCount: 1))
                case "long": .failure(ModelError(.promptTooLong, "too long"))
                default: .success(LogProbability(sum: -1, tokenCount: 1))
                }
            }
        })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["a", "nan", "long"], kind: .candidateLogProbability)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [nil, .notFinite, .promptTooLong])
            #expect(
                result.items.compactMap(\.failure?.stage) == [.logProbability, .logProbability])
            #expect(result.items[0].logProbability?.sum == -1)
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("A server that struggles is asked again for what did not come")
    func asksAgain() async throws {
        let models = FakeModels(logProbabilities: { request in
            request.completions.enumerated().map { index, _ in
                index == 0
                    ? .success(LogProbability(sum: -1, tokenCount: 1))
                    : .failure(ModelError(.serverError, "502"))
            }
        })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["a", "b"], kind: .candidateLogProbability)
            let result = try await bench.nextResult()
            #expect(result.items.allSatisfy { $0.failure == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.logProbabilityRequests.map(\.completions) == [["a", "b"], ["b"]])
    }
}
