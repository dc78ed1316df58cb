import OgiveCoordinator
import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Leadership", .timeLimit(.minutes(10)))
struct LeadershipTests {
    private static func leader(_ term: Int64 = 7, renewed: String = "a") -> Leader {
        Leader(
            name: "other:1", term: Term(term), since: "noon", renewedAt: renewed,
            remaining: .seconds(1))
    }

    @Test("A coordinator stands by while another one leads, and opens its address only then")
    func standsBy() async {
        let fleet = Fleet()
        fleet.store.setLeader(Self.leader())
        let asked = Latch()
        let count = Atomic(0)
        fleet.store.setFate { call in
            if call == .lead, count.add(1, ordering: .relaxed).newValue == 3 { asked.open() }
            return .succeed
        }
        let isLeading = Latch()
        let isOpenTooEarly = Atomic(false)
        let isFree = Atomic(false)
        let coordinator = fleet.coordinator(whenLeading: {
            isOpenTooEarly.store(!isFree.load(ordering: .relaxed), ordering: .relaxed)
            isLeading.open()
        })
        await fleet.run([coordinator, fleet.worker(1)]) {
            await asked.wait()
            isFree.store(true, ordering: .relaxed)
            fleet.store.setLeader(nil)
            await isLeading.wait()
            await fleet.finish()
        }
        #expect(isOpenTooEarly.load(ordering: .relaxed) == false)
        fleet.expectExactlyN()
    }

    @Test("Told not to stand by, it ends when the leader is seen to live, and says who leads")
    func refuses() async {
        let fleet = Fleet()
        fleet.store.setLeader(Self.leader(renewed: "a"))
        let count = Atomic(0)
        fleet.store.setFate { call in
            if call == .lead, count.add(1, ordering: .relaxed).newValue == 3 {
                fleet.store.setLeader(Self.leader(renewed: "b"))
            }
            return .succeed
        }
        let error = await #expect(throws: CoordinatorError.self) {
            try await fleet.coordinator { $0.standsBy = false }.run()
        }
        #expect(error?.code == .leadership)
        #expect(error?.message.contains("other:1, since noon (term 7)") == true)
        #expect(count.load(ordering: .relaxed) > 3)
    }

    @Test("Told not to stand by, it takes over from a leader that is dead")
    func takesOver() async {
        let fleet = Fleet()
        fleet.store.setLeader(Self.leader())
        let count = Atomic(0)
        fleet.store.setFate { call in
            if call == .lead, count.add(1, ordering: .relaxed).newValue == 3 {
                fleet.store.setLeader(nil)
            }
            return .succeed
        }
        let coordinator = fleet.coordinator { $0.standsBy = false }
        await fleet.run([coordinator, fleet.worker(1)]) { await fleet.finish() }
        fleet.expectExactlyN()
    }

    @Test("Shut down while it stands by, a coordinator leaves without having led")
    func leavesStandby() async throws {
        let fleet = Fleet()
        fleet.store.setLeader(Self.leader())
        let asked = Latch()
        fleet.store.setFate { _ in
            asked.open()
            return .succeed
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: fleet.coordinator(),
                        successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: Fleet.logger))
        async let ending: Void = group.run()
        await asked.wait()
        await group.triggerGracefulShutdown()
        try await ending
        #expect(fleet.store.database.term == Term(0))
        #expect(fleet.store.resigned == [])
    }

    @Test("Fault 15: a leader that cannot renew grants nothing until it can, and loses nothing")
    func cannotRenew() async {
        let fleet = Fleet()
        let isAway = Atomic(true)
        let tries = Atomic(0)
        fleet.store.setFate { call in
            guard call == .renew, isAway.load(ordering: .relaxed) else { return .succeed }
            tries.add(1, ordering: .relaxed)
            return .fail(StoreError(.unavailable, "connection refused"))
        }
        let leases = Atomic(0)
        fleet.network.setFate { passing in
            if case .toWorker(let message) = passing, case .lease = message.message {
                leases.add(1, ordering: .relaxed)
            }
            return .deliver
        }
        let mayAnswer = Latch()
        let models = FakeModels(sampling: { _ in
            await mayAnswer.wait()
            return nil
        })
        let coordinator = fleet.coordinator {
            $0.termExpiry = .milliseconds(80)
            $0.renewInterval = .milliseconds(20)
            // Every worker's silence is forgiven: only the term decides here.
            $0.limits.silenceMax = .seconds(600)
        }
        await fleet.run([coordinator]) {
            // One try in 20 ms: the term of 80 ms is over before a worker is there.
            await fleet.store.wait { _ in tries.load(ordering: .relaxed) >= 10 }
            await fleet.run([fleet.worker(1, models)]) {
                await fleet.store.wait { !$0.workers.isEmpty }
                await fleet.store.wait { $0.openRuns().first?.policyFingerprint != nil }
                let bound = tries.load(ordering: .relaxed)
                // Time enough for many leases.
                await fleet.store.wait { _ in tries.load(ordering: .relaxed) >= bound + 10 }
                #expect(leases.load(ordering: .relaxed) == 0)
                isAway.store(false, ordering: .relaxed)
                mayAnswer.open()
                await fleet.finish()
            }
        }
        #expect(leases.load(ordering: .relaxed) > 0)
        fleet.expectExactlyN()
    }

    @Test("A leader whose term was taken stops at the next renewal, and resigns nothing of another")
    func superseded() async {
        let fleet = Fleet(prompts: 0)
        let leading = Latch()
        async let ending = #expect(throws: CoordinatorError.self) {
            try await fleet.coordinator(whenLeading: { leading.open() }).run()
        }
        await leading.wait()
        fleet.store.change { _ = $0.lead() }
        let error = await ending
        #expect(error?.code == .superseded)
        #expect(fleet.store.database.term == Term(2))
    }

    @Test("What scheduler and transport count goes with the renewals")
    func counts() async {
        let fleet = Fleet()
        fleet.network.setCounts(["ogive_handshake_failures_total{reason=unknown_key}": 3])
        await fleet.run([fleet.coordinator(), fleet.worker(1)]) {
            await fleet.finish()
            await fleet.store.wait { _ in
                fleet.store.counts["ogive_results_total{outcome=committed}"] ?? 0 >= 30
            }
        }
        let counts = fleet.store.counts
        #expect(counts["ogive_handshake_failures_total{reason=unknown_key}"] == 3)
        #expect(counts["ogive_leases_granted_total"] ?? 0 > 0)
        #expect(counts["ogive_results_total{outcome=stale}"] == 0)
    }

    @Test("Fault 39: a NOTIFY is missed, and the poll catches up")
    func missedHint() async {
        let fleet = Fleet(draws: 3)
        fleet.store.change { $0.submit(SimulatedModel.run(draws: 1)) }
        await fleet.run([fleet.coordinator(), fleet.worker(1)]) {
            await fleet.finish()
            fleet.store.change(isHintLost: true) { $0.submit(SimulatedModel.run(draws: 3)) }
            await fleet.finish()
        }
        fleet.expectExactlyN()
    }

    @Test("A hint of a new run is followed at once, however seldom the database is asked")
    func followsHint() async {
        let fleet = Fleet(draws: 3)
        fleet.store.change { $0.submit(SimulatedModel.run(draws: 1)) }
        let coordinator = fleet.coordinator { $0.pollInterval = .seconds(86_400) }
        await fleet.run([coordinator, fleet.worker(1)]) {
            await fleet.finish()
            fleet.store.change { $0.submit(SimulatedModel.run(draws: 3)) }
            await fleet.finish()
        }
        fleet.expectExactlyN()
    }
}
