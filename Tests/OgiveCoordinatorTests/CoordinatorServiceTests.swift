import OgiveCoordinator
import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Coordinator and workers", .timeLimit(.minutes(10)))
struct CoordinatorServiceTests {
    @Test("A run lands exactly N, with one worker and with three", arguments: [1, 3])
    func lands(workers: Int) async {
        let fleet = Fleet()
        let services = (1...workers).map { fleet.worker(UInt64($0)) }
        await fleet.run([fleet.coordinator()] + services) { await fleet.finish() }
        fleet.expectExactlyN()
    }

    @Test("Raising n while it runs tops up")
    func raises() async {
        let fleet = Fleet(draws: 9)
        fleet.store.change { $0.submit(SimulatedModel.run(draws: 2)) }
        await fleet.run([fleet.coordinator(), fleet.worker(1)]) {
            await fleet.finish()
            fleet.store.change { $0.submit(SimulatedModel.run(draws: 9)) }
            await fleet.finish()
        }
        fleet.expectExactlyN()
    }

    @Test("A database that fails, or forgets to answer, delays a run and loses nothing")
    func databaseFails() async {
        let fleet = Fleet()
        let calls = Atomic(0)
        fleet.store.setFate { call in
            guard call != .lead else { return .succeed }
            switch calls.add(1, ordering: .relaxed).newValue % 4 {
            case 0: return .happenUnnoticed
            case 1: return .fail(StoreError(.unavailable, "connection refused"))
            default: return .succeed
            }
        }
        await fleet.run([fleet.coordinator(), fleet.worker(1), fleet.worker(2)]) {
            await fleet.finish()
        }
        fleet.expectExactlyN()
    }

    @Test("Another coordinator goes on where one was cut off")
    func restart() async {
        let fleet = Fleet(prompts: 12)
        let services = [fleet.worker(1), fleet.worker(2)]
        await fleet.run(services) {
            for landed in [5, 20, 35] {
                await fleet.run([fleet.coordinator()]) {
                    await fleet.store.wait {
                        ($0.tables[ScoringID(1)]?.rewards.count ?? 0) >= landed
                    }
                }
            }
            await fleet.run([fleet.coordinator()]) { await fleet.finish() }
        }
        #expect(fleet.store.database.term == Term(4))
        fleet.expectExactlyN()
    }

