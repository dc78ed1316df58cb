import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: fingerprints", .timeLimit(.minutes(10)))
struct SchedulerServingTests {
    typealias Bench = SchedulerBench

    private static let other: Offer = {
        var offer = SimulatedModel.offer
        offer.policies[0].fingerprint = Fingerprint(["model": "simulated", "version": "2"])
        return offer
    }()

    private static let binding = FingerprintBinding(
        run: RunID(1), policy: SimulatedModel.offer.policies[0].fingerprint,
        scorer: SimulatedModel.offer.scorers[0].fingerprint)

    @Test("The first worker that serves an unbound run binds it; until then the run waits")
    func binds() {
        var bench = SchedulerBench()
        #expect(bench.handle(.runs([SimulatedModel.run(draws: 2)])).pages.isEmpty)
        let effects = bench.hello(from: 1)
        #expect(effects.bindings == [Self.binding])
        #expect(effects.pages.isEmpty)
        #expect(bench.hello(from: 2, offer: Self.other).bindings.isEmpty)
        #expect(bench.handle(.bound(Self.binding)).pages.count == 1)
        #expect(bench.page(Bench.pending(1...2, draws: 4)).grantees == [1])
    }

    @Test("A worker whose policy cannot give log-probabilities binds no run that asks for them")
    func cannotTell() throws {
        var run = SimulatedModel.run(draws: 2)
        run.spec.candidates = [.logprobs]
        var unable = SimulatedModel.offer
        unable.policies[0].logProbabilityObstacle = "it cannot; use another server"
        var bench = SchedulerBench()
        bench.handle(.runs([run]))
        let effects = bench.hello(from: 1, offer: unable)
        #expect(effects.bindings.isEmpty)
        let reason = try #require(effects.idleReason)
        #expect(reason.contains("run-1") && reason.contains("use another server"))
        #expect(bench.hello(from: 2).bindings == [Self.binding])
        var other = SchedulerBench()
        other.handle(.runs([SimulatedModel.run(draws: 2)]))
        #expect(other.hello(from: 1, offer: unable).bindings == [Self.binding])
    }

    @Test("A worker whose model differs gets no work and is told why")
    func differs() throws {
        var bench = SchedulerBench.loaded()
        let effects = bench.hello(offer: Self.other)
        #expect(effects.leases.isEmpty)
        let reason = try #require(effects.idleReason)
        #expect(reason.contains("policy version: absent → 2"))
        #expect(effects.records.last?.state == .idle)
        #expect(effects.records.last?.note == reason)
        #expect(bench.handle(.runs([Bench.boundRun()])).idleReason == nil)
    }

    private static func two() -> [RunDescription] {
        var other = Bench.boundRun(id: 2)
        (other.sampling, other.scoring) = (SamplingID(2), ScoringID(2))
        other.spec.name = "run-2"
        return [Bench.boundRun(), other]
    }

    @Test("A run that a worker declines costs only itself; the worker gets others")
    func declined() throws {
        var bench = SchedulerBench()
        bench.handle(.runs(Self.two()))
        bench.page(Bench.pending(1...1, draws: 2))
        bench.page(Bench.pending(1...2, draws: 2), run: 2)
        let first = try #require(bench.hello(credit: 4).leases.first { $0.run == RunID(1) })
        let effects = bench.say(
            .declined(RunID(1), reason: "run 'run-1' has no label", [first.name]))
        #expect(effects.leases.allSatisfy { $0.run == RunID(2) })
        #expect(effects.idleReason == nil)
        // Another worker gets what was given back.
        let other = bench.hello(from: 2, credit: 4).leases
        #expect(other.contains { $0.run == RunID(1) })
    }

    @Test("A worker that declined all it could serve is idle, and says which and why")
    func declinedAll() throws {
        var bench = SchedulerBench.loaded()
        let first = try #require(bench.hello().leases.first)
        let effects = bench.say(.declined(RunID(1), reason: "no label", [first.name]))
        #expect(effects.idleReason == "no label")
        #expect(effects.leases.isEmpty)
        #expect(effects.records.last?.state == .idle)
        // Said again, as after a lost message, it changes nothing.
        #expect(bench.say(.declined(RunID(1), reason: "no label", [])).records.isEmpty)
        // Registered anew it is trusted again: it may serve something else now.
        #expect(!bench.hello().leases.isEmpty)
        bench.say(.declined(RunID(1), reason: "no label", []))
        // Another specification of the run is another question.
        var run = Bench.boundRun()
        run.spec.weight = 2
        #expect(bench.handle(.runs([run])).records.last?.state == .active)
    }

    @Test("A worker that lacks a model gets no work and is told which")
    func lacks() throws {
        var bench = SchedulerBench.loaded()
        let none = bench.hello(from: 1, offer: Offer(policies: [], scorers: []))
        #expect(none.idleReason?.contains("needs the policy synthetic 'simulated'") == true)
        let half = bench.hello(
            from: 2, offer: Offer(policies: SimulatedModel.offer.policies, scorers: []))
        #expect(half.idleReason?.contains("needs the scorer synthetic 'simulated'") == true)
        #expect(none.leases.isEmpty && half.leases.isEmpty)
    }

    @Test("A worker that differs in what is bound does not bind the rest")
    func halfBound() {
        var bench = SchedulerBench()
        var run = SimulatedModel.run(draws: 2)
        run.policyFingerprint = SimulatedModel.offer.policies[0].fingerprint
        bench.handle(.runs([run]))
        #expect(bench.hello(from: 1, offer: Self.other).bindings.isEmpty)
        #expect(bench.hello(from: 2).bindings == [Self.binding])
    }

