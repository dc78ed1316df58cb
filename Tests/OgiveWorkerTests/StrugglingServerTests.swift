import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import OgiveWorker

/// Workers before servers that fail in part, for a while, or for one item.
@Suite("Struggling servers", .timeLimit(.minutes(10)))
struct StrugglingServerTests {
    private static let down = ModelError(.serverError, "500")

    @Test("Fault 34: a server that answers 500 to all is not hammered, and no draw is lost to it")
    func notHammered() async throws {
        let isUp = Atomic(false)
        let failed = Atomic(0)
        var bench = WorkerBench(
            FakeModels(sampling: { request in
                guard !isUp.load(ordering: .relaxed) else { return nil }
                failed.add(1, ordering: .relaxed)
                return request.indexes.map { _ in .failure(Self.down) }
            })
        ) {
            $0.sampleConcurrency = 16
            $0.probeInterval = .milliseconds(50)
            $0.backOff.first = .milliseconds(1)
            $0.backOff.longest = .milliseconds(1)
        }
        _ = try await bench.run { bench, group in
            try await bench.register()
            for task in 1...16 { await bench.lease(UInt64(task)) }
            // The intake is suspended: the worker tells that it wants nothing new.
            try await bench.next { $0 == .credit(0) ? () : nil }
            // All of the first, and half a bucket of tokens; then one at a time, ever more rarely.
            #expect(failed.load(ordering: .relaxed) <= 16 + 10 + 2)
            isUp.store(true, ordering: .relaxed)
            for _ in 1...16 {
                let result = try await bench.nextResult()
                #expect(result.items.allSatisfy { $0.failure == nil && $0.completion != nil })
                await bench.acknowledge(result)
            }
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Fault 34: an item that alone makes the server fail costs itself, after its attempts")
    func poisonItem() async throws {
        var bench = WorkerBench(
            FakeModels(scoring: { requests in
                requests.map {
                    $0.completion == "poison" ? .failure(Self.down) : .success(Score(1))
                }
            })
        ) { $0.backOff.first = .milliseconds(1) }
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["fine", "poison", "good"])
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [nil, .serverError, nil])
            #expect(result.items[1].failure?.attempts == 5)
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        // What was scored is not scored again, and completions stay as they are.
        #expect(bench.models.scored.first == ["fine", "poison", "good"])
        #expect(bench.models.scored.dropFirst().allSatisfy { $0 == ["poison"] })
        #expect(bench.models.scored.count == 5)
    }

    @Test(
        "Fault 35: an answer that arrived whole is never asked for again",
        arguments: [
            ModelError.Code.malformed, .wrongCount, .notFinite, .rejected, .promptTooLong,
            .filtered, .cutOut, .missingField, .tooCostly, .invalidSpecification,
        ])
    func wholeAnswersAreFinal(_ code: ModelError.Code) async throws {
        var bench = WorkerBench(
            FakeModels(sampling: { $0.indexes.map { _ in .failure(ModelError(code, "odd")) } }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [code, code])
            #expect(result.items.map(\.failure?.attempts) == [1, 1])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.sampled.count == 1)
    }

    @Test("Fault 34: a draw that is too slow for a server that works gets no second chance")
    func tooSlow() async throws {
        var bench = WorkerBench(
            FakeModels(sampling: { request in
                request.indexes.map {
                    $0 == 0
                        ? .failure(ModelError(.timeout, "late"))
                        : SimulatedModel().completion(seed: request.seedBase + UInt64($0))
                }
            }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [.timeout, nil])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.sampled.count == 1)
    }

    @Test("Fault 34: draws that time out on a server that answers nobody are asked for again")
    func hang() async throws {
        let calls = Atomic(0)
        var bench = WorkerBench(
            FakeModels(sampling: { request in
                guard calls.add(1, ordering: .relaxed).newValue <= 2 else { return nil }
                return request.indexes.map { _ in .failure(ModelError(.timeout, "late")) }
            })
        ) { $0.backOff.first = .milliseconds(1) }
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.allSatisfy { $0.failure == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.sampled.map(\.seedBase) == [14, 14, 14])
    }

    @Test("Fault 34: a server that asks for more time than an outage may take ends the worker")
    func retryAfterBeyondTheOutage() async throws {
        let wait = Duration.seconds(3_600)
        var bench = WorkerBench(
            FakeModels(sampling: {
                $0.indexes.map { _ in
                    .failure(ModelError(.overloaded, "429", retryAfter: wait))
                }
            })
        ) { $0.outageMax = .milliseconds(50) }
        let error = try await bench.run { bench, _ in
            try await bench.register()
            await bench.lease(1)
            try await bench.next { $0 == .goodbye ? () : nil }
        }
        #expect(error?.message.contains("worker.outage_timeout") == true)
        #expect(error?.isRetriable == true)
    }
}
