import OgiveCore
import OgiveTesting
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Records of workers", .timeLimit(.minutes(10)))
struct WorkerRecordTests {
    private struct Seen {
        var calls = 0
        var isHeld = true
        var isOverlapped = false
    }

    @Test("A slow database gets one record at a time, and the newest of each worker")
    func newest() async {
        let fleet = Fleet(prompts: 0)
        let isSlow = Latch()
        let seen = Mutex(Seen())
        fleet.store.setFate { call in
            guard call == .record else { return .succeed }
            return seen.withLock { seen in
                seen.calls += 1
                if seen.calls == 1 { return .wait(isSlow) }
                if seen.isHeld { seen.isOverlapped = true }
                return .succeed
            }
        }
        let first = WorkerID(high: 1 << 63, low: 1)
        let second = WorkerID(high: 1 << 63, low: 2)
        let leaving = fleet.network.connect(first)
        let staying = fleet.network.connect(second)
        let hello = WorkerMessage.hello(
            Hello(
                name: "w", version: "1", offer: SimulatedModel.offer, credit: 1, inFlight: []))
        await fleet.run([fleet.coordinator()]) {
            _ = await leaving.send(hello)
            for await _ in leaving.incoming { break }
            _ = await leaving.send(.draining)
            _ = await leaving.send(.goodbye)
            _ = await staying.send(hello)
            // The answer to the second worker: all that the first one said was handled before.
            for await _ in staying.incoming { break }
            seen.withLock { $0.isHeld = false }
            isSlow.open()
            await fleet.store.wait {
                $0.workers[first]?.state == .left && $0.workers[second] != nil
            }
        }
        #expect(fleet.store.database.workers[first]?.state == .left)
        #expect(seen.withLock(\.isOverlapped) == false)
        // The second worker's record may come just after the slow write has ended.
        #expect((2...3).contains(seen.withLock(\.calls)))
    }

    @Test("While the database is away, records wait and come back once each")
    func outage() async {
        let fleet = Fleet(prompts: 0)
        let isAway = Atomic(true)
        let failed = Latch()
        fleet.store.setFate { call in
            guard call == .record, isAway.load(ordering: .relaxed) else { return .succeed }
            failed.open()
            return .fail(StoreError(.unavailable, "connection refused"))
        }
        let workers = (1...3).map { fleet.worker(UInt64($0)) }
        await fleet.run([fleet.coordinator()] + workers) {
            await failed.wait()
            isAway.store(false, ordering: .relaxed)
            await fleet.store.wait { $0.workers.count == 3 }
        }
        #expect(fleet.store.database.workers.values.allSatisfy { $0.state == .active })
    }
}
