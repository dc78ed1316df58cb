import OgiveCore
import OgiveTesting
import Testing

@Suite(
    "Scheduler: runs that sample nothing, and runs that share a sampling", .timeLimit(.minutes(10)))
struct SchedulerRescoringTests {
    typealias Bench = SchedulerBench

    private static let scorerOnly = Offer(policies: [], scorers: SimulatedModel.offer.scorers)

    /// Another scoring of the first run's sampling; unbound when `scorer` is `nil`.
    private static func rescoring(
        _ id: Int64 = 2, samples: Bool = false,
        scorer: Fingerprint? = SimulatedModel.offer.scorers[0].fingerprint
    ) -> RunDescription {
        var run = SimulatedModel.run(id: id, draws: 4)
        run.scoring = ScoringID(id)
        run.spec.samples = samples
        run.policyFingerprint = samples ? SimulatedModel.offer.policies[0].fingerprint : nil
        run.scorerFingerprint = scorer
        return run
    }

    private static func stored(_ draws: Int) -> [PendingPrompt] {
        var pending = Bench.pending(1...1, draws: draws)
        for index in pending[0].items.indices { pending[0].items[index].text = "text" }
        return pending
    }

    @Test("A worker without a policy scores what is stored, and gets nothing to sample")
    func worksWithoutPolicy() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(), Self.rescoring()]))
        bench.page(Bench.pending(1...1, draws: 2))
        bench.page(Self.stored(2), run: 2)
        let leases = bench.hello(credit: 9, offer: Self.scorerOnly).leases
        #expect(leases.map(\.run) == [RunID(2)])
        #expect(leases.flatMap(\.items).allSatisfy { !$0.needsSampling })
        #expect(bench.hello(from: 2, credit: 9).leases.map(\.run) == [RunID(1)])
    }

    @Test("It binds the scorer only, and waits for no policy")
    func bindsScorerOnly() {
        var bench = SchedulerBench()
        bench.handle(.runs([Self.rescoring(scorer: nil)]))
        let binding = FingerprintBinding(
            run: RunID(2), policy: nil, scorer: SimulatedModel.offer.scorers[0].fingerprint)
        // Whatever policy the worker serves.
        #expect(bench.hello().bindings == [binding])
        #expect(bench.handle(.bound(binding)).pages.count == 1)
        #expect(bench.page(Self.stored(2), run: 2).grantees == [1])
    }

    @Test("The policy that a worker serves may be another than the completions'")
    func otherPolicy() {
        var offer = SimulatedModel.offer
        offer.policies[0].fingerprint = Fingerprint(["model": "simulated", "version": "2"])
        var run = Self.rescoring()
        run.policyFingerprint = SimulatedModel.offer.policies[0].fingerprint
        var bench = SchedulerBench()
        bench.handle(.runs([run]))
        bench.page(Self.stored(2), run: 2)
        #expect(bench.hello(offer: offer).leases.count == 1)
    }

    @Test("It waits for no run of its sampling, and none waits for it")
    func holdsNobody() {
        var bench = SchedulerBench()
        bench.hello(credit: 9)
        let runs = [Bench.boundRun(), Self.rescoring(2), Self.rescoring(3)]
        #expect(bench.handle(.runs(runs)).pages.count == 3)
        var last = Self.rescoring(4, samples: true)
        last.id = RunID(4)
        // But one that samples waits for the first.
        #expect(bench.handle(.runs(runs + [last])).pages.isEmpty)
        let others = [Self.rescoring(2), Self.rescoring(3), last]
        #expect(bench.handle(.runs(others)).pages.count == 1)
    }

    @Test("Runs that sample the same draws for other scorers do so one after the other")
    func shareWithoutSamplingTwice() {
        var bench = SchedulerBench()
        bench.hello(credit: 9)
        let runs = [Bench.boundRun(draws: 2), Self.rescoring(2, samples: true)]
        #expect(bench.handle(.runs(runs)).pages.count == 1)
        let lease = bench.page(Bench.pending(1...1, draws: 2)).leases[0]
        #expect(lease.run == RunID(1))
        let landing = bench.say(Bench.result(lease)).batches[0]
        let finishes = bench.handle(.landed(landing.id, Bench.receipt)).finishes
        #expect(finishes == [RunID(1)])
        // The second run pages when the first is finished: the texts are stored by then.
        let pages = bench.handle(.finished(RunID(1), .finished)).pages
        #expect(pages.count == 1)
        let scored = bench.page(Self.stored(2), run: 2).leases
        #expect(scored.map(\.run) == [RunID(2)])
        #expect(scored[0].items.allSatisfy { !$0.needsSampling })
    }

    @Test("A run that begins to sample waits for its policy")
    func beginsToSample() {
        var bench = SchedulerBench()
        bench.hello(offer: Self.scorerOnly)
        #expect(bench.handle(.runs([Self.rescoring()])).pages.count == 1)
        bench.page([], run: 2)
        var run = Self.rescoring()
        run.spec.samples = true
        let effects = bench.handle(.runs([run]))
        #expect(effects.pages.isEmpty)
        #expect(effects.idleReason?.contains("needs the policy") == true)
        #expect(bench.hello(from: 2).bindings.count == 1)
    }
}
