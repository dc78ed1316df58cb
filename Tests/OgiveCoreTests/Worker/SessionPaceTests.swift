import OgiveCore
import Testing

@Suite("Worker session: pace", .timeLimit(.minutes(10)))
struct SessionPaceTests {
    typealias Bench = SessionBench

    /// Finishes leases at once for a while, each acknowledged; what credit was sent last.
    private func credit(
        leases: Int, every interval: Duration, _ adjust: (inout WorkerLimits) -> Void = { _ in }
    ) throws -> Int? {
        var bench = SessionBench.registered(adjust)
        var sent: [Int] = []
        for task in 1...UInt64(leases) {
            let ticket = try bench.take(task)
            sent += bench.handle(.done(ticket, [Bench.results(0, 1)]), after: interval).credits
            sent += bench.hear(.acks([ResultName(lease: Bench.name(task), part: 0)])).credits
        }
        return sent.last
    }

    @Test("A worker whose leases take their time asks for no more than its slots")
    func slow() throws {
        #expect(try credit(leases: 50, every: .milliseconds(50)) == 4)
    }

    @Test("One that finishes thousands a second asks for those of some milliseconds ahead")
    func fast() throws {
        #expect(try credit(leases: 1_000, every: .microseconds(250)) == 4 + 96)
    }

    @Test("What is asked for ahead has a bound")
    func bound() throws {
        let most = try credit(leases: 3_000, every: .microseconds(50)) { $0.aheadMax = 64 }
        #expect(most == 4 + 64)
    }

    @Test("When it finishes nothing any more, it asks for its slots alone")
    func idle() throws {
        var bench = SessionBench.registered()
        for task in 1...1_000 as ClosedRange<UInt64> {
            let ticket = try bench.take(task)
            bench.handle(.done(ticket, [Bench.results(0, 1)]), after: .microseconds(250))
            bench.hear(.acks([ResultName(lease: Bench.name(task), part: 0)]))
        }
        bench.handle(.tick, after: .milliseconds(200))
        #expect(bench.handle(.tick, after: .milliseconds(200)).credits == [4])
    }

    @Test("While acknowledgements are waited for, not each of them is answered with a credit")
    func quarters() throws {
        var bench = SessionBench.registered {
            $0.leasesMax = 40
            $0.unackedMax = 40
        }
        var sent: [Int] = []
        for task in 1...40 as ClosedRange<UInt64> {
            let ticket = try bench.take(task)
            sent += bench.handle(.done(ticket, [Bench.results(0, 1)])).credits
        }
        #expect(sent == [30, 20, 10, 0])
    }

    @Test("Results are sent again when they are due, and not before, whatever else happens")
    func resends() throws {
        var bench = SessionBench.registered { $0.resendAfter = .seconds(5) }
        let first = try bench.take(1)
        bench.handle(.done(first, [Bench.results(0, 1)]))
        let second = try bench.take(2)
        bench.handle(.done(second, [Bench.results(0, 1)]), after: .seconds(3))
        #expect(bench.hear(.heartbeat, after: .seconds(1)).results.isEmpty)
        #expect(
            bench.hear(.heartbeat, after: .seconds(1)).results.map(\.claim.lease) == [Bench.name(1)]
        )
        #expect(
            bench.hear(.heartbeat, after: .seconds(3)).results.map(\.claim.lease) == [Bench.name(2)]
        )
        #expect(
            bench.hear(.heartbeat, after: .seconds(2)).results.map(\.claim.lease) == [Bench.name(1)]
        )
    }
}