    @Test("A coordinator that is superseded stops, and writes nothing more")
    func superseded() async throws {
        let fleet = Fleet()
        let sampling = Latch()
        let successor = Latch()
        let models = FakeModels(sampling: { _ in
            sampling.open()
            await successor.wait()
            return nil
        })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CoordinatorError.self) {
                    try await fleet.coordinator().run()
                }
            }
            let worker = fleet.worker(1, models)
            let working = Latch()
            group.addTask {
                await fleet.run([worker]) { await working.wait() }
            }
            await sampling.wait()
            fleet.store.change { _ = $0.lead() }
            successor.open()
            try await group.next()
            working.open()
            try await group.waitForAll()
        }
        #expect(fleet.store.database.tables.isEmpty)
    }

    @Test("A coordinator learns from any call that it is superseded")
    func supersededWhileIdle() async throws {
        let fleet = Fleet(prompts: 0)
        fleet.store.setFate { call in
            call == .finish
                ? .fail(StoreError(.staleTerm, "Another one leads.")) : .succeed
        }
        fleet.store.change { database in
            var run = SimulatedModel.run(draws: 1)
            run.policyFingerprint = SimulatedModel.offer.policies[0].fingerprint
            run.scorerFingerprint = SimulatedModel.offer.scorers[0].fingerprint
            database.submit(run)
        }
        let error = await #expect(throws: CoordinatorError.self) {
            try await fleet.coordinator().run()
        }
        #expect(error?.code == .superseded)
    }

    @Test(
        "A coordinator that the database refuses for good stops, and says what it said",
        arguments: [MemoryStore.Call.page, .finish, .openRuns, .renew])
    func refused(call: MemoryStore.Call) async throws {
        let fleet = Fleet(prompts: call == .finish ? 0 : 1)
        let message = "permission denied for table prompt_rows"
        fleet.store.setFate { $0 == call ? .fail(StoreError(.refused, message)) : .succeed }
        fleet.store.change { database in
            var run = SimulatedModel.run(draws: 1)
            run.policyFingerprint = SimulatedModel.offer.policies[0].fingerprint
            run.scorerFingerprint = SimulatedModel.offer.scorers[0].fingerprint
            database.submit(run)
        }
        let error = await #expect(throws: CoordinatorError.self) {
            try await fleet.coordinator { $0.limits.databasePauseMax = .milliseconds(20) }.run()
        }
        #expect(error?.code == .store)
        #expect(error?.message == message)
    }

    @Test("A coordinator that cannot lead says why")
    func cannotLead() async {
        let fleet = Fleet()
        fleet.store.setFate { _ in .fail(StoreError(.conflict, "Another one leads now.")) }
        let error = await #expect(throws: CoordinatorError.self) {
            try await fleet.coordinator().run()
        }
        #expect(error?.code == .leadership)
        #expect(error?.message == "Another one leads now.")
    }

    @Test("Shut down, a coordinator lands what came and resigns")
    func drains() async throws {
        let fleet = Fleet()
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: fleet.coordinator(),
                        successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: Fleet.logger))
        let worker = fleet.worker(1)
        await fleet.run([worker]) {
            async let ending: Void = {
                await #expect(throws: Never.self) { try await group.run() }
            }()
            await fleet.store.wait { !$0.tables.isEmpty }
            await group.triggerGracefulShutdown()
            await ending
        }
        #expect(fleet.store.resigned == [Term(1)])
    }

    @Test("Fault 58: shut down, a coordinator that is flooded ends before it has heard all")
    func drainsUnderAFlood() async throws {
        let fleet = Fleet()
        var configuration = CoordinatorConfiguration(name: "flooded")
        configuration.eventsMax = 4_096
        configuration.eventsAtOnce = 16
        // Nothing but the flood fills the feed.
        configuration.pollInterval = .seconds(3_600)
        configuration.renewInterval = .seconds(3_600)
        let flood = Flood()
        let group = ServiceGroup(
            services: [
                CoordinatorService(
                    configuration: configuration, transport: flood, store: fleet.store,
                    time: .machine, logger: Fleet.logger)
            ], logger: Fleet.logger)
        async let ending: Void = group.run()
        try await eventually("the feed to be full") {
            flood.said.load(ordering: .relaxed) > configuration.eventsMax
        }
        await group.triggerGracefulShutdown()
        try await ending
        #expect(fleet.store.resigned == [Term(1)])
        // What waited before the end was not handled first: that would have made room for as much.
        #expect(flood.said.load(ordering: .relaxed) < 2 * configuration.eventsMax)
    }

    @Test("A transport that ended ends the coordinator: it lands what came and resigns")
    func transportEnded() async throws {
        let fleet = Fleet()
        fleet.network.coordinator.close()
        try await fleet.coordinator().run()
        #expect(fleet.store.resigned == [Term(1)])
    }

    @Test("A worker with another model gets no work, and its record says why")
    func otherModel() async throws {
        let fleet = Fleet()
        var other = SimulatedModel.offer
        other.policies[0].fingerprint = Fingerprint(["model": "another"])
        let models = FakeModels()
        models.setOffer(.success(other))
        let unknown = WorkerID(high: 1 << 63, low: 2)
        let isRefused = Latch()
        let note = Mutex<String?>(nil)
        // Nothing can be finished, and so the run cannot end, before the unknown worker is refused.
        let slow = FakeModels(sampling: { _ in
            await isRefused.wait()
            return nil
        })
        await fleet.run([fleet.coordinator(), fleet.worker(1, slow)]) {
            await fleet.store.wait { $0.openRuns().first?.policyFingerprint != nil }
            await fleet.run([fleet.worker(2, models)]) {
                await fleet.store.wait { database in
                    guard let reported = database.workers[unknown]?.note else { return false }
                    note.withLock { $0 = reported }
                    return true
                }
            }
            isRefused.open()
            await fleet.finish()
        }
        let reported = try #require(note.withLock { $0 })
        #expect(reported.contains("policy model: simulated → another"))
        #expect(models.sampled.isEmpty)
        fleet.expectExactlyN()
    }
}

/// Peers that are never silent. The first answer to one waits for the coordinator's shutdown.
private final class Flood: CoordinatorTransport {
    /// How many messages the coordinator took.
    let said = Atomic(0)

    /// Messages without end, whether the task is cancelled or not.
    struct Messages: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let flood: Flood

        func makeAsyncIterator() -> Self { self }

        func next() async -> [FromWorker]? { await next(isolation: nil) }

        func next(isolation actor: isolated (any Actor)?) async -> [FromWorker]? {
            let number = UInt64(flood.said.add(1, ordering: .relaxed).newValue)
            let unknown = WorkerID(high: 1 << 63, low: number)
            return [FromWorker(worker: unknown, term: Term(0), message: .credit(1))]
        }
    }

    var incoming: Messages { Messages(flood: self) }

    func send(_ messages: [ToWorker]) async -> [SendOutcome] {
        // It ends with the shutdown, or with the task.
        try? await gracefulShutdown()
        return messages.map { _ in .queued }
    }
}
