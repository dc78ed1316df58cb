import OgiveCore
import OgiveTesting
import Testing

/// What a worker with a key of its own cannot do.
@Suite("Scheduler: leases that were never granted", .timeLimit(.minutes(10)))
struct SchedulerProofTests {
    typealias Bench = SchedulerBench

    private func result(_ claim: LeaseClaim) -> WorkerMessage {
        let prompt = Prompt(id: claim.prompt, key: "", content: .text(""), metadata: "{}")
        return Bench.result(
            Lease(
                name: claim.lease, run: claim.run, prompt: prompt, seedBase: claim.seedBase,
                items: claim.items.map { WorkItem(name: $0) }, duration: .seconds(1),
                proof: claim.proof))
    }

    private func invented(term: Int64, task: UInt64 = 999) -> LeaseClaim {
        LeaseClaim(
            lease: LeaseName(term: Term(term), task: TaskID(task), epoch: Epoch(1)),
            run: RunID(1), prompt: PromptID(2), seedBase: 0, items: [.draw(0), .draw(1)],
            proof: .unproved)
    }

    @Test("Fault 43: an invented task of this term lands nothing, and its sender is notified")
    func inventedTask() {
        var bench = Bench.loaded(prompts: 1, draws: 2)
        bench.hello(credit: 0)
        let effects = bench.say(result(invented(term: 5)))
        #expect(effects.batches.isEmpty)
        #expect(effects.acks.isEmpty)
        #expect(effects.rejections.count == 1)
        #expect(bench.scheduler.load.inFlightItems == 0)
    }

    @Test("The task that is granted next is no use before it is granted")
    func unGrantedTask() {
        var bench = Bench.loaded(prompts: 1, draws: 2)
        bench.hello(credit: 0)
        var claim = invented(term: 5, task: 1)
        claim.lease.epoch = Epoch(0)
        claim.prompt = PromptID(1)
        #expect(bench.say(result(claim)).batches.isEmpty)
        #expect(bench.say(.credit(1)).leases.count == 1)
    }

    @Test("Another worker's lease lands nothing, even with its proof, and stays that worker's")
    func stolen() throws {
        var bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        bench.hello(from: 2, credit: 0)
        let effects = bench.say(Bench.result(lease), from: 2)
        #expect(effects.batches.isEmpty)
        #expect(effects.rejections.map(\.0) == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.say(Bench.result(lease), from: 1).batches.count == 1)
    }

    @Test("What a worker claims word for word as memory has it needs no proof, and all else does")
    func alteredClaims() throws {
        let changes: [(inout LeaseClaim) -> Void] = [
            { $0.seedBase &+= 1 }, { $0.prompt = PromptID(2) }, { $0.items = [.draw(1)] },
            { $0.items = [.draw(1), .draw(0)] }, { $0.items.append(.draw(2)) },
            { $0.run = RunID(2) }, { $0.lease.epoch = Epoch(2) },
        ]
        for change in changes {
            var bench = Bench.loaded(draws: 2)
            let lease = try #require(bench.hello().leases.first)
            var claim = lease.claim
            change(&claim)
            let effects = bench.say(result(claim))
            #expect(effects.batches.isEmpty && effects.acks.isEmpty)
            #expect(effects.rejections.count == 1)
            claim = lease.claim
            claim.proof = .unproved
            #expect(bench.say(result(claim)).batches.count == 1)
        }
    }

    @Test("A lease that was given back needs its proof: memory does not say who had it")
    func unprovedReady() throws {
        var bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        bench.say(.credit(0))
        bench.say(.returned([lease.name]))
        var claim = lease.claim
        claim.proof = .unproved
        #expect(bench.say(result(claim)).rejections.count == 1)
        #expect(bench.say(Bench.result(lease)).batches.count == 1)
    }

    @Test("A lease that ran out and waits is still no other worker's")
    func stolenReady() throws {
        var bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        bench.hello(from: 2, credit: 0)
        bench.say(.returned([lease.name]), from: 1)
        bench.say(.credit(0), from: 1)
        #expect(bench.say(Bench.result(lease), from: 2).batches.isEmpty)
    }

    @Test(
        "Leases of a hello that were never granted go on nowhere, nor does any beside them",
        arguments: [4, 5] as [Int64])
    func inventedInFlight(term: Int64) throws {
        var bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let held = [Bench.held(lease), HeldLease(claim: invented(term: term))]
        #expect(bench.hello(credit: 0, holding: held).welcome?.adopted == [])
        #expect(bench.scheduler.counters.unproved == 1)
        #expect(bench.scheduler.load.inFlightItems == 0)
    }

    @Test("A lease of another key goes on under no other")
    func otherKey() throws {
        let claim = invented(term: 4).proved(for: Bench.worker(1), key: "honest")
        for (key, count) in [("honest", 1), ("other", 0)] {
            var bench = Bench()
            bench.handle(.runs([Bench.boundRun(draws: 2)]))
            let effects = bench.hello(holding: [HeldLease(claim: claim)], key: key)
            #expect(effects.welcome?.adopted.count == count)
        }
    }

    @Test("Fault 52: a hello with another fingerprint takes nothing over; late results are stale")
    func otherFingerprint() throws {
        var offer = SimulatedModel.offer
        offer.scorers[0].fingerprint = Fingerprint(["server": "another"])
        var bench = Bench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        let older = invented(term: 4).proved(for: Bench.worker(1))
        let effects = bench.hello(holding: [HeldLease(claim: older)], offer: offer)
        #expect(effects.welcome?.adopted == [])

        bench = Bench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let again = bench.hello(holding: [Bench.held(lease)], offer: offer)
        #expect(again.welcome?.adopted == [])
        #expect(bench.say(Bench.result(lease)).batches.isEmpty)
        #expect(bench.scheduler.counters.stale == 1)
    }

    @Test("Results of a forgotten lease land by their proof, unless the worker's models changed")
    func forgotten() throws {
        for hasChanged in [false, true] {
            var offer = SimulatedModel.offer
            if hasChanged { offer.policies[0].fingerprint = Fingerprint(["server": "another"]) }
            var bench = Bench.loaded(draws: 2)
            let lease = try #require(bench.hello().leases.first)
            let batch = try #require(bench.say(Bench.result(lease)).batches.first)
            bench.handle(.landed(batch.id, Bench.receipt))
            bench.hello(credit: 0, offer: offer)
            #expect(bench.say(Bench.result(lease)).batches.isEmpty == hasChanged)
        }
    }
}
