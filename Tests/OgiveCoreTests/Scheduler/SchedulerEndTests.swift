import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: the last leases of a run", .timeLimit(.minutes(10)))
struct SchedulerEndTests {
    typealias Bench = SchedulerBench

    /// Two workers with two slots each that ask for six leases, and the leases that they have.
    private struct Fleet {
        var bench = SchedulerBench()
        var held: [UInt64: [Lease]] = [:]
        let duration: Duration

        /// Twenty draws are in memory; `next` says that there are more. Of 100 ms, the one slot for
        /// scores of each worker is busy for `scoring`.
        init(duration: Duration, slots: Int = 2, next: Int64? = nil, scoring: Int = 0) {
            self.duration = duration
            bench.handle(.runs([Bench.boundRun(draws: 1)]))
            bench.page(Bench.pending(1...20, draws: 1), next: next)
            var load = WorkerLoad()
            load.sampleSlots = slots
            load.scoreSlots = 1
            load.slotTime[SlotWait(stage: .score, side: .scorer)] = scoring
            load.slotTime[SlotWait(stage: .score, side: .nothing)] = 100 - scoring
            for worker in UInt64(1)...2 {
                held[worker] = bench.hello(from: worker, credit: 6).leases
                held[worker]? += bench.say(.report(load, []), from: worker).leases
            }
        }

        /// How many leases each worker has.
        var counts: [Int] { held.values.map(\.count) }

        /// A worker finishes its first lease; answers with whether it got another one.
        mutating func finish(_ worker: UInt64) -> Bool {
            guard let lease = held[worker]?.removeFirst(),
                case .result(var result) = Bench.result(lease)
            else { return false }
            for item in result.items.indices { result.items[item].sampleDuration = duration }
            let granted = bench.say(.result(result), from: worker).leases
            held[worker]? += granted
            return !granted.isEmpty
        }

        /// Finishes what is left of a worker's leases; answers with how many it had.
        mutating func finishAll(_ worker: UInt64) -> Int {
            var count = 0
            while held[worker]?.isEmpty == false {
                _ = finish(worker)
                count += 1
            }
            return count
        }
    }

    @Test("Long draws: no worker has a queue when the other one has nothing left")
    func longDraws() {
        var fleet = Fleet(duration: .seconds(1))
        #expect(fleet.counts == [6, 6])
        for _ in 0..<6 { for worker in UInt64(1)...2 { _ = fleet.finish(worker) } }
        // Eight were left, which is less than both ask for: each keeps what its slots hold.
        #expect(fleet.counts.allSatisfy { $0 <= 3 })
        let left = [fleet.finishAll(1), fleet.finishAll(2)]
        #expect(left.reduce(0, +) == 8)
        #expect(fleet.counts == [0, 0])
    }

    @Test("The last ones go to the worker that is free first")
    func freeFirst() {
        var fleet = Fleet(duration: .seconds(1))
        // The second worker does nothing: all that is left goes to the first one.
        let finished = fleet.finishAll(1)
        #expect(finished == 14)
        #expect(fleet.held[2]?.count == 6)
    }

    @Test("Short draws, workers that report no slots, and slow scorers fill the credit")
    func shortDraws() {
        let cases = [(Duration.milliseconds(10), 2, 0), (.seconds(1), 0, 0), (.seconds(1), 2, 11)]
        for (duration, slots, scoring) in cases {
            var fleet = Fleet(duration: duration, slots: slots, scoring: scoring)
            let granted = (0..<8).map { fleet.finish(1 + UInt64($0 % 2)) }
            #expect(granted == Array(repeating: true, count: 8))
            #expect(fleet.counts == [6, 6])
        }
    }

    @Test("While there are more pages, workers have as many leases as they ask for")
    func morePages() {
        var fleet = Fleet(duration: .seconds(1), next: 20)
        let granted = (0..<8).map { fleet.finish(1 + UInt64($0 % 2)) }
        #expect(granted == Array(repeating: true, count: 8))
    }

    @Test("One worker alone leaves nothing to others")
    func alone() {
        var fleet = Fleet(duration: .seconds(1))
        fleet.bench.say(.goodbye, from: 2)
        let granted = (0..<8).map { _ in fleet.finish(1) }
        #expect(granted == Array(repeating: true, count: 8))
    }

    @Test("A task that comes back is granted to a worker that has a free slot")
    func comesBack() {
        var fleet = Fleet(duration: .seconds(1))
        let finished = fleet.finishAll(1)
        #expect(finished == 14)
        let leaves = fleet.bench.say(.goodbye, from: 2)
        #expect(leaves.grantees == [1, 1, 1, 1, 1, 1])
    }
}
