import OgiveCore
import OgiveTesting
import OgiveWorker
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Worker's service", .timeLimit(.minutes(10)))
struct WorkerServiceTests {
    @Test("A lease is sampled, scored and answered, item by item")
    func answers() async throws {
        var bench = WorkerBench(FakeModels())
        let error = try await bench.run { bench, group in
            #expect(try await bench.register().offer == SimulatedModel.offer)
            await bench.lease(1)
            let result = try await bench.nextResult()
            let expected = [0, 1].map {
                SimulatedModel().result(of: WorkItem(name: .draw($0)), seedBase: 14)
            }
            #expect(result.items.map(\.completion) == expected.map(\.completion))
            #expect(result.items.map(\.reward) == expected.map(\.reward))
            #expect(result.items.map(\.seed) == [14, 15])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
    }

    @Test("Items that have their text are scored and not sampled")
    func onlyScored() async throws {
        var bench = WorkerBench(FakeModels())
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["a", "b"])
            let result = try await bench.nextResult()
            #expect(result.items.allSatisfy { $0.completion == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.sampled.isEmpty)
        #expect(bench.models.scored == [["a", "b"]])
    }

    @Test("Equal texts of a prompt are scored once, byte for byte, and spent once")
    func distinctTexts() async throws {
        let models = FakeModels(scoring: { requests in
            requests.enumerated().map { place, _ in
                var score = Score(Double(place))
                score.tokens = TokenCount(input: 9)
                return .success(score)
            }
        })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, texts: ["e\u{301}", "a", "\u{E9}", "e\u{301}"])
            let result = try await bench.nextResult()
            #expect(result.items.map(\.reward) == [0, 1, 2, 0])
            #expect(result.items.map(\.scorerTokens?.input) == [9, 9, 9, nil])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(models.scored.map(\.count) == [3])
    }

    @Test("Counts of a server that cannot be so are left out or lowered, and cost no result")
    func impossibleCounts() async throws {
        let huge = TokenCount(input: 1 << 30, output: 1 << 30)
        let models = FakeModels(
            sampling: { request in
                request.indexes.map { index in
                    var completion = Completion(
                        text: "t\(index)", tokenCount: 1 << 30, finishReason: .stop,
                        logProbability: nil)
                    completion.promptTokenCount = 1 << 30
                    return .success(completion)
                }
            },
            scoring: { requests in
                requests.map { _ in .success(Score(1, tokens: huge)) }
            })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.reward) == [1, 1])
            #expect(result.items.map { $0.completion?.text } == ["t0", "t1"])
            #expect(result.items.allSatisfy { $0.completion?.tokenCount == nil })
            #expect(result.items.allSatisfy { $0.completion?.promptTokenCount == nil })
            // `What is 0?`, `{}` and the text.
            let most = TokenCount(input: 16_384 + 16 * 14, output: 256)
            #expect(result.items.map(\.scorerTokens) == [most, most])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("When scoring fails the completion stays, and the failure says why")
    func scoringFails() async throws {
        var bench = WorkerBench(
            FakeModels(scoring: { requests in
                requests.map { _ in .failure(ModelError(.malformed, "no number")) }
            }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map { $0.completion?.text } == ["draw 14", "draw 15"])
            #expect(result.items.map(\.failure?.code) == [.malformed, .malformed])
            #expect(result.items.map(\.failure?.stage) == [.scoring, .scoring])
            #expect(result.items.allSatisfy { $0.reward == nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Parts and tokens of a reward travel with it; a part that is no number is a failure")
    func parts() async throws {
        let models = FakeModels(scoring: { requests in
            requests.enumerated().map { place, _ in
                var score = Score(3, parts: [1, place == 0 ? 2 : .nan])
                score.tokens = TokenCount(input: 9)
                return .success(score)
            }
        })
        var bench = WorkerBench(models)
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.parts) == [[1, 2], []])
            #expect(result.items.map(\.scorerTokens) == [TokenCount(input: 9), nil])
            #expect(result.items.map(\.failure?.code) == [nil, .notFinite])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test(
        "A reward that is no number, or a too large one, is a failure",
        arguments: [Double.nan, .infinity, -.infinity, 1e308, -1.1e140])
    func notFinite(reward: Double) async throws {
        var bench = WorkerBench(FakeModels(scoring: { $0.map { _ in .success(Score(reward)) } }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [.notFinite, .notFinite])
            #expect(result.items.allSatisfy { $0.reward == nil && $0.completion != nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Another number of answers than asked for is a failure of all")
    func wrongCount() async throws {
        var bench = WorkerBench(FakeModels(sampling: { _ in [] }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [.wrongCount, .wrongCount])
            #expect(result.items.map(\.failure?.stage) == [.sampling, .sampling])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
    }

    @Test("An outage is waited out: the same draws are asked for again, and nothing fails")
    func outage() async throws {
        let calls = Atomic(0)
        var bench = WorkerBench(
            FakeModels(sampling: { request in
                guard calls.add(1, ordering: .relaxed).newValue == 1 else { return nil }
                // The first draw got through.
                return request.indexes.map {
                    $0 == 0
                        ? SimulatedModel().completion(seed: request.seedBase)
                        : .failure(ModelError(.unreachable, "connection refused"))
                }
            }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1, draws: 3)
            let result = try await bench.nextResult()
            #expect(result.items.allSatisfy { $0.failure?.code != .unreachable })
            #expect(
                result.items.map { $0.completion?.text } == ["draw 14", "draw 15", "draw 16"])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.sampled.map(\.indexes) == [[0, 1, 2], [1, 2]])
        #expect(bench.models.sampled.map(\.seedBase) == [14, 14])
    }

    @Test("Sampling goes on while scoring does")
    func overlap() async throws {
        let secondSampled = Latch()
        let calls = Atomic(0)
        var bench = WorkerBench(
            FakeModels(
                sampling: { _ in
                    if calls.add(1, ordering: .relaxed).newValue == 2 { secondSampled.open() }
                    return nil
                },
                scoring: { _ in
                    // Without overlap this waits for ever.
                    await secondSampled.wait()
                    return nil
                }))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            await bench.lease(2)
            for _ in 0..<2 { await bench.acknowledge(try await bench.nextResult()) }
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Shut down, the worker gives back what waits, finishes what it began, and leaves")
    func drains() async throws {
        let sampling = Latch()
        let mayFinish = Latch()
        var bench = WorkerBench(
            FakeModels(sampling: { _ in
                sampling.open()
                await mayFinish.wait()
                return nil
            }))
        let error = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            await sampling.wait()
            await bench.lease(2)
            await group.triggerGracefulShutdown()
            let returned = try await bench.next {
                if case .returned(let names) = $0 { names } else { nil }
            }
            #expect(returned.map(\.task) == [TaskID(2)])
            mayFinish.open()
            let result = try await bench.nextResult()
            #expect(result.claim.lease.task == TaskID(1))
            await bench.acknowledge(result)
            try await bench.next { $0 == .goodbye ? () : nil }
        }
        #expect(error == nil)
        #expect(bench.models.sampled.count == 1)
    }

    @Test("When its servers are gone for good, a draining worker gives back at once")
    func serversGone() async throws {
        let (sampling, gone, never) = (Latch(), Latch(), Latch())
        var bench = WorkerBench(
            FakeModels(sampling: { _ in
                sampling.open()
                await never.wait()
                return nil
            })
        ) { $0.limits.drainGrace = .seconds(3_600) }
        let drains = Atomic(0)
        bench.hooks.draining = {
            drains.add(1, ordering: .relaxed)
            gone.open()
        }
        bench.hooks.untilServersAreGone = { await gone.wait() }
        let error = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            await sampling.wait()
            await group.triggerGracefulShutdown()
            let returned = try await bench.next {
                if case .returned(let names) = $0 { names } else { nil }
            }
            #expect(returned.map(\.task) == [TaskID(1)])
            try await bench.next { $0 == .goodbye ? () : nil }
            // The request that hangs is not the session's any more.
            never.open()
        }
        #expect(error == nil)
        #expect(drains.load(ordering: .relaxed) == 1)
    }

    @Test("A worker without work leaves in order")
    func idle() async throws {
        var bench = WorkerBench(FakeModels()) { $0.limits.idleMax = .milliseconds(50) }
        let error = try await bench.run { bench, _ in
            try await bench.register()
            try await bench.next { $0 == .goodbye ? () : nil }
        }
        #expect(error == nil)
    }

    @Test("A worker at the closed gate can still be told to leave")
    func leavesAtTheGate() async throws {
        var bench = WorkerBench(
            FakeModels(sampling: { $0.indexes.map { _ in .failure(ModelError(.unreachable, "")) } })
        ) { $0.probeInterval = .seconds(3_600) }
        let error = try await bench.run { bench, _ in
            try await bench.register()
            await bench.lease(1)
            try await eventually("a request") { !bench.models.sampled.isEmpty }
            await bench.say(.refused("too old"))
        }
        #expect(error?.code == .refused)
    }

    @Test("Servers that refuse the worker end it with the cause; its leases go back at once")
    func unauthorized() async throws {
        var bench = WorkerBench(
            FakeModels(sampling: {
                $0.indexes.map { _ in .failure(ModelError(.unauthorized, "wrong key")) }
            }))
        let error = try await bench.run { bench, _ in
            try await bench.register()
            await bench.lease(1)
            try await bench.next { $0 == .goodbye ? () : nil }
        }
        #expect(error?.code == .models)
        #expect(error?.cause?.code == .unauthorized)
        #expect(error?.isRetriable == false)
    }

    @Test("Servers that are away at the start end the worker")
    func noModels() async throws {
        let models = FakeModels()
        models.setOffer(.failure(ModelError(.unreachable, "connection refused")))
        var bench = WorkerBench(models)
        let error = try await bench.run { _, _ in }
        #expect(error?.code == .models)
        #expect(error?.isRetriable == true)
    }

    @Test("Servers that come back with other models are announced anew")
    func otherModels() async throws {
        var other = SimulatedModel.offer
        other.policies[0].fingerprint = Fingerprint(["model": "another"])
        let calls = Atomic(0)
        let models = FakeModels(sampling: { request in
            guard calls.add(1, ordering: .relaxed).newValue == 1 else { return nil }
            return request.indexes.map { _ in .failure(ModelError(.unreachable, "")) }
        })
        var bench = WorkerBench(models)
        let error = try await bench.run { bench, group in
            try await bench.register()
            models.setOffer(.success(other))
            await bench.lease(1)
            var hello = try await bench.register()
            // One that was late for its answer is said again.
            while hello.offer == SimulatedModel.offer { hello = try await bench.register() }
            #expect(hello.offer == other)
            #expect(hello.inFlight.isEmpty)
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
    }

    @Test(
        "A run that asks for what the models lack is declined with its name; the worker goes on",
        arguments: [ModelError.Code.misconfigured, .unsupported])
    func declines(code: ModelError.Code) async throws {
        let isRepaired = Atomic(false)
        var bench = WorkerBench(
            FakeModels(scoring: { requests in
                isRepaired.load(ordering: .relaxed)
                    ? nil : requests.map { _ in .failure(ModelError(code, "no label `1`")) }
            }))
        let error = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let (run, reason) = try await bench.next {
                if case .declined(let run, let reason, _) = $0 { (run, reason) } else { nil }
            }
            #expect(run == RunID(1))
            #expect(reason.contains("run 'run-1'") && reason.contains("prompt `"))
            #expect(reason.contains("no label `1`"))
            // Another run of the same models goes on.
            isRepaired.store(true, ordering: .relaxed)
            await bench.say(.serve(SimulatedModel.run(id: 2, draws: 8)))
            await bench.lease(2, run: 2)
            let result = try await bench.nextResult()
            #expect(result.claim.run == RunID(2))
            #expect(result.items.allSatisfy { $0.reward != nil })
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
    }

    @Test("A connection that ended ends the worker")
    func connectionEnded() async throws {
        var bench = WorkerBench(FakeModels())
        let error = try await bench.run { bench, _ in
            try await bench.register()
            // The same incarnation connects anew: the former connection is closed.
            _ = bench.network.connect(bench.worker)
        }
        #expect(error?.code == .noCoordinator)
    }
}
