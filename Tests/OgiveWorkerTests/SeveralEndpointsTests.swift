import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import OgiveWorker

/// Workers with two endpoints of a model, of which one is sound: the work goes on, and the faults
/// of the other cost no draw.
@Suite("Several endpoints", .timeLimit(.minutes(5)))
struct SeveralEndpointsTests {
    private static let faults: [ModelError] = [
        ModelError(.unreachable, "connection refused"),
        ModelError(.overloaded, "429", retryAfter: .seconds(3_600)),
        ModelError(.outOfCredit, "402"),
        ModelError(.serverError, "500"), ModelError(.serverError, "broke off its answer"),
        ModelError(.timeout, "no answer in time"), ModelError(.unauthorized, "401"),
        ModelError(.wrongModel, "another model"), ModelError(.unsupported, "404"),
    ]

    private func bench(
        _ fault: @escaping @Sendable () async -> ModelError?,
        _ adjust: (inout WorkerConfiguration) -> Void = { _ in }
    ) -> WorkerBench {
        WorkerBench(FakeModels(endpoints: [.init("bad", fault: fault), .init("good")])) {
            $0.sampleConcurrency = 4
            $0.probeInterval = .milliseconds(5)
            $0.backOff.first = .milliseconds(1)
            $0.backOff.longest = .milliseconds(1)
            adjust(&$0)
        }
    }

    @Test("Fault 34: an endpoint that cannot be used costs only itself", arguments: faults)
    func oneIsBad(_ fault: ModelError) async throws {
        var bench = bench { fault }
        bench.models.setProbe(of: "bad", fault)
        let error = try await bench.run { bench, group in
            try await bench.register()
            for task in 1...8 { await bench.lease(UInt64(task)) }
            for task in 9...40 {
                let result = try await bench.nextResult()
                #expect(result.items.allSatisfy { $0.failure == nil && $0.reward != nil })
                await bench.acknowledge(result)
                if task <= 32 { await bench.lease(UInt64(task)) }
            }
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
        let asked = bench.models.asked
        #expect(asked.contains("good"))
        // Both models are served by both: at most half a bucket of tokens each, and what was
        // under way.
        #expect(asked.count { $0 == "bad" } <= 2 * (10 + 4))
    }

    @Test("The coordinator is told which endpoint gets no requests")
    func tells() async throws {
        let fault = ModelError(.unreachable, "connection refused")
        var bench = bench { fault }
        bench.models.setProbe(of: "bad", fault)
        _ = try await bench.run { bench, group in
            try await bench.register()
            for task in 1...8 { await bench.lease(UInt64(task)) }
            let outages = try await bench.nextOutages()
            #expect(outages.map(\.endpoint).contains("bad"))
            #expect(outages.allSatisfy { $0.endpoint == "bad" && $0.code == .unreachable })
            #expect(outages.allSatisfy { $0.message == "connection refused" })
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Fault 34: a hanging endpoint holds only what it was given; the rest goes on elsewhere")
    func oneHangs() async throws {
        let release = Latch()
        var bench = bench({
            await release.wait()
            return ModelError(.timeout, "no answer in time")
        }) {
            $0.scoreConcurrency = 4
            $0.scoreBatch = 2
        }
        _ = try await bench.run { bench, group in
            try await bench.register()
            for task in 1...12 { await bench.lease(UInt64(task)) }
            // Half of the slots of each stage may hang; the others work on meanwhile.
            for _ in 1...6 { await bench.acknowledge(try await bench.nextResult()) }
            release.open()
            for _ in 1...6 {
                let result = try await bench.nextResult()
                #expect(result.items.allSatisfy { $0.failure == nil })
                await bench.acknowledge(result)
            }
            await group.triggerGracefulShutdown()
        }
    }

    @Test("The intake goes on while one endpoint is left, and stops when none is")
    func suspends() async throws {
        let away = ModelError(.unreachable, "connection refused")
        let isGone = Atomic(false)
        var bench = WorkerBench(
            FakeModels(endpoints: [
                .init("first", fault: { away }),
                .init("second", fault: { isGone.load(ordering: .relaxed) ? away : nil }),
            ]))
        for name in ["first", "second"] { bench.models.setProbe(of: name, away) }
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            // Had the intake been suspended, a credit of none would come before.
            let first = try await bench.next { message in
                switch message {
                case .result(let result): Optional(result)
                case .credit(0): Optional<TaskResult>.none
                default: nil
                }
            }
            await bench.acknowledge(first)
            isGone.store(true, ordering: .relaxed)
            await bench.lease(2)
            try await bench.next { $0 == .credit(0) ? () : nil }
            isGone.store(false, ordering: .relaxed)
            bench.models.setProbe(of: "second", nil)
            await bench.acknowledge(try await bench.nextResult())
            await group.triggerGracefulShutdown()
        }
    }

    @Test("An endpoint that is back is tried by one request, and then shares the work")
    func comesBack() async throws {
        let isUp = Atomic(false)
        let away = ModelError(.unreachable, "connection refused")
        var bench = bench { isUp.load(ordering: .relaxed) ? nil : away }
        bench.models.setProbe(of: "bad", away)
        _ = try await bench.run { bench, group in
            try await bench.register()
            var task: UInt64 = 0
            while !bench.models.asked.contains("bad") || task < 4 {
                task += 1
                await bench.lease(task)
                await bench.acknowledge(try await bench.nextResult())
            }
            let before = bench.models.asked.count { $0 == "bad" }
            isUp.store(true, ordering: .relaxed)
            bench.models.setProbe(of: "bad", nil)
            while bench.models.asked.count(where: { $0 == "bad" }) < before + 4 {
                task += 1
                await bench.lease(task)
                let result = try await bench.nextResult()
                #expect(result.items.allSatisfy { $0.failure == nil })
                await bench.acknowledge(result)
            }
            await group.triggerGracefulShutdown()
        }
    }

    @Test("Fault 35: what a server says of an item is final, also with another endpoint to ask")
    func itemsOwnFaults() async throws {
        let odd = ModelError(.malformed, "no JSON")
        var bench = WorkerBench(
            FakeModels(endpoints: [
                .init("first", fault: { odd }), .init("second", fault: { odd }),
            ]))
        _ = try await bench.run { bench, group in
            try await bench.register()
            await bench.lease(1)
            let result = try await bench.nextResult()
            #expect(result.items.map(\.failure?.code) == [.malformed, .malformed])
            await bench.acknowledge(result)
            await group.triggerGracefulShutdown()
        }
        #expect(bench.models.asked == ["first"])
    }
}
