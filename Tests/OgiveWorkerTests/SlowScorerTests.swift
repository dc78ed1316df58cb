import OgiveCore
import OgiveTesting
import OgiveWorker
import ServiceLifecycle
import Testing

@Suite("A slow scorer and another run", .timeLimit(.minutes(10)))
struct SlowScorerTests {
    @Test("While the scorer of one run does not answer, the other run gets its rewards")
    func doesNotHoldUp() async throws {
        let isOver = Latch()
        let models = FakeModels(scoring: { requests in
            if requests.contains(where: { $0.completion.hasPrefix("slow") }) {
                await isOver.wait()
            }
            return nil
        })
        var bench = WorkerBench(models) {
            $0.scoreConcurrency = 2
            $0.scoreBatch = 1
        }
        let error = try await bench.run { bench, group in
            try await bench.register()
            await bench.say(.serve(SimulatedModel.run(id: 2, draws: 8)))
            for task in 1...3 as ClosedRange<UInt64> {
                await bench.lease(task, run: 1, texts: ["slow \(task)"])
            }
            for task in 4...6 as ClosedRange<UInt64> {
                await bench.lease(task, run: 2, texts: ["text \(task)"])
                let result = try await bench.nextResult()
                #expect(result.claim.run == RunID(2))
                await bench.acknowledge(result)
            }
            isOver.open()
            for _ in 1...3 {
                let result = try await bench.nextResult()
                #expect(result.claim.run == RunID(1))
                await bench.acknowledge(result)
            }
            await group.triggerGracefulShutdown()
        }
        #expect(error == nil)
    }
}