    @Test("Fault 76: what others bound first counts, and a worker with other models is told so")
    func boundByOthers() {
        var bench = SchedulerBench()
        bench.handle(.runs([SimulatedModel.run(draws: 2)]))
        bench.hello()
        var binding = Self.binding
        binding.policy = Self.other.policies[0].fingerprint
        #expect(bench.handle(.bound(binding)).idleReason?.contains("version: 2 → absent") == true)
    }

    @Test("A binding that failed is asked for again at the next look at the runs")
    func bindFails() {
        var bench = SchedulerBench()
        let run = SimulatedModel.run(draws: 2)
        bench.handle(.runs([run]))
        bench.hello()
        #expect(bench.handle(.runs([run])).bindings.isEmpty)
        bench.handle(.bindFailed(RunID(1), Bench.away))
        #expect(bench.handle(.runs([run]), after: .seconds(1)).bindings == [Self.binding])
    }

    @Test("Fault 59: fingerprints that the database refuses cost their worker the run, nobody else")
    func bindRefused() {
        let refusal = StoreError(.refused, "unsupported Unicode escape sequence")
        var bench = SchedulerBench()
        bench.handle(.runs([SimulatedModel.run(draws: 2)]))
        for worker in 1...9 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, offer: Self.other).bindings.count == 1)
            let effects = bench.handle(.bindFailed(RunID(1), refusal), after: .seconds(1))
            #expect(effects.stops.isEmpty)
            #expect(effects.bindings.isEmpty)
            #expect(effects.idleReason?.contains("unsupported Unicode") == true)
        }
        #expect(bench.hello(from: 10).bindings == [Self.binding])
    }

    @Test("Fault 75: a right that the login lacks blames no worker, and stops the coordinator")
    func bindForbidden() {
        let error = StoreError(.forbidden, "bind fingerprints: permission denied; GRANT")
        let run = SimulatedModel.run(draws: 2)
        var bench = SchedulerBench()
        bench.handle(.runs([run]))
        bench.hello()
        let first = bench.handle(.bindFailed(RunID(1), error))
        #expect(first.idleReason == nil && first.records.isEmpty && first.stops.isEmpty)
        #expect(first.troubles == ["run-1"])
        // The same worker binds it when the right was granted meanwhile.
        #expect(bench.handle(.runs([run]), after: .seconds(1)).bindings == [Self.binding])
        #expect(bench.handle(.bindFailed(RunID(1), error)).stops.isEmpty)
        bench.handle(.runs([run]), after: .seconds(1))
        let last = bench.handle(.bindFailed(RunID(1), error))
        #expect(last.idleReason == nil)
        #expect(last.stops.map(\.message) == [error.message])
    }

    @Test("Who waits for fingerprints that are refused binds its own, at once")
    func bindRefusedWaiting() {
        var bench = SchedulerBench()
        bench.handle(.runs([SimulatedModel.run(draws: 2)]))
        #expect(bench.hello(from: 1, offer: Self.other).bindings.count == 1)
        #expect(bench.hello(from: 2).bindings.isEmpty)
        bench.say(.goodbye, from: 1)
        let effects = bench.handle(.bindFailed(RunID(1), StoreError(.refused, "no")))
        #expect(effects.bindings == [Self.binding])
    }

    @Test("Why a worker gets no work has bounds, and what it tells of its endpoints")
    func noteBounds() throws {
        var bench = SchedulerBench.loaded()
        let long = String(repeating: "x", count: 1_000)
        let model = Offer.Model(kind: long, model: long, fingerprint: Fingerprint([:]))
        let offer = Offer(policies: Array(repeating: model, count: 30), scorers: [])
        let reason = try #require(bench.hello(offer: offer).idleReason)
        #expect(reason.utf8.count <= 16 << 10)
        let outage = EndpointOutage(
            model: "m", endpoint: long, code: .timeout,
            message: String(repeating: "y", count: 9_000), lasting: .zero)
        let outages = try #require(
            bench.say(.impaired(Array(repeating: outage, count: 256))).records.last?.outages)
        #expect(outages.count == 3)
        #expect(outages.first?.message.utf8.count == 4 << 10)
    }

    @Test("Of many models the reason names some")
    func manyModels() throws {
        var bench = SchedulerBench.loaded()
        let model = Offer.Model(kind: "k", model: "m", fingerprint: Fingerprint([:]))
        let offer = Offer(policies: Array(repeating: model, count: 1_024), scorers: [])
        let reason = try #require(bench.hello(offer: offer).idleReason)
        #expect(reason.hasSuffix("k 'm', k 'm' and 1008 more"))
    }

    @Test("Another run may suit a worker that has none")
    func anotherRun() {
        var bench = SchedulerBench.loaded()
        bench.hello(offer: Self.other)
        var run = Bench.boundRun(id: 2)
        run.sampling = SamplingID(2)
        run.scoring = ScoringID(2)
        run.policyFingerprint = Self.other.policies[0].fingerprint
        let effects = bench.handle(.runs([Bench.boundRun(), run]))
        #expect(effects.records.last?.state == .active)
        #expect(effects.pages.count == 1)
        let leases = bench.page(Bench.pending(1...1, draws: 2), run: 2).leases
        #expect(leases.map(\.run) == [RunID(2)])
    }
}
